package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// axeFile is axe-core as .ci/need puts it into the root of the module.
const axeFile = ".bin/axe-core-4.14.1.min.js"

// Rules checks pages against the rules of WCAG 2.2 AA, as far as a program can,
// with axe-core.
type Rules struct {
	source string
}

// LoadRules reads axe-core. Without it the test is skipped, but it fails where
// CI is set in the environment.
func LoadRules(t *testing.T) *Rules {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root(t), axeFile))
	if err != nil {
		missing(t, "no axe-core found; .ci/need fetches it")
	}
	return &Rules{source: string(source)}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("the test does not run inside the module")
		}
		dir = parent
	}
}

// Broken are the rules that the page breaks as it is shown now, one line each.
func (r *Rules) Broken(b *Tab) []string {
	b.t.Helper()
	if b.scriptless {
		// What axe waits for is a script, too. The page's own have had their
		// chance and do not start now.
		b.scripts(true)
		defer b.scripts(false)
	}
	for range reloads {
		found, err := r.run(b)
		if err == nil {
			return found
		}
		b.t.Logf("axe: %v", err)
	}
	b.t.Fatal("axe-core does not come to an end on this page")
	return nil
}

func (r *Rules) run(b *Tab) ([]string, error) {
	ctx, cancel := context.WithTimeout(b.Context, stepTime)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](r.source+"\n;!!window.axe")); err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.Evaluate[[]string](fmt.Sprintf(runAxe, !b.scriptless), chromedp.EvalAwaitPromise))
}

// reloads is how often a page that loads itself anew may come in between.
const reloads = 5

// runAxe returns a line for each element that breaks a rule. A page that waits
// for somebody's phone loads itself anew where no script can look for it.
const runAxe = `axe.run(document, {
	resultTypes: ["violations"],
	rules: {"meta-refresh": {enabled: %t}},
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then(r => r.violations.flatMap(v => v.nodes.map(n =>
	v.id + " (" + v.help + "): " + n.html.slice(0, 200) + " " + (n.failureSummary || "").replace(/\s+/g, " "))))`

// Audit looks at the page in some looks, [Looks] for all: axe-core finds nothing,
// and nothing is wider than the window. Pictures are kept as [Tab.Screenshot]
// does.
func (b *Tab) Audit(r *Rules, name string, looks ...Look) {
	b.t.Helper()
	defer b.show(b.look)
	for _, l := range looks {
		b.show(l)
		b.Screenshot(name + "-" + l.String())
		for _, line := range r.Broken(b) {
			b.t.Errorf("%s %s: %s", name, l, line)
		}
		if width := Read(b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); width > l.Width {
			b.t.Errorf("%s %s: the page is %d pixels wide; beyond the edge: %s", name, l, width, strings.Join(b.beyond(l.Width), ", "))
		}
	}
}

// beyond names what reaches over the right edge.
func (b *Tab) beyond(width int64) []string {
	return Read(b, chromedp.Evaluate[[]string](fmt.Sprintf(`[...document.querySelectorAll("body *")]
		.filter(e => e.getBoundingClientRect().right > %d).slice(0, 8).map(e => e.tagName.toLowerCase() + (e.id && "#" + e.id))`, width)))
}
