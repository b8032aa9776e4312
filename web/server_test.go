package web_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"

	"mfaserver/internal/primary"
	"mfaserver/mfa"
	"mfaserver/web"
)

func TestNewRefusesConfigurations(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for name, bend := range map[string]func(*web.Config, *web.Deps){
		"no URL":        func(c *web.Config, _ *web.Deps) { c.PublicURLs = nil },
		"http URL":      func(c *web.Config, _ *web.Deps) { c.PublicURLs = []string{"http://a"} }, // Threat T050
		"URL with path": func(c *web.Config, _ *web.Deps) { c.PublicURLs = []string{"https://a/b"} },
		"no version":    func(c *web.Config, _ *web.Deps) { c.ServerVersion = "" },
		"odd version":   func(c *web.Config, _ *web.Deps) { c.ServerVersion = "4.5.2;x" },
		"no logger":     func(c *web.Config, _ *web.Deps) { c.Logger = nil },
		"no login":      func(_ *web.Config, d *web.Deps) { d.Login = nil },
		"no recorder":   func(_ *web.Config, d *web.Deps) { d.Recorder = nil },
		"nothing":       func(_ *web.Config, d *web.Deps) { *d = web.Deps{} },
	} {
		c, d := w.config(), w.deps(t)
		bend(&c, &d)
		if _, err := web.New(c, d); !errors.Is(err, web.ErrConfig) {
			t.Errorf("%s: New() error = %v, want %v", name, err, web.ErrConfig)
		}
	}
}

// The document describes what is served, no more and no less.
func TestOpenAPIMatchesRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	got := s.send(t, "GET", "/api/4.5.2/openapi.json", "", "Accept", "application/json")
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Parameters []map[string]any          `json:"parameters"`
			Responses  map[string]map[string]any `json:"responses"`
			Security   []map[string][]string     `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil || got.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(doc.OpenAPI, "3.") {
		t.Fatalf("document: %v, %s, %s", err, got.Header.Get("Content-Type"), doc.OpenAPI)
	}
	var documented, served []string
	for path, operations := range doc.Paths {
		for method, op := range operations {
			documented = append(documented, strings.ToUpper(method)+" "+path)
			needs := len(op.Security) > 0
			if _, has401 := op.Responses["401"]; needs && !has401 {
				t.Errorf("%s %s needs a session and documents no 401", method, path)
			}
			for _, r := range s.handler.Routes() {
				if r.Path == path && (r.Access == web.SignedIn) != needs {
					t.Errorf("%s %s: access %s, documented session %v", method, path, r.Access, needs)
				}
			}
		}
	}
	for _, r := range s.handler.Routes() {
		for _, m := range r.Methods {
			if m != http.MethodHead && m != http.MethodOptions { // what HTTP itself defines for a resource with GET
				served = append(served, m+" "+r.Path)
			}
		}
	}
	sort.Strings(documented)
	sort.Strings(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %q\nserved %q", documented, served)
	}
}

// Threat T184: a panic is one 500, and its text is nowhere.
func TestPanic(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.authenticate = func(a primary.Attempt) (primary.Result, error) { panic("password " + a.Password.Reveal()) }
	s := newSite(t, w)
	got := s.first(t, "admin", "hunter2")
	id := got.Header.Get("X-Request-Id")
	if got.StatusCode != 500 || got.body != "" || id == "" || got.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("= %d %v %s", got.StatusCode, got.Header, got.body)
	}
	if s.handler.Panics() != 1 {
		t.Errorf("Panics() = %d, want 1", s.handler.Panics())
	}
	if log := w.logged(); !strings.Contains(log, id) || !strings.Contains(log, "TestPanic") || strings.Contains(log, "hunter2") {
		t.Errorf("log = %s", log)
	}
	if got := s.send(t, "GET", "/api/server/status", ""); got.StatusCode != 200 {
		t.Errorf("next request = %d, want 200", got.StatusCode)
	}
}

// A panic after the answer began cuts it off.
func TestPanicLate(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s, err := web.New(w.config(), w.deps(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // a panic value, not an error chain
			t.Errorf("panic = %v, want %v", p, http.ErrAbortHandler)
		}
	}()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/server/status", nil)
	r.RequestURI = "/api/server/status"
	r.Header.Set("X-Requested-With", "x")
	s.ServeHTTP(panicWriter{httptest.NewRecorder()}, r)
}

type panicWriter struct{ *httptest.ResponseRecorder }

func (panicWriter) Write([]byte) (int, error) { panic("broken") }

// Threats T052, T168: no code, state, cookie or password in any log line.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	s.first(t, "admin", "canary-password")
	s.second(t, "admin", loginData, "Cookie", "mfa_binding=canary-binding; JSESSIONID=canary-session")
	s.send(t, "GET", callbackAt+goodQuery, "")
	s.send(t, "POST", callbackAt, form("action", "deny", "state", state), "Sec-Fetch-Site", "same-origin")
	w.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) { return nil, errDisk }
	s.second(t, "admin", loginData)
	log := w.logged()
	for _, canary := range []string{"canary", code, state, "Bearer"} {
		if strings.Contains(log, canary) {
			t.Errorf("the log holds %q", canary)
		}
	}
	if !strings.Contains(log, `"route":"/users/_login"`) || !strings.Contains(log, `"route":"/extensions/mfa/duocallback"`) {
		t.Error("the log lacks the routes")
	}
}
