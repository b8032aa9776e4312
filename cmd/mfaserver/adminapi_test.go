package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
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
