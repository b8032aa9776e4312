package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/store/redis/redistest"
)

// Threat T172: keys are rotated beside a running server, twice; nobody is
// signed out, and what an earlier key sealed is over when its file is gone.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	var config string
	p, c := serveWith(t, newDuo(t), func(text string) string { config = text; return text })
	path := configPath(config)
	keys := filepath.Join(filepath.Dir(path), "keys")
	keysCommand := func(code int, want string, args ...string) {
		t.Helper()
		r := runCommand(t, "", append([]string{"--config", path, "keys"}, args...)...)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Fatalf("keys %v = %d %s%s, want %d with %q", args, r.code, r.stdout, r.stderr, code, want)
		}
	}
	restart := func() {
		t.Helper()
		if code := p.stop(t); code != 0 {
			t.Fatalf("exit code = %d, want 0", code)
		}
		p = start(t, "msg=ready", "--config", path, "serve")
	}
	c.login(t, "test1", rightPassword)
	first := sealsNow(t, path, "store.key")
	keysCommand(2, "audit.key", "rotate", "nothing.key", "--yes")
	keysCommand(0, "would rotate store.key", "rotate", "store.key", "--dry-run")
	keysCommand(4, "--yes", "rotate")
	if now := sealsNow(t, path, "store.key"); now != first {
		t.Errorf("store.key is %s after nothing was done, want %s", now, first)
	}
	keysCommand(0, "Restart the server", "rotate", "--yes")
	c.alive(t, true)
	restart()
	c.alive(t, true)
	keysCommand(0, "prepared", "prepare", "store.key", "--yes", "--output", "json")
	keysCommand(0, "prepared: opens", "list")
	keysCommand(4, "prepared already", "prepare", "store.key", "--yes")
	keysCommand(0, "rotated", "rotate", "store.key", "--yes")
	restart()
	c.alive(t, true)
	trail, err := os.ReadFile(filepath.Join(filepath.Dir(path), "audit", "audit.jsonl"))
	if err != nil || strings.Count(string(trail), `"event":"keys.changed"`) < 4 {
		t.Errorf("the trail has %d changes of keys, %v, want 4 or more", strings.Count(string(trail), `"event":"keys.changed"`), err)
	}
	earlier, err := filepath.Glob(filepath.Join(keys, "store.key.*"))
	if err != nil || len(earlier) != 2 {
		t.Fatalf("earlier keys %v, %v, want two", earlier, err)
	}
	for _, file := range earlier {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	restart()
	c.alive(t, false)
	c.login(t, "test1", rightPassword)
	c.alive(t, true)
}

// Threats T172, T194: the key of the audit trail is rotated beside a running
// server; the trail goes on under the new one, and both parts are verified.
func TestAuditKeyRotates(t *testing.T) {
	t.Parallel()
	var config string
	p, c := serveWith(t, newDuo(t), func(text string) string { config = text; return text })
	path := configPath(config)
	dir := filepath.Dir(path)
	verify := func(code int, want string) {
		t.Helper()
		r := runCommand(t, "", "--config", path, "audit", "verify")
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("audit verify = %d %s%s, want %d with %q", r.code, r.stdout, r.stderr, code, want)
		}
	}
	c.login(t, "test1", rightPassword)
	if r := runCommand(t, "", "--config", path, "keys", "rotate", "audit.key", "--yes"); r.code != 0 || !strings.Contains(r.stdout, "Restart the server") {
		t.Fatalf("keys rotate = %d %s%s", r.code, r.stdout, r.stderr)
	}
	c.logout(t)
	verify(0, "made no record yet")
	if code := p.stop(t); code != 0 {
		t.Fatalf("exit code = %d, want 0", code)
	}
	start(t, "msg=ready", "--config", path, "serve")
	c.login(t, "test1", rightPassword)
	trail := filepath.Join(dir, "audit", "audit.jsonl")
	if changes := recordsOf(t, trail, audit.AuditKeyChanged); len(changes) != 1 || changes[0].Actor != "system" {
		t.Errorf("changes of keys in the trail: %+v", changes)
	}
	verify(0, "1 change(s) of keys, 0 fault(s)")
	text, err := os.ReadFile(trail)
	if err != nil {
		t.Fatal(err)
	}
	const was, is = `"primary.ok"`, `"primary.no"`
	last := strings.LastIndex(string(text), was)
	for _, changed := range []string{strings.Replace(string(text), was, is, 1), string(text[:last]) + is + string(text[last+len(was):])} {
		if err := os.WriteFile(trail, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		verify(1, "edited")
	}
	if err := os.WriteFile(trail, text, 0o600); err != nil {
		t.Fatal(err)
	}
	earlier, err := filepath.Glob(filepath.Join(dir, "keys", "audit.key.*"))
	if err != nil || len(earlier) != 1 {
		t.Fatalf("earlier keys %v, %v, want one", earlier, err)
	}
	if err := os.Remove(earlier[0]); err != nil {
		t.Fatal(err)
	}
	verify(1, "records 1 to")
}

// sealsNow is the id of the key that seals.
func sealsNow(t *testing.T, config, name string) string {
	t.Helper()
	r := runCommand(t, "", "--config", config, "keys", "list", "--output", "json")
	var rows []struct{ Name, ID, Use string }
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || r.code != 0 {
		t.Fatalf("keys list = %d %s%s, %v", r.code, r.stdout, r.stderr, err)
	}
	for _, row := range rows {
		if row.Name == name && row.Use == "seals" {
			return row.ID
		}
	}
	t.Fatalf("keys list has no %s that seals: %s", name, r.stdout)
	return ""
}

// Threats T128, T172, fault R26: nodes that share a store are given new keys
// one after the other, and sign each other's people in all the while.
func TestClusterKeysRotate(t *testing.T) {
	t.Parallel()
	b := startCluster(t, clusterConfig{servers: []*redistest.Server{redistest.New(t, redistest.Config{Persistent: true})}, users: 1})
	config := b.nodes[0].config
	if r := runCommand(t, "", "--config", config, "keys", "rotate", "--yes"); r.code == 0 || !strings.Contains(r.stderr, "keys prepare") {
		t.Fatalf("keys rotate = %d %s, want a refusal that names keys prepare", r.code, r.stderr)
	}
	at := b.client(t)
	id, err := signIn(t.Context(), "user0", at[0], at[1], at[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{"prepare", "rotate"} {
		if r := runCommand(t, "", "--config", config, "keys", change, "--yes"); r.code != 0 {
			t.Fatalf("keys %s = %d %s", change, r.code, r.stderr)
		}
		for n, node := range b.nodes {
			if code := node.stop(t); code != 0 {
				t.Fatalf("exit code of node %d = %d, want 0", n, code)
			}
			node.serve(t)
			at := b.client(t)
			if _, err := signIn(t.Context(), "user0", at[n], at[(n+1)%3], at[(n+2)%3]); err != nil {
				t.Errorf("%s, node %d is restarted: %v", change, n, err)
			}
			for _, c := range at {
				if a, err := c.with(t.Context(), "GET", currentUser, id); err != nil || a.status != 200 {
					t.Errorf("%s, node %d is restarted: the session of before = %d, %v", change, n, a.status, err)
				}
			}
		}
	}
}
