package audit_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

// blocks is how much a file takes on the disk, in bytes.
func blocks(t *testing.T, path string) int64 {
	t.Helper()
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		t.Fatal(err)
	}
	return s.Blocks * 512
}

// Fault R12: what is set aside is the file's alone: it makes the file no longer,
// is given back when the file is rotated away, and is there when others have
// filled the disk.
func TestReserveOnADisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=8m"); err != nil {
		// TestReserve shows the same on a disk that is made up.
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
	at := noon
	c := chained(t)
	c.Path, c.Reserve, c.Now = filepath.Join(folder, "audit.jsonl"), 1<<20, func() time.Time { return at }
	trail, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := trail.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}()
	record(t, trail, event("first"))
	if n := blocks(t, c.Path); n < 1<<20 || size(t, c.Path) > 4<<10 {
		t.Errorf("%d bytes are set aside for a file of %d", n, size(t, c.Path))
	}
	if err := trail.Rotate(); err != nil {
		t.Fatal(err)
	}
	if n := blocks(t, fmt.Sprintf("%s.%020d", c.Path, 1)); n > 64<<10 {
		t.Errorf("a file that was rotated away keeps %d bytes", n)
	}
	ballast, err := os.Create(filepath.Join(folder, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close() //nolint:errcheck // nothing is read of it
	for err == nil {
		_, err = ballast.Write(make([]byte, 64<<10))
	}
	n := 0
	for ; n < 10_000; n++ {
		if err = trail.Record(t.Context(), event(fmt.Sprint(n))); err != nil {
			break
		}
	}
	wantReserved(t, err)
	for i := range 2000 {
		record(t, trail, ending(fmt.Sprint(i)))
	}
	if err := ballast.Truncate(0); err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Second)
	record(t, trail, event("room"))
	if r := verify(t, c); r.Err() != nil || r.Records < n+2000 {
		t.Errorf("%d records, %v", r.Records, r.Err())
	}
}
