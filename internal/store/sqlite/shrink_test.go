package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
)

// Threat T126: after a flood the file gives its room back to the disk, and
// the store does not take that for damage.
func TestFileShrinks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs a large file")
	}
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	db := open(t, config)
	const flood = 30_000
	if err := db.Fill(t.Context(), flood, numbered); err != nil {
		t.Fatal(err)
	}
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := size(t, config.Path)
	keep := numbered(flood)
	keep.Expires, keep.IdleTimeout = begun.AddDate(1, 0, 0), 300*24*time.Hour
	if _, err := db.Sessions().Create(t.Context(), keep, 0, begun); err != nil {
		t.Fatal(err)
	}
	if ended, err := db.Sessions().Sweep(t.Context(), begun.AddDate(0, 1, 0), flood); err != nil || len(ended) != flood {
		t.Fatalf("Sweep() = %d, %v, want %d", len(ended), err, flood)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if err := errors.Join(db.Upkeep(t.Context()), db.Checkpoint(t.Context()), db.Upkeep(t.Context()), db.Check(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, free, err := db.Pages(t.Context()); err != nil {
			t.Fatal(err)
		} else if free < 2100 || time.Now().After(deadline) {
			break
		}
	}
	if after := size(t, config.Path); after > before*3/4 {
		t.Errorf("the file had %d bytes and has %d, want less than three quarters", before, after)
	}
	if _, err := db.Sessions().Find(t.Context(), keep.Key, begun); err != nil {
		t.Errorf("Find() of what was kept = %v", err)
	}
	if err := sqlite.Verify(t.Context(), config); err != nil {
		t.Errorf("Verify() = %v", err)
	}
	// It grows again.
	if err := db.Fill(t.Context(), 2000, numbered); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Checkpoint(t.Context()), db.Upkeep(t.Context()), db.Check(t.Context())); err != nil {
		t.Error(err)
	}
	if err := os.Truncate(config.Path, 8192); err != nil {
		t.Fatal(err)
	}
	// An upkeep that finds the file locked leaves it to the next one.
	var err error
	for deadline := time.Now().Add(time.Minute); err == nil && time.Now().Before(deadline); {
		_ = db.Upkeep(t.Context()) // refused, if anything
		err = db.Check(t.Context())
	}
	if !errors.Is(err, sqlite.ErrFailed) {
		t.Errorf("Check() of a file that was cut = %v, want ErrFailed", err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A small file of a version that never gave room back is rewritten so that it
// can.
func TestOpenLetsAnOlderFileShrink(t *testing.T) {
	t.Parallel()
	config := made(t)
	foreign(t, config.Path, "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM; PRAGMA journal_mode = WAL")
	db := open(t, config)
	var mode int
	if err := db.Read(t.Context(), "PRAGMA auto_vacuum", &mode); err != nil || mode != 2 {
		t.Errorf("auto_vacuum = %d, %v, want 2", mode, err)
	}
	if _, err := db.Sessions().Find(t.Context(), numbered(7).Key, begun); err != nil {
		t.Errorf("Find() = %v", err)
	}
}

// The log stays short however long writers keep at it, although nobody but
// them folds it in whole.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	db := open(t, config)
	count := 4_000
	if testing.Short() {
		count = 1_000
	}
	var group sync.WaitGroup
	stop := make(chan struct{})
	group.Go(func() { // reads keep the log from beginning anew at times
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			db.Uncache()
			_, err := db.Sessions().Find(t.Context(), numbered(n%100).Key, begun)
			if err != nil && !errors.Is(err, session.ErrNotFound) {
				t.Error(err)
			}
		}
	})
	inParallel(16, count, func(i int) {
		if _, err := db.Sessions().Create(t.Context(), numbered(i), 0, begun); err != nil {
			t.Error(err)
		}
	})
	close(stop)
	group.Wait()
	if got := size(t, config.Path+"-wal"); got > 64<<20 {
		t.Errorf("log of %d MB, want at most 64", got>>20)
	} else {
		t.Logf("log of %d KB, file of %d KB", got>>10, size(t, config.Path)>>10)
	}
}
