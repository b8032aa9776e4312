package duotest_test

import (
	"fmt"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
)

var (
	tag       = regexp.MustCompile(`(?s)<[^>]*>`)
	spoken    = regexp.MustCompile(`(?:placeholder|title|aria-label|alt|value)="([^"]*)"`)
	hasLetter = regexp.MustCompile(`\pL`)
)

// All that people read comes out of words.go: the templates hold no word of
// their own, neither as text nor in the attributes that are read out.
func TestTemplatesHoldNoWords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("page/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	nothing := func(...any) string { return "" }
	set, err := template.New("").Funcs(template.FuncMap{"rich": nothing, "say": nothing, "ids": nothing, "dict": nothing}).ParseFiles(files...)
	if err != nil {
		t.Fatal(err)
	}
	protocol := map[string]bool{"approve": true, "deny": true, "fraud": true, "forget": true, "yes": true}
	for _, one := range set.Templates() {
		if one.Tree == nil {
			continue
		}
		source := textOf(one.Tree.Root)
		for _, m := range spoken.FindAllStringSubmatch(source, -1) {
			if hasLetter.MatchString(m[1]) && !protocol[m[1]] {
				t.Errorf("%s: the attribute %s holds words", one.Name(), m[0])
			}
		}
		if plain := tag.ReplaceAllString(source, ""); hasLetter.MatchString(plain) {
			t.Errorf("%s holds words: %q", one.Name(), strings.Join(strings.Fields(plain), " "))
		}
	}
}

// textOf is a template without what it fills in, all branches one after the
// other.
func textOf(n parse.Node) string {
	if n == nil || reflect.ValueOf(n).IsNil() {
		return ""
	}
	switch n := n.(type) {
	case *parse.ListNode:
		var out strings.Builder
		for _, child := range n.Nodes {
			out.WriteString(textOf(child))
		}
		return out.String()
	case *parse.TextNode:
		return string(n.Text)
	case *parse.IfNode:
		return textOf(n.List) + textOf(n.ElseList)
	case *parse.RangeNode:
		return textOf(n.List) + textOf(n.ElseList)
	case *parse.WithNode:
		return textOf(n.List) + textOf(n.ElseList)
	default:
		return ""
	}
}

// What is readable and operable has the contrast that WCAG 2.2
// asks for, in both colour schemes: 4.5 to 1 for text (1.4.3), 3 to 1 for the
// edges of controls (1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("page/style.css")
	if err != nil {
		t.Fatal(err)
	}
	roots := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(style), -1)
	if len(roots) != 2 {
		t.Fatalf("%d palettes, want a light and a dark one", len(roots))
	}
	for i, scheme := range []string{"light", "dark"} {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(roots[i][1], -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "paper", 4.5},
			{"ink", "card", 4.5},
			{"ink", "screen", 4.5},
			{"ink", "glow", 4.5},
			{"quiet", "paper", 4.5},
			{"quiet", "card", 4.5},
			{"quiet", "screen", 4.5},
			{"accent", "paper", 4.5},
			{"accent", "card", 4.5},
			{"accent", "screen", 4.5},
			{"on-accent", "accent", 4.5},
			{"bad", "card", 4.5},
			{"bad", "screen", 4.5},
			{"bad", "bad-paper", 4.5},
			{"info", "glow", 4.5},
			{"on-good", "good", 4.5},
			{"edge", "card", 3},
			{"edge", "paper", 3},
			{"good", "card", 3},
			{"good", "screen", 3},
			{"case", "paper", 3},
		} {
			front, back := colour[pair.front], colour[pair.back]
			if ratio := (max(front, back) + .05) / (min(front, back) + .05); ratio < pair.least || front == back {
				t.Errorf("%s: %s on %s has %.2f, want %.1f", scheme, pair.front, pair.back, ratio, pair.least)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var channels [3]float64
	for i := range channels {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if channels[i] = c / 12.92; c > 0.04045 {
			channels[i] = math.Pow((c+.055)/1.055, 2.4)
		}
	}
	return .2126*channels[0] + .7152*channels[1] + .0722*channels[2]
}

// Every label, region and description points at something, and no id is there
// twice: on every page.
func TestPagesHoldTogether(t *testing.T) {
	t.Parallel()
	a := start(t, ask, everything)
	p := a.open("test1")
	pages := map[string]string{"prompt": p.last.body, "key": p.press("key").body, "call": p.press("call").body, "denied": p.press("deny").body}
	pages["enroll"], pages["phones"] = a.open("newcomer").last.body, a.visit(a.URL+"/sim/phones").body
	a.auth().post("/auth/v2/auth", with(push("test1"), "async", "1")).ok()
	a.auth().post("/auth/v2/auth", with(push("test1"), "async", "1")).ok()
	pages["phone"] = a.phone("test1").body
	pages["portal"] = a.visit(a.auth().preauth(params{"username": "carol"})["enroll_portal_url"].(string)).body
	for name, body := range pages {
		body, _, _ = strings.Cut(body, "<script>")
		ids := map[string]int{}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			ids[m[1]]++
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: id %q is there %d times", name, id, n)
			}
		}
		for _, m := range regexp.MustCompile(` (?:for|aria-labelledby|aria-describedby)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if ids[m[1]] == 0 {
				t.Errorf("%s:%s points nowhere", name, m[0])
			}
		}
		for _, m := range regexp.MustCompile(`<input [^>]*>`).FindAllString(body, -1) {
			id := regexp.MustCompile(` id="([^"]*)"`).FindStringSubmatch(m)
			if !strings.Contains(m, `type="hidden"`) && (id == nil || !strings.Contains(body, fmt.Sprintf(`<label for=%q`, id[1]))) {
				t.Errorf("%s: no label for %s", name, m)
			}
		}
		for _, once := range []string{"<h1>", "<main", "<header>", "<footer>", "<title>"} {
			if strings.Count(body, once) != 1 {
				t.Errorf("%s: %d times %s", name, strings.Count(body, once), once)
			}
		}
		if strings.Contains(body, "style=") || strings.Contains(body, " onclick") {
			t.Errorf("%s: something that its Content-Security-Policy forbids", name)
		}
	}
}
