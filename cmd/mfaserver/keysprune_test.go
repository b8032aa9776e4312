package main_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/store/redis/redistest"
)

// pruning runs keys commands on a gateway.
type pruning struct{ *gatewayBench }

func (p pruning) keys(t *testing.T, code int, want string, args ...string) result {
	t.Helper()
	r := runCommand(t, "", append([]string{"--config", p.config, "keys"}, args...)...)
	if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
		t.Fatalf("keys %v = %d %s%s, want %d with %q", args, r.code, r.stdout, r.stderr, code, want)
	}
	return r
}

func (p pruning) restart(t *testing.T) {
	t.Helper()
	if code := p.stop(t); code != 0 {
		t.Fatalf("exit code = %d, want 0", code)
	}
	p.serve(t)
}

// earlier counts the earlier keys of a file.
func (p pruning) earlier(t *testing.T, name string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(p.config), "keys", name+".*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// Threat T172: earlier keys stay while a session, or what it carries, needs them,
// and while the server seals under them; then they are removed, with a record,
// and nobody notices.
func TestKeysPrune(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	p := pruning{b}
	alice := b.client(t)
	alice.login(t, "alice", gatewayPassword)
	p.keys(t, 4, "no earlier keys", "prune", "--yes")
	p.keys(t, 2, "audit.key", "prune", "audit.key", "--yes")
	p.keys(t, 0, "Restart", "rotate", "--yes")
	p.keys(t, 4, "restart it first", "prune", "--yes")
	p.restart(t)
	alice.alive(t, true)
	// Her session was sealed before: itself, and the engine's inside of it.
	p.keys(t, 4, "needed by", "prune", "store.key", "--yes")
	p.keys(t, 4, "needed by", "prune", "upstream.key", "--yes")
	p.keys(t, 0, "nothing needs it", "prune", "--dry-run")
	if p.earlier(t, "store.key") != 1 || p.earlier(t, "upstream.key") != 1 || p.earlier(t, "tokens.key") != 1 {
		t.Fatal("a dry run or a refusal removed a key")
	}
	p.keys(t, 4, "--yes", "prune")
	p.keys(t, 0, "removed", "prune", "tokens.key", "--yes") // waits for what is on its way
	alice.alive(t, true)
	if got := alice.get(t, "/api/channels"); got.status != 200 {
		t.Errorf("a call after pruning = %d %s", got.status, got.body)
	}
	alice.logout(t)
	bob := b.client(t)
	bob.login(t, "bob", gatewayPassword)
	if code := p.stop(t); code != 0 {
		t.Fatalf("exit code = %d, want 0", code)
	}
	// Her login is over and not swept away yet, so that store.key stays.
	r := p.keys(t, 0, "removed", "prune", "--yes", "--output", "json")
	var rows []struct{ Name, ID, Use string }
	err := json.Unmarshal([]byte(r.stdout), &rows)
	if err != nil || len(rows) != 2 || !strings.HasPrefix(rows[0].Use, "needed by") || rows[1].Use != "removed" {
		t.Errorf("prune printed %s, %v, want store.key needed and upstream.key removed", r.stdout, err)
	}
	if p.earlier(t, "store.key") != 1 || p.earlier(t, "upstream.key") != 0 || p.earlier(t, "tokens.key") != 0 {
		t.Error("another key was removed than the command says")
	}
	p.serve(t)
	bob.alive(t, true)
	if got := bob.get(t, "/api/channels"); got.status != 200 {
		t.Errorf("a call without earlier keys = %d %s", got.status, got.body)
	}
	pruned := 0
	for _, e := range recordsOf(t, filepath.Join(filepath.Dir(b.config), "audit", "audit.jsonl"), audit.KeysChanged) {
		if e.Detail["change"] == "prune" && e.Detail["id"] != "" {
			pruned++
		}
	}
	if pruned != 2 {
		t.Errorf("%d records of removed keys, want 2", pruned)
	}
}

// Threat T172: what nodes share cannot be looked through from one of them.
func TestKeysOfASharedStoreAreNotPruned(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	b := startGateway(t, []string{"alice"}, func(text string) string {
		return text + fmt.Sprintf("store: {redis: {addresses: [%q]}}\n", server.Addr)
	})
	p := pruning{b}
	p.keys(t, 0, "prepared", "prepare", "--yes")
	p.keys(t, 0, "rotated", "rotate", "--yes")
	p.keys(t, 4, "by hand", "prune", "--yes")
	if p.earlier(t, "store.key") != 1 {
		t.Error("a key was removed")
	}
}
