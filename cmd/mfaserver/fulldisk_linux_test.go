package main_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mfaserver/internal/audit"
)

// Faults R06, R12: the disk of the trail is full. Nobody is let in; who is
// signed in goes on, and signs out with a record of it; with room everything goes
// on by itself.
func TestFullDiskOfTheTrail(t *testing.T) {
	t.Parallel()
	var folder string
	_, c := serveWith(t, newDuo(t), func(text string) string {
		folder = filepath.Join(filepath.Dir(configPath(text)), "audit")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=16m,mode=0700"); err != nil {
			if os.Getenv("CI") != "" && !errors.Is(err, syscall.EPERM) {
				t.Fatalf("a small file system cannot be mounted: %v", err)
			}
			t.Skipf("needs to mount a small file system, which only root may: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
				t.Errorf("Unmount() = %v", err)
			}
		})
		return text
	})
	other := c.fresh(t, "")
	c.login(t, "test1", rightPassword)
	ballast, err := os.Create(filepath.Join(folder, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close() //nolint:errcheck // nothing is read of it
	for err == nil {
		_, err = ballast.Write(make([]byte, 4<<10))
	}
	refused := 0
	for range 4000 { // what is set aside beyond the reserve is used first
		a := other.first(t, "test1", "wrong")
		if a.status == http.StatusServiceUnavailable {
			refused++
		}
		if refused == 3 {
			break
		}
	}
	if refused != 3 {
		t.Fatal("the disk of the trail is full, and logins are judged")
	}
	if a := other.first(t, "test1", rightPassword); a.status != http.StatusServiceUnavailable {
		t.Errorf("a login without a record = %d %s, want 503", a.status, a.body)
	}
	c.alive(t, true)
	c.logout(t)
	c.alive(t, false)
	trail := filepath.Join(folder, "audit.jsonl")
	if n := len(recordsOf(t, trail, audit.AuditFull)); n != 1 {
		t.Errorf("the trail says %d times that the disk is full, want once", n)
	}
	if n := len(recordsOf(t, trail, audit.SessionEnded)); n != 1 {
		t.Errorf("%d records of the sign-out, want one", n)
	}
	if err := ballast.Truncate(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "logins are judged again", func() bool { return other.first(t, "test1", "wrong").status != http.StatusServiceUnavailable })
	if healed := recordsOf(t, trail, audit.AuditHealed); len(healed) != 1 || healed[0].Detail["unwritten"] == "" {
		t.Errorf("the trail says %+v of what was turned away", healed)
	}
}
