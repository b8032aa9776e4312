//go:build unix

package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"mfaserver/session"
)

// Fault R05: the disk is full (the process may not make its files larger),
// then has room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getenv(childTask) == "full" {
		t.Skip("runs in the other process")
	}
	_, out := child(t, "full", filepath.Join(t.TempDir(), "data.db"))
	for out.Scan() {
		t.Log(out.Text())
		if out.Text() == "full disk survived" {
			return
		}
	}
	t.Error("the process with the full disk did not finish")
}

// beforeFull is how many sessions there are when the disk gets full: so few
// that the log is not folded in meanwhile and has room of its own again.
const beforeFull = 10

// TestFullDiskChild is the other process.
func TestFullDiskChild(t *testing.T) {
	if os.Getenv(childTask) != "full" {
		t.Skip("a part of TestFullDisk")
	}
	signal.Ignore(syscall.SIGXFSZ)
	path := os.Getenv("SQLITE_TEST_FILE")
	db := openChild(path)
	store := db.Sessions()
	for i := range beforeFull {
		if _, err := store.Create(t.Context(), numbered(i), 0, begun); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, uint64(info.Size()))
	_, errCreate := store.Create(t.Context(), numbered(100), 0, begun)
	_, errDelete := store.Delete(t.Context(), numbered(1).Key)
	for _, err := range []error{errCreate, errDelete} {
		if !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("write to a full disk = %v, want ErrUnavailable", err)
		}
	}
	if _, err := store.Find(t.Context(), numbered(2).Key, begun); err != nil {
		t.Errorf("Find() with a full disk = %v", err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("Check() with a full disk = %v, want nil: reads go on", err)
	}
	limitFiles(t, 1<<40)
	if _, err := store.Create(t.Context(), numbered(100), 0, begun); err != nil {
		t.Errorf("Create() with room again = %v", err)
	}
	if err := errors.Join(db.Upkeep(t.Context()), db.Close()); err != nil {
		t.Error(err)
	}
	store = openChild(path).Sessions()
	if _, err := store.Find(t.Context(), numbered(1).Key, begun); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() of the session that was logged out = %v, want ErrNotFound", err)
	}
	if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != beforeFull {
		t.Errorf("List() = %d, %v, want %d", len(list), err, beforeFull)
	}
	if !t.Failed() {
		fmt.Println("full disk survived")
	}
}

func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = min(size, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}
