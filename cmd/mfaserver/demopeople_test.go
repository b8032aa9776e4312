package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// The people of --users log in as the demo's user does, and the child accounts
// of --children are organisations that can be looked after.
func TestDemoPeople(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve", "--users", "600", "--children", "2")
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	c.login(t, "ada.abel", ready.Password)
	if a := c.current(t); a.status != http.StatusOK || !strings.Contains(a.body, "ada.abel") {
		t.Errorf("users/current = %d %s", a.status, a.body)
	}
	r := runCommand(t, "", "--config", ready.ConfigFile, "--output", "json", "users", "list")
	var users []struct{ Username string }
	if err := json.Unmarshal([]byte(r.stdout), &users); err != nil || len(users) != 601 {
		t.Errorf("users list: %d users, %v, %s", len(users), err, r.stderr)
	}
	names := map[string]bool{}
	for _, u := range users {
		names[u.Username] = true
	}
	if len(names) != len(users) {
		t.Errorf("%d names for %d users", len(names), len(users))
	}
	r = runCommand(t, "", "--config", ready.ConfigFile, "duo", "--org", "clinic-2", "users", "list")
	if r.code != 0 || !strings.Contains(r.stdout, "greta.gruber") && !strings.Contains(r.stdout, "bruno.birch") {
		t.Errorf("duo users list of a clinic = %d %s%s", r.code, r.stdout, r.stderr)
	}
}
