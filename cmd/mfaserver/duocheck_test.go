package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mfaserver/duoclient/duotest"
)

// Threat T115: whom Duo locks out is signed out, where that is asked for.
func TestDuoCheckEndsSessions(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, func(config string) string {
		return config + "session: {duo_check: 1s}\n"
	})
	alice, bob := b.client(t), b.client(t)
	alice.login(t, "alice", gatewayPassword)
	bob.login(t, "bob", gatewayPassword)
	b.duo.UpdateUser("alice", func(u *duotest.User) { u.Status = "disabled" })
	eventually(t, "alice is signed out", func() bool { return alice.current(t).status == http.StatusUnauthorized })
	if a := bob.current(t); a.status != http.StatusOK {
		t.Errorf("users/current of bob = %d, want 200", a.status)
	}
}

// Threat T196: rotation by renaming and SIGHUP loses no record.
func TestHangupReopensTheTrail(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	path := filepath.Join(filepath.Dir(b.config), "audit", "audit.jsonl")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the trail has a new file", func() bool { _, err := os.Stat(path); return err == nil })
	b.client(t).login(t, "alice", gatewayPassword)
	r := runCommand(t, "", "--config", b.config, "audit", "verify")
	if r.code != 0 || !strings.Contains(r.stdout, "in 2 file(s)") || !strings.Contains(r.stdout, "0 fault(s)") {
		t.Errorf("audit verify = %d %s%s", r.code, r.stdout, r.stderr)
	}
}
