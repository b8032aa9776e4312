package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
)

// Fault R05: the disk is really full, and then has room again.
func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=4m"); err != nil {
		// TestFullDisk shows the same with a limit that needs no rights.
		if os.Getenv("CI") != "" && !errors.Is(err, syscall.EPERM) {
			t.Fatalf("a small file system cannot be mounted: %v", err)
		}
		t.Skipf("needs to mount a small file system, which only root may: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Errorf("Unmount() = %v", err)
		}
	})
	sealer := newSealer(t)
	config := sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: sealer}
	ballast := filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	store := db.Sessions()
	count := 0
	for ; err == nil && count < 100_000; count++ {
		_, err = store.Create(t.Context(), numbered(count), 0, begun)
	}
	count-- // the last one was refused
	if !errors.Is(err, session.ErrUnavailable) {
		t.Fatalf("Create() on a full disk = %v after %d sessions, want ErrUnavailable", err, count)
	}
	if _, err := store.Find(t.Context(), numbered(count).Key, begun); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() of the refused session = %v, want ErrNotFound", err)
	}
	if _, err := store.Find(t.Context(), numbered(2).Key, begun); err != nil {
		t.Errorf("Find() on a full disk = %v", err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("Check() on a full disk = %v, want nil: reads go on", err)
	}
	if err := db.Backup(t.Context(), filepath.Join(folder, "backup")); err == nil {
		t.Error("Backup() on a full disk = nil")
	}
	// A logout holds, whether or not there was room for it in the log.
	if _, err := store.Delete(t.Context(), numbered(1).Key); err != nil && !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Delete() on a full disk = %v, want nil or ErrUnavailable", err)
	}
	if _, err := store.Find(t.Context(), numbered(1).Key, begun); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() of the session that was logged out = %v, want ErrNotFound", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	for err = errors.New("not tried"); err != nil && time.Since(freed) < 10*time.Second; {
		_, err = store.Create(t.Context(), numbered(200_000), 0, begun)
	}
	if err != nil || time.Since(freed) > 5*time.Second {
		t.Errorf("Create() with room again = %v after %v, want nil within 5s", err, time.Since(freed))
	}
	if err := errors.Join(db.Upkeep(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Verify(t.Context(), config); err != nil {
		t.Errorf("Verify() = %v", err)
	}
	store = open(t, config).Sessions()
	if _, err := store.Find(t.Context(), numbered(1).Key, begun); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() after a restart of the session that was logged out = %v, want ErrNotFound", err)
	}
	if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != count {
		t.Errorf("List() = %d, %v, want %d", len(list), err, count)
	}
}
