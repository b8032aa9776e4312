package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Fault R35, threat T192: when yesterday's store is put back, whoever was signed
// in is not any more, and the trail says that it was put back, once.
func TestRestoredStoreIsRecorded(t *testing.T) {
	t.Parallel()
	var config string
	p, c := serveWith(t, newDuo(t), func(text string) string { config = text; return text })
	path := configPath(config)
	dir := filepath.Dir(path)
	c.login(t, "test1", "correct horse battery")
	c.alive(t, true)
	copied := filepath.Join(dir, "yesterday.db")
	if r := runCommand(t, "", "--config", path, "backup", copied); r.code != 0 {
		t.Fatalf("backup = %d %s", r.code, r.stderr)
	}
	restart := func(before func()) {
		t.Helper()
		if code := p.stop(t); code != 0 {
			t.Fatalf("exit code = %d, want 0", code)
		}
		before()
		p = start(t, "msg=ready", "--config", path, "serve")
	}
	recorded := func() int {
		t.Helper()
		trail, err := os.ReadFile(filepath.Join(dir, "audit", "audit.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(trail), `"event":"store.restored"`)
	}
	restart(func() {})
	c.alive(t, true)
	if n := recorded(); n != 0 {
		t.Fatalf("recorded %d times before anything was restored", n)
	}
	restart(func() {
		if err := os.Rename(copied, filepath.Join(dir, "data.db")); err != nil {
			t.Fatal(err)
		}
	})
	c.alive(t, false)
	restart(func() {})
	if n := recorded(); n != 1 {
		t.Errorf("recorded %d times, want once", n)
	}
}
