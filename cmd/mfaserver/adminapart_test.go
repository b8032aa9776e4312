package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Threat T163: a server without the Admin key serves logins, and a second file
// that has it administers beside the server: a reset is in the server's trail
// and ends the server's sessions, at once and those of its user alone.
func TestAdminKeyApart(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	alice, bob := b.client(t), b.client(t)
	alice.login(t, "alice", gatewayPassword)
	bob.login(t, "bob", gatewayPassword)
	keys := b.duo.Credentials()
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), keys.AdminKey) {
		t.Fatal("the server's own file has the Admin key")
	}
	admin := fmt.Sprintf("  admin: {integration_key: %s, secret_key: %s, api_hostname: %q}\nrules:", keys.AdminKey, keys.AdminSecret, b.duo.APIHost)
	second := filepath.Join(t.TempDir(), "admin.yaml")
	if err := os.WriteFile(second, []byte(strings.Replace(string(text), "rules:", admin, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := runCommand(t, "", "--config", b.config, "duo", "users", "list"); r.code == 0 {
		t.Errorf("with the server's file the users are listed: %s", r.stdout)
	}
	reset := []string{"--config", second, "duo", "users", "reset", "alice", "--reason", "phone stolen"}
	if r := runCommand(t, "", append(reset, "--dry-run")...); r.code != 0 || !strings.Contains(r.stdout, "would take 1 phone(s)") {
		t.Errorf("dry run = %d %s%s", r.code, r.stdout, r.stderr)
	}
	if got := alice.current(t); got.status != http.StatusOK {
		t.Errorf("after the dry run alice = %d, want 200", got.status)
	}
	if r := runCommand(t, "", append(reset, "--yes")...); r.code != 0 || !strings.Contains(r.stdout, "ended 1 session(s)") {
		t.Fatalf("reset = %d %s%s", r.code, r.stdout, r.stderr)
	}
	if got := alice.current(t); got.status != http.StatusUnauthorized {
		t.Errorf("after the reset alice = %d, want 401", got.status)
	}
	if got := bob.current(t); got.status != http.StatusOK {
		t.Errorf("after the reset bob = %d, want 200", got.status)
	}
	trail, err := os.ReadFile(filepath.Join(filepath.Dir(b.config), "audit", "audit.jsonl"))
	if err != nil || !strings.Contains(string(trail), `"duo.user_reset"`) || !strings.Contains(string(trail), `"session.revoked"`) {
		t.Errorf("the server's trail lacks the reset or the end of the session: %v", err)
	}
	if strings.Contains(string(trail), keys.AdminSecret) {
		t.Error("the trail holds the Admin key")
	}
}

// Threat T115: the reset over HTTP ends the user's sessions too, in the
// embedded store.
func TestResetOverHTTPEndsSessions(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve", "--enroll", "bob")
	cmd := commandLine{ready.ConfigFile}
	if r := cmd.run(t, "correct horse battery\n", "users", "add", "bob", "--password-file", "-"); r.code != 0 {
		t.Fatalf("users add = %d %s", r.code, r.stderr)
	}
	admin, bob := newAPIClient(t, ready.ServerURL, ready.CAFile), newAPIClient(t, ready.ServerURL, ready.CAFile)
	admin.login(t, ready.Username, ready.Password)
	bob.login(t, "bob", "correct horse battery")
	list := admin.json(t, http.MethodGet, "/users?username=bob", nil).body
	_, id, _ := strings.Cut(list, `"user_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	reset := "/users/" + id + "/reset"
	if got := admin.json(t, http.MethodPost, reset, map[string]any{}); got.status != http.StatusBadRequest {
		t.Errorf("without a reason = %d %s, want 400", got.status, got.body)
	}
	bob.alive(t, true)
	got := admin.json(t, http.MethodPost, reset, map[string]any{"reason": "phone stolen"})
	if got.status != http.StatusOK || !strings.Contains(got.body, `"sessions":1`) {
		t.Errorf("POST %s = %d %s, want one session", reset, got.status, got.body)
	}
	bob.alive(t, false)
	admin.alive(t, true)
}
