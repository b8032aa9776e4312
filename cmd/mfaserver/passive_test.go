package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rewriteFile writes a copy of a configuration, with a part replaced, beside it.
func rewriteFile(t *testing.T, path, name, before, after string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), before) {
		t.Fatalf("%s holds no %q", filepath.Base(path), before)
	}
	to := filepath.Join(filepath.Dir(path), name)
	writePrivateFile(t, to, strings.ReplaceAll(string(data), before, after))
	return to
}

// Threat T111: a client that only polls is not at work; its session ends when
// it is idle. One that works keeps its own meanwhile.
func TestPollingKeepsNoSessionAlive(t *testing.T) {
	t.Parallel()
	const idle = 3 * time.Second
	b := startGateway(t, []string{"alice"}, func(text string) string {
		return text + "session: {idle: 3s, passive: [/channels/statuses]}\n"
	})
	polls, works := b.client(t), b.client(t)
	polls.login(t, "alice", gatewayPassword)
	works.login(t, "alice", gatewayPassword)
	begun := time.Now()
	eventually(t, "the session of who only polls ends", func() bool {
		if a := works.current(t); a.status != http.StatusOK {
			t.Fatalf("who works is out after %s: %d", time.Since(begun), a.status)
		}
		for _, path := range []string{"/api/channels/statuses", "/api/4.5.2/channels/statuses"} {
			if a := polls.get(t, path); a.status == http.StatusUnauthorized {
				return true
			}
		}
		return false
	})
	if lived := time.Since(begun); lived < idle-time.Second {
		t.Errorf("the session ended after %s, before it was idle for %s", lived, idle)
	}
	works.alive(t, true)
	polls.alive(t, false)
}
