package browser_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"mfaserver/web/browser"
)

// A browser says where a request comes from; what it does not say proves
// nothing.
func TestOrigins(t *testing.T) {
	t.Parallel()
	const ours = "https://mirth.example.org"
	for _, tt := range []struct {
		name          string
		header        http.Header
		foreign, page bool
	}{
		{"nothing", nil, false, false},
		{"same origin", http.Header{"Sec-Fetch-Site": {"same-origin"}}, false, true},
		{"typed", http.Header{"Sec-Fetch-Site": {"none"}}, false, false},
		{"same site", http.Header{"Sec-Fetch-Site": {"same-site"}}, true, false},
		{"cross-site", http.Header{"Sec-Fetch-Site": {"cross-site"}}, true, false},
		{"two", http.Header{"Sec-Fetch-Site": {"same-origin", "cross-site"}}, true, false},
		{"our origin", http.Header{"Origin": {ours}}, false, true},
		{"other origin", http.Header{"Origin": {"https://evil.example"}}, false, false},
		{"our origin and another", http.Header{"Origin": {ours, "https://evil.example"}}, false, false},
		{"null", http.Header{"Origin": {"null"}}, false, false},
		{"cross-site with our origin", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {ours}}, true, false},
	} {
		if got := browser.ForeignSite(tt.header); got != tt.foreign {
			t.Errorf("%s: ForeignSite = %v", tt.name, got)
		}
		if got := browser.FromOurPage(tt.header, []string{ours}); got != tt.page {
			t.Errorf("%s: FromOurPage = %v", tt.name, got)
		}
	}
}

type data struct {
	browser.Frame

	Name string
}

// A template that fails sends nothing; one that does not carries the policy.
func TestPages(t *testing.T) {
	t.Parallel()
	room := fstest.MapFS{"p/a.html": {Data: []byte(`{{define "a"}}{{template "head" .}}<h1>{{.Name}}</h1>{{template "foot" .}}{{end}}{{define "b"}}{{.None}}{{end}}`)}}
	pages, err := browser.NewPages(room, "p/*.html")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := pages.Send(w, http.StatusTeapot, "a", &data{Name: "<b>"}); err != nil || w.Code != http.StatusTeapot {
		t.Fatalf("Send() = %v, %d", err, w.Code)
	}
	if !strings.Contains(w.Body.String(), "<h1>&lt;b&gt;</h1>") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("page %s %v", w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	if err := pages.Send(w, http.StatusOK, "b", &data{}); err == nil || w.Body.Len() != 0 || len(w.Header()) != 0 {
		t.Errorf("Send() of a broken template = %v, %s", err, w.Body)
	}
	if _, err := browser.NewPages(room, "q/*.html"); err == nil {
		t.Error("NewPages() of no files = nil")
	}
}

// Forms have one content type, one reading, a size.
func ExampleReadForm() {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("name=alice&name=bob"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err := browser.ReadForm(httptest.NewRecorder(), r, "name")
	status, ok := errors.AsType[browser.StatusError](err)
	fmt.Println(int(status), ok)
	// Output: 400 true
}
