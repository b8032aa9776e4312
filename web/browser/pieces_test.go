package browser_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
	"mfaserver/web/browser"
)

// wellFormed reads a piece of a page as XML.
func wellFormed(t *testing.T, piece string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(piece)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v", piece, err)
			return
		}
	}
}

// Every icon that a template may name is a drawing; another name is nothing.
func TestIcons(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("icon.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`case "([a-z]+)":`).FindAllStringSubmatch(string(source), -1)
	if len(names) < 20 {
		t.Errorf("%d icons", len(names))
	}
	for _, m := range names {
		wellFormed(t, string(browser.Icon(m[1])))
		if !strings.Contains(string(browser.Icon(m[1])), `aria-hidden="true"`) {
			t.Errorf("icon %s is for more than the eyes", m[1])
		}
	}
	if got := browser.Icon("none such"); got != "" {
		t.Errorf("Icon() = %s", got)
	}
}

// Threat T161: what others wrote stays text in every piece.
func TestPiecesEscape(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script>`
	room := fstest.MapFS{"p.html": {Data: []byte(`{{define "p"}}{{template "head" .}}{{template "problem" .Problem}}{{template "facts" .Facts}}{{template "pager" .Pager}}` +
		`{{template "empty" .Empty}}{{template "copyable" .Copy}}{{template "copyable" (copyable .Problem .Problem .Problem)}}{{badge "good" .Problem}}{{qr .Problem .Problem}}{{template "foot" .}}{{end}}`)}}
	pages, err := browser.NewPages(room, "*.html")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	err = pages.Send(w, http.StatusOK, "p", &galleryData{
		Frame: browser.Frame{
			Title: hostile, SignedInAs: hostile, SignOut: hostile, Form: hostile, Poll: hostile,
			Notice: &browser.Notice{Kind: browser.Kind(hostile), Text: hostile}, Nav: []browser.NavItem{{Label: hostile, Path: "javascript:alert(1)", Icon: hostile}},
		},
		Problem: hostile, Pager: browser.Pager{Previous: "javascript:alert(1)", Next: hostile, Summary: hostile},
		Empty: browser.Empty{Title: hostile, Text: hostile, Link: hostile, Href: "javascript:alert(1)"}, Copy: browser.Copyable{ID: hostile, Label: hostile, Value: "</textarea>" + hostile, Copy: hostile},
		Facts: browser.Facts{Label: hostile, List: []browser.Fact{
			{ID: hostile, Label: hostile, Value: hostile, Href: "javascript:alert(1)", Note: hostile, Badge: &browser.Badge{Kind: browser.Kind(hostile), Text: hostile}},
			{ID: hostile, Label: hostile, Time: time.Now(), Countdown: true},
			{ID: hostile},
		}},
	})
	if body := w.Body.String(); err != nil || strings.Contains(body, "<script>") || strings.Contains(body, `"javascript:`) || strings.Count(body, "<textarea") != strings.Count(body, "</textarea") {
		t.Errorf("%v: %s", err, body)
	}
}

// A page asks another path only where it has to wait for something.
func TestPolicy(t *testing.T) {
	t.Parallel()
	pages, err := browser.NewPages(fstest.MapFS{"p.html": {Data: []byte(`{{define "p"}}{{template "head" .}}{{template "foot" .}}{{end}}`)}}, "*.html")
	if err != nil {
		t.Fatal(err)
	}
	for poll, connect := range map[string]string{"": "", "/mfa/devices/waiting": "connect-src 'self'; "} {
		w, d := httptest.NewRecorder(), &data{Frame: browser.Frame{Title: "T", Poll: poll}}
		if err := pages.Send(w, http.StatusOK, "p", d); err != nil {
			t.Fatal(err)
		}
		want := "default-src 'none'; style-src 'nonce-" + d.Nonce + "'; script-src 'nonce-" + d.Nonce + "'; img-src 'none'; " + connect + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
		if got := w.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("policy = %s, want %s", got, want)
		}
	}
}

// A page that waits loads itself again when there is something new, and only
// then; a form is on its way once; the query stays only where it may.
func TestScript(t *testing.T) {
	t.Parallel()
	pages, err := browser.NewPages(fstest.MapFS{"p.html": {Data: []byte(`{{define "p"}}{{template "head" .}}<h1 id="{{.Name}}">1</h1><form method="post" action="/post"><button id="go">x</button></form>{{template "foot" .}}{{end}}`)}}, "*.html")
	if err != nil {
		t.Fatal(err)
	}
	var loads, asked, posts atomic.Int32
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/post":
			posts.Add(1)
			<-r.Context().Done() // until the test has seen that there is no other
		case r.URL.Path == "/news" && asked.Add(1) < 2:
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/" || r.URL.Path == "/kept":
			f := browser.Frame{Title: "T", Poll: "/news", KeepQuery: r.URL.Path == "/kept"}
			if loads.Add(1) > 1 {
				f.Poll = ""
			}
			if err := pages.Send(w, http.StatusOK, "p", &data{Frame: f, Name: fmt.Sprint("load-", loads.Load())}); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(s.Close)
	b := browsertest.Open(t)
	b.Do(chromedp.Navigate(s.URL + "/?duo_code=secret"))
	if got := browsertest.Read(b, chromedp.Evaluate[string]("location.search")); got != "" {
		t.Errorf("query = %s", got)
	}
	b.Do(chromedp.WaitVisible(chromedp.CSS("#load-2")))
	if asked.Load() != 2 {
		t.Errorf("asked %d times, want 2", asked.Load())
	}
	b.Do(chromedp.Navigate(s.URL + "/kept?page=2"))
	if got := browsertest.Read(b, chromedp.Evaluate[string]("location.search")); got != "?page=2" {
		t.Errorf("query = %s", got)
	}
	// One call, because the page leaves with the first of the two.
	sent := browsertest.Read(b, chromedp.Evaluate[string](`(function () { var f = document.forms[0], go = document.getElementById("go"), stopped = 0;
		f.addEventListener("submit", function (e) { if (e.defaultPrevented) stopped++; });
		f.requestSubmit(go); f.requestSubmit(go); return f.dataset.sent + " " + stopped })()`))
	if sent != "yes 1" {
		t.Errorf("sent = %q, want one that goes and one that is stopped", sent)
	}
	b.Check(s.URL)
	if posts.Load() > 1 {
		t.Errorf("posted %d times", posts.Load())
	}
}
