package walks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
)

// visitor is a person with a browser of his own at a demo.
type visitor struct {
	*browsertest.Tab

	t *testing.T
	d *demo
	// scriptless browsers run no scripts.
	scriptless bool
	// elsewhere are the origins that a walk leads to beside the demo's own.
	elsewhere []string
}

// visitor opens a browser. When its walk is over, nothing may have gone wrong
// on any page.
func (h *house) visitor(t *testing.T, d *demo) *visitor {
	t.Helper()
	v := &visitor{Tab: h.browser.Open(t), t: t, d: d}
	v.SetLook(browsertest.Look{Width: 1280})
	t.Cleanup(func() { v.Check(append(v.elsewhere, d.server, d.sim)...) })
	return v
}

// withoutScripts is the visitor with a browser that runs none.
func (v *visitor) withoutScripts() *visitor {
	v.t.Helper()
	v.scriptless = true
	v.Scriptless(true)
	return v
}

// either is the person for this walk: with scripts one, without another. The two
// walks may run at the same time, and Duo takes a person's passcode only once.
func (v *visitor) either(scripted, scriptless string) string {
	if v.scriptless {
		return scriptless
	}
	return scripted
}

// header has the browser send one more header with everything.
func (v *visitor) header(name, value string) {
	v.t.Helper()
	if _, err := chromedp.Call(v.Context, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{name: value}}); err != nil {
		v.t.Fatal(err)
	}
}

// press clicks on what stays on its page, or leads to one that the walk waits
// for by what is on it.
func (v *visitor) press(selector string) {
	v.t.Helper()
	v.Do(chromedp.Click(chromedp.CSS(selector)))
}

// audit looks at the page, once in a run for each name: in all looks, or in one
// where no scripts run. The name is that of its picture in docs/pages.md.
func (v *visitor) audit(name string) {
	v.t.Helper()
	switch {
	case v.scriptless && v.d.h.first(name+"-scriptless"):
		v.Audit(v.d.h.rules, name+"-scriptless", browsertest.Look{Width: 360})
	case !v.scriptless && v.d.h.first(name):
		v.picture(name)
		v.Audit(v.d.h.rules, name, browsertest.Looks()...)
	}
}

// first reports whether no other walk has been at a page.
func (h *house) first(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[name] {
		return false
	}
	h.seen[name] = true
	return true
}

// hideFolders replaces the folders of this run on the page, which are gone
// tomorrow and not for the docs.
func (v *visitor) hideFolders() {
	v.t.Helper()
	if v.scriptless {
		return
	}
	dir, err := json.Marshal(filepath.Dir(v.d.config))
	if err != nil {
		v.t.Fatal(err)
	}
	browsertest.Read(v.Tab, chromedp.Evaluate[bool](fmt.Sprintf(`(dir => {
		const other = s => s.replace(/--cacert '[^']*'/g, "--cacert 'ca.pem'").replaceAll(dir, "/var/lib/mfaserver");
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) texts.currentNode.data = other(texts.currentNode.data);
		document.querySelectorAll("textarea, input").forEach(a => { a.value = other(a.value); });
		return true;
	})(%s)`, dir)))
}

// picture takes the picture of the page for docs/pages.md, where PICTURES names
// a folder and the page is in there.
func (v *visitor) picture(name string) {
	v.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	if pages, err := os.ReadFile("../docs/pages.md"); err != nil || !strings.Contains(string(pages), "images/"+name+".png") {
		return
	}
	v.hideFolders()
	if err := writePicture(folder, name, v.Photograph()); err != nil {
		v.t.Fatal(err)
	}
}
