package browsertest_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
)

const (
	good = `<!DOCTYPE html><html lang="en"><head><title>Good</title><meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="n">:root { color-scheme: light dark }</style></head>
<body><main><h1>Good</h1><form action="/next"><label for="name">Name</label> <input id="name" name="name"> <button id="go">Go</button></form>
<p id="script">none</p><script nonce="n">document.getElementById("script").textContent = "ran"</script></main></body></html>`
	next = `<!DOCTYPE html><html lang="en"><head><title>Next</title></head><body><main><h1 id="next">Next</h1></main></body></html>`
	// bad is too wide, has a field without a name, pale text, and asks for what
	// its policy forbids.
	bad = `<!DOCTYPE html><html lang="en"><head><title>Bad</title><meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="n">#wide { width: 2000px } p { color: #ccc; background: #fff }</style></head>
<body><main><h1>Bad</h1><input name="nameless"><p>pale</p><div id="wide">wide</div>
<script>document.title = "never"</script><img src="https://127.0.0.2:9/x.png" alt="x"></main></body></html>`
)

func site(t *testing.T) string {
	t.Helper()
	pages := map[string]string{"/good": good, "/next": next, "/bad": bad, "/refused": next}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-n'; script-src 'nonce-n'; form-action 'self'")
		if !ok || r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(page))
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// What is wrong with a page is found, and a good one passes in all looks, with
// and without its scripts.
func TestFindings(t *testing.T) {
	t.Parallel()
	rules := browsertest.LoadRules(t)
	browser := browsertest.Launch(t)
	origin := site(t)

	b := browser.Open(t)
	if status := b.Visit(origin + "/good"); status != http.StatusOK {
		t.Errorf("status = %d", status)
	}
	b.Audit(rules, "good", browsertest.Looks()...)
	if got := b.Text("#script"); got != "ran" {
		t.Errorf("script: %q", got)
	}
	b.Scriptless(true)
	b.Visit(origin + "/good")
	b.Audit(rules, "good-scriptless", browsertest.Look{Width: 360, Dark: true})
	if got := b.Text("#script"); got != "none" {
		t.Errorf("script without scripts: %q", got)
	}
	b.Type("#name", "x")
	if status := b.Follow("#go"); status != http.StatusOK || b.Text("h1") != "Next" {
		t.Errorf("followed to %d %q", status, b.Text("h1"))
	}
	if status := b.Visit(origin + "/refused"); status != http.StatusNotFound {
		t.Errorf("status = %d", status)
	}
	b.Check(origin)

	c := browser.Open(t)
	c.SetLook(browsertest.Look{Width: 360})
	c.Visit(origin + "/bad")
	broken := strings.Join(rules.Broken(c), "\n")
	for _, want := range []string{"label (", "color-contrast ("} {
		if !strings.Contains(broken, want) {
			t.Errorf("axe found no %s in:\n%s", want, broken)
		}
	}
	problems := strings.Join(c.Problems(origin), "\n")
	if strings.Count(problems, "Content Security Policy") < 2 {
		t.Errorf("problems:\n%s\nwant script and image refused", problems)
	}
	if width := browsertest.Read(c, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); width < 2000 {
		t.Errorf("width = %d", width)
	}
}

// Windows share no cookies: they are different people's browsers.
func TestWindowsShareNothing(t *testing.T) {
	t.Parallel()
	browser := browsertest.Launch(t)
	origin := site(t)
	a, b := browser.Open(t), browser.Open(t)
	a.Visit(origin + "/good")
	b.Visit(origin + "/good")
	if got := browsertest.Read(a, chromedp.Evaluate[string](`document.cookie = "a=b"; document.cookie`)); got != "a=b" {
		t.Fatalf("cookies: %q", got)
	}
	if got := browsertest.Read(b, chromedp.Evaluate[string]("document.cookie")); got != "" {
		t.Errorf("the other window's cookies: %q", got)
	}
}
