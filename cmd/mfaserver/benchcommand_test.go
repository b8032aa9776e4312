package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bench login plays whole logins against a demo, says so as a table and as
// JSON, and tries a wrong password once.
func TestBenchLogin(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve", "--users", "3", "--enroll", "bob")
	dir := t.TempDir()
	people, password := filepath.Join(dir, "people"), filepath.Join(dir, "password")
	for path, text := range map[string]string{people: ready.Username + "\nada.abel\t" + ready.Password + "\n", password: ready.Password} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"bench", "login", "--server", ready.ServerURL, "--ca-file", ready.CAFile, "--users-file", people, "--clients", "2", "--logins", "6"}
	r := runCommand(t, "", append(args, "--password-file", password, "--output", "json")...)
	var got struct {
		Logins    int `json:"logins"`
		Succeeded int `json:"succeeded"`
		Legs      []struct {
			Name string  `json:"name"`
			P99  float64 `json:"p99_ms"`
		} `json:"legs"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 0 {
		t.Fatalf("bench login = %d %s%s (%v)", r.code, r.stdout, r.stderr, err)
	}
	if got.Logins != 6 || got.Succeeded != 6 || len(got.Legs) != 6 || got.Legs[5].P99 <= 0 {
		t.Errorf("bench login says %+v", got)
	}
	r = runCommand(t, "", append(args, "--password-file", password)...)
	if r.code != 0 || !strings.Contains(r.stdout, "second call") || !strings.Contains(r.stdout, "ok") {
		t.Errorf("bench login = %d %s%s", r.code, r.stdout, r.stderr)
	}
	r = runCommand(t, "wrong\n", "bench", "login", "--server", ready.ServerURL, "--ca-file", ready.CAFile, "--user", ready.Username, "--password-file", "-")
	if r.code != 4 || r.stdout != "" || !strings.Contains(r.stderr, "the first login failed") {
		t.Errorf("bench login with a wrong password = %d %s%s", r.code, r.stdout, r.stderr)
	}
}

func TestBenchLoginUsage(t *testing.T) {
	t.Parallel()
	url := []string{"bench", "login", "--server", "https://127.0.0.1:1"}
	for name, args := range map[string][]string{
		"nobody":      {},
		"no password": {"--user", "a"},
		"clients":     {"--user", "a", "--password-file", "-", "--clients", "0x"},
		"rate":        {"--user", "a", "--password-file", "-", "--rate", "-1"},
		"unbounded":   {"--user", "a", "--password-file", "-", "--duration", "0s"},
	} {
		if r := runCommand(t, "secret\n", append(url, args...)...); r.code != 2 {
			t.Errorf("%s: bench login = %d %s, want 2", name, r.code, r.stderr)
		}
	}
	if r := runCommand(t, "secret\n", append(url, "--user", "a", "--password-file", "-")...); r.code != 5 {
		t.Errorf("bench login without a server = %d %s, want 5", r.code, r.stderr)
	}
}
