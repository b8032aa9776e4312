package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// config show prints what holds, and is itself a configuration but for its
// secrets.
func TestConfigShow(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	path := b.writeConfig(t, func(s string) string { return s })
	shown := b.runAny(t, "", "--config", path, "config", "show")
	if shown.code != 0 || !strings.Contains(shown.stdout, "idle: 30m") {
		t.Fatalf("config show = %d\n%s%s", shown.code, shown.stdout, shown.stderr)
	}
	for _, secret := range []string{b.Credentials().ClientSecret, b.Credentials().AdminSecret} {
		if strings.Contains(shown.stdout, secret) {
			t.Error("a secret is shown")
		}
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("listn: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := b.runAny(t, "", "--config", bad, "config", "show"); r.code != 3 || !strings.Contains(r.stderr, "bad.yaml:1: listn") {
		t.Errorf("config show of a bad file = %d\n%s", r.code, r.stderr)
	}
}

func TestConfigKeys(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	if r := b.runAny(t, "", "config", "keys", "session.idle"); r.code != 0 ||
		r.stdout != "session.idle  (a duration from 1s to 720h; default 30m)\n    How long a session lives without activity. Polling does not count.\n" {
		t.Errorf("config keys session.idle = %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	var keys []struct{ Key, Takes string }
	r := b.runAny(t, "", "config", "keys", "duo.", "--output", "json")
	if err := json.Unmarshal([]byte(r.stdout), &keys); err != nil || len(keys) < 20 || keys[0].Key != "duo.simulator" {
		t.Errorf("config keys as JSON: %v\n%s", err, r.stdout)
	}
	if r := b.runAny(t, "", "config", "keys", "sesion"); r.code != 2 || !strings.Contains(r.stderr, `no key begins with "sesion"`) {
		t.Errorf("config keys of nothing = %d\n%s", r.code, r.stderr)
	}
}
