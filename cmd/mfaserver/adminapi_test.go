package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const adminBase = "/api/extensions/mfa/admin/v1"

// json calls the administrators' API.
func (c *apiClient) json(t *testing.T, method, path string, body any) answer {
	t.Helper()
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.server+adminBase+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "test")
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // everything was read
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(data)}
}

// The help desk over HTTP, with the real rooms and the simulator: an
// administrator makes a user and a bypass code; everybody else is turned away.
func TestAdminAPI(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve", "--enroll", "bob")
	admin := newAPIClient(t, ready.ServerURL, ready.CAFile)
	if got := admin.json(t, http.MethodGet, "/users", nil); got.status != http.StatusUnauthorized {
		t.Errorf("GET users without a session = %d %s, want 401", got.status, got.body)
	}
	admin.login(t, ready.Username, ready.Password)
	made := admin.json(t, http.MethodPost, "/users", map[string]any{"username": "dora", "email": "dora@example.org"})
	var dora struct {
		UserID string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(made.body), &dora); err != nil || dora.UserID == "" {
		t.Fatalf("POST users = %d %s, want the user", made.status, made.body)
	}
	codes := "/users/" + dora.UserID + "/bypass-codes"
	steps := []struct {
		method, path string
		body         any
		status       int
		want         string
	}{
		{http.MethodGet, "/users", nil, http.StatusOK, `"test1"`},
		{http.MethodGet, "/users/" + dora.UserID, nil, http.StatusOK, `"dora"`},
		{http.MethodPost, "/users", map[string]any{"username": "dora"}, http.StatusConflict, "40003"},
		{http.MethodPost, "/users", map[string]any{"usrname": "x"}, http.StatusBadRequest, "usrname"},
		{http.MethodPost, codes, map[string]any{}, http.StatusBadRequest, "reason"},
		{http.MethodPost, codes, map[string]any{"reason": "phone lost, ticket 1"}, http.StatusOK, ""},
		{http.MethodGet, codes, nil, http.StatusOK, `"bypass_code_id"`},
		{http.MethodGet, "/settings", nil, http.StatusOK, "lockout_threshold"},
		{http.MethodGet, "/organizations", nil, http.StatusOK, "default"},
		{http.MethodGet, "/users?org=nowhere", nil, http.StatusNotFound, "nowhere"},
		{http.MethodGet, "/openapi.json", nil, http.StatusOK, `"openapi"`},
	}
	for _, s := range steps {
		got := admin.json(t, s.method, s.path, s.body)
		if got.status != s.status || !strings.Contains(got.body, s.want) {
			t.Errorf("%s %s = %d %s, want %d with %q", s.method, s.path, got.status, got.body, s.status, s.want)
		}
		if got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: Cache-Control = %q", s.method, s.path, got.header.Get("Cache-Control"))
		}
	}
	r := runCommand(t, "correct horse battery\n", "--config", ready.ConfigFile, "users", "add", "bob", "--password-file", "-")
	if r.code != 0 {
		t.Fatalf("users add = %d %s", r.code, r.stderr)
	}
	bob := admin.fresh(t, "")
	bob.login(t, "bob", "correct horse battery")
	if got := bob.json(t, http.MethodGet, "/users", nil); got.status != http.StatusForbidden {
		t.Errorf("GET users as a user = %d %s, want 403", got.status, got.body)
	}
}

// Threat T155: where no network may reach it, the API answers as a path that is
// not there, even to an administrator. Threat T165: nothing that helps to debug
// is served at all.
func TestAdminAPIOutsideItsNetworks(t *testing.T) {
	t.Parallel()
	duo := newDuo(t)
	_, c := serveWith(t, duo, func(config string) string {
		return config + "administrators: [test1]\nadmin: {networks: [192.0.2.0/24]}\n"
	})
	c.login(t, "test1", rightPassword)
	want := c.json(t, http.MethodGet, "-nothing", nil)
	for _, path := range []string{"/users", "/openapi.json", "/settings"} {
		got := c.json(t, http.MethodGet, path, nil)
		if got.status != http.StatusNotFound || got.body != want.body || len(got.header) != len(want.header) {
			t.Errorf("GET %s = %d %v %q, want what any other path gets: %v", path, got.status, got.header, got.body, want.header)
		}
	}
	for _, path := range []string{"/debug/pprof/", "/debug/vars", "/metrics", "/api/debug/pprof/", adminBase + "/debug/pprof/", adminBase + "/metrics"} {
		if got := c.do(t, http.MethodGet, c.server+path, nil, nil); got.status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got.status)
		}
	}
}

// Threat T157: who is disabled, or stops being an administrator, stops at once,
// whatever his session says. Threat T158: codes are in the one answer and
// nowhere else. The trail names who did what to whom, and why.
func TestAdminAPIAudit(t *testing.T) {
	t.Parallel()
	p, ready := startDemo(t, "--auto", "approve", "--enroll", "bob")
	admin := newAPIClient(t, ready.ServerURL, ready.CAFile)
	admin.login(t, ready.Username, ready.Password)
	list := admin.json(t, http.MethodGet, "/users?username=bob", nil)
	var page struct {
		Items []struct {
			UserID string `json:"user_id"`
		}
	}
	if err := json.Unmarshal([]byte(list.body), &page); err != nil || len(page.Items) != 1 {
		t.Fatalf("GET users = %d %s", list.status, list.body)
	}
	codes := "/users/" + page.Items[0].UserID + "/bypass-codes"
	made := admin.json(t, http.MethodPost, codes, map[string]any{"reason": "phone lost", "ticket": "HD-17"})
	var told struct{ Codes []string }
	if err := json.Unmarshal([]byte(made.body), &told); err != nil || len(told.Codes) != 1 {
		t.Fatalf("POST %s = %d %s, want one code", codes, made.status, made.body)
	}
	own := admin.json(t, http.MethodGet, "/users?username="+ready.Username, nil)
	if err := json.Unmarshal([]byte(own.body), &page); err != nil || len(page.Items) != 1 {
		t.Fatalf("GET users = %d %s", own.status, own.body)
	}
	if got := admin.json(t, http.MethodPost, "/users/"+page.Items[0].UserID+"/bypass-codes", map[string]any{"reason": "mine"}); got.status != http.StatusBadRequest || !strings.Contains(got.body, "oneself") {
		t.Errorf("a code for oneself = %d %s, want 400", got.status, got.body)
	}
	trail, err := os.ReadFile(filepath.Join(filepath.Dir(ready.ConfigFile), "audit", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for line := range strings.Lines(string(trail)) {
		found = found || strings.Contains(line, `"duo.bypass_created"`) && strings.Contains(line, `"bob"`) &&
			strings.Contains(line, `"`+ready.Username+`"`) && strings.Contains(line, "phone lost") && strings.Contains(line, "HD-17")
	}
	if !found {
		t.Error("the trail does not say who made a code for bob, and why")
	}
	if secret := told.Codes[0]; strings.Contains(string(trail), secret) || strings.Contains(p.log.String(), secret) {
		t.Error("trail or log holds the code")
	}
	// A second administrator, so that the first can be disabled.
	for _, args := range [][]string{{"users", "add", "root", "--role", "admin", "--password-file", "-"}, {"users", "disable", ready.Username}} {
		if r := runCommand(t, rightPassword+"\n", append([]string{"--config", ready.ConfigFile}, args...)...); r.code != 0 {
			t.Fatalf("%v = %d %s", args, r.code, r.stderr)
		}
	}
	if got := admin.json(t, http.MethodGet, "/users", nil); got.status != http.StatusUnauthorized && got.status != http.StatusForbidden {
		t.Errorf("GET users of one who was disabled = %d, want 401 or 403", got.status)
	}
}
