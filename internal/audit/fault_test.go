package audit_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
)

// faulty is a disk that fails as told.
type faulty struct {
	mu sync.Mutex
	// room is how many bytes still go through; negative means no limit.
	room                      int
	syncs                     int
	failSync, failOpen, rigid bool
	// spare, where there is one, is what can be set aside, allocated what is.
	spare     *int64
	allocated int64
	// hold, when set, is received from in every Sync.
	hold    chan struct{}
	syncing chan struct{}
}

func newFaulty() *faulty { return &faulty{room: -1} }

func (f *faulty) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *faulty) open(path string) (audit.Medium, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failOpen {
		return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EROFS}
	}
	m, err := audit.OpenFile(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{Medium: m, disk: f}, nil
}

type faultyFile struct {
	audit.Medium
	disk *faulty
}

func (f *faultyFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if room := f.disk.room; room >= 0 && room < len(p) {
		f.disk.room = 0
		n, _ := f.Medium.Write(p[:room])
		return n, syscall.ENOSPC
	} else if room >= 0 {
		f.disk.room -= len(p)
	}
	return f.Medium.Write(p)
}

func (f *faultyFile) Sync() error {
	f.disk.mu.Lock()
	hold, fail := f.disk.hold, f.disk.failSync
	f.disk.syncs++
	f.disk.mu.Unlock()
	if hold != nil {
		f.disk.syncing <- struct{}{}
		<-hold
	}
	if fail {
		return syscall.EIO
	}
	return f.Medium.Sync()
}

// Allocate sets room aside up to from+size.
func (f *faultyFile) Allocate(from, size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.spare == nil {
		return errors.ErrUnsupported
	}
	more := from + size - f.disk.allocated
	if more > *f.disk.spare {
		return syscall.ENOSPC
	}
	*f.disk.spare -= more
	f.disk.allocated += more
	return nil
}

func (f *faultyFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.rigid {
		return syscall.EPERM
	}
	return f.Medium.Truncate(size)
}

func openOn(tb testing.TB, c audit.Config, disk *faulty) *audit.Trail {
	tb.Helper()
	t, err := audit.NewOn(c, disk.open)
	if err != nil {
		tb.Fatalf("NewOn = %v", err)
	}
	tb.Cleanup(func() { _ = t.Close() })
	return t
}

func unwritten(tb testing.TB, t *audit.Trail, user string, cause error) {
	tb.Helper()
	if err := t.Record(tb.Context(), event(user)); !errors.Is(err, audit.ErrUnwritten) || !errors.Is(err, cause) {
		tb.Fatalf("Record on a failing disk = %v, want ErrUnwritten and %v", err, cause)
	}
}

func TestDiskFullThenFree(t *testing.T) {
	t.Parallel()
	for _, room := range []int{0, 1, 50} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			t.Parallel()
			c, disk := config(t), newFaulty()
			trail := openOn(t, c, disk)
			record(t, trail, event("before"))
			// Threat T195: no durable record, no effect; R05: it heals.
			disk.set(func() { disk.room = room })
			unwritten(t, trail, "lost", syscall.ENOSPC)
			unwritten(t, trail, "lost", syscall.ENOSPC)
			disk.set(func() { disk.room = -1 })
			record(t, trail, event("after"))
			got := wantLines(t, c.Path, "1 audit.opened", "2 primary.ok before", "3 audit.healed", "4 primary.ok after")
			if n := got[2].Detail["unwritten"]; n != "2" {
				t.Errorf("unwritten = %q, want 2", n)
			}
		})
	}
}

func TestFailedSyncIsNotBelieved(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	record(t, trail, event("before"))
	// Threat T195, R04: what a failed fsync left is not taken as written.
	disk.set(func() { disk.failSync = true })
	unwritten(t, trail, "lost", syscall.EIO)
	disk.set(func() { disk.failSync = false })
	record(t, trail, event("after"))
	wantLines(t, c.Path, "1 audit.opened", "2 primary.ok before", "3 audit.healed", "4 primary.ok after")
}

func TestFileCannotBeOpenedAgain(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	disk.set(func() { disk.room, disk.failOpen = 10, true })
	unwritten(t, trail, "lost", syscall.ENOSPC)
	unwritten(t, trail, "lost", syscall.EROFS)
	unwritten(t, trail, "lost", syscall.EROFS)
	disk.set(func() { disk.room, disk.failOpen = -1, false })
	record(t, trail, event("after"))
	wantLines(t, c.Path, "1 audit.opened", "2 audit.healed", "3 primary.ok after")
	if err := trail.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func TestCloseWhileBroken(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	disk.set(func() { disk.room, disk.failOpen = 0, true })
	unwritten(t, trail, "lost", syscall.ENOSPC)
	if err := trail.Reopen(); err != nil {
		t.Errorf("Reopen while broken = %v, want nil: the next event opens", err)
	}
	unwritten(t, trail, "lost", syscall.EROFS)
	if err := trail.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func TestRecordWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	disk.set(func() { disk.hold, disk.syncing, disk.syncs = make(chan struct{}), make(chan struct{}), 0 })
	const writers = 50
	done := make(chan error, writers+1)
	go func() { done <- trail.Record(t.Context(), event("first")) }()
	<-disk.syncing
	for i := range writers {
		go func() { done <- trail.Record(t.Context(), event(fmt.Sprint(i))) }()
	}
	for trail.Queued() < writers {
		time.Sleep(time.Millisecond)
	}
	// Threat T195: nobody was told yet, for nothing is durable.
	select {
	case err := <-done:
		t.Fatalf("Record = %v before its fsync", err)
	default:
	}
	disk.hold <- struct{}{}
	if err := <-done; err != nil {
		t.Errorf("Record = %v", err)
	}
	<-disk.syncing
	select {
	case err := <-done:
		t.Fatalf("Record = %v before its fsync", err)
	default:
	}
	disk.hold <- struct{}{}
	for range writers {
		if err := <-done; err != nil {
			t.Errorf("Record = %v", err)
		}
	}
	disk.set(func() {
		if disk.syncs != 2 {
			t.Errorf("%d writers took %d fsyncs, want 2", writers+1, disk.syncs)
		}
		disk.hold = nil
	})
}

func TestBatchFailsTogether(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	disk.set(func() { disk.hold, disk.syncing = make(chan struct{}), make(chan struct{}) })
	done := make(chan error, 21)
	go func() { done <- trail.Record(t.Context(), event("first")) }()
	<-disk.syncing
	for range 20 {
		go func() { done <- trail.Record(t.Context(), event("lost")) }()
	}
	for trail.Queued() < 20 {
		time.Sleep(time.Millisecond)
	}
	hold := disk.hold
	disk.set(func() { disk.room, disk.hold = 700, nil })
	hold <- struct{}{}
	failed := 0
	for range 21 {
		if err := <-done; errors.Is(err, audit.ErrUnwritten) {
			failed++
		} else if err != nil {
			t.Errorf("Record = %v", err)
		}
	}
	if failed != 20 {
		t.Errorf("%d of a batch of 20 failed, want all", failed)
	}
	disk.set(func() { disk.room = -1 })
	record(t, trail, event("after"))
	wantLines(t, c.Path, "1 audit.opened", "2 primary.ok first", "3 audit.healed", "4 primary.ok after")
}

// TestModel lets a disk fail at random; what was acknowledged is there, once,
// in order, and every line but those sealed off is a line.
func TestModel(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	runs := 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		c := config(t)
		c.Path = filepath.Join(folder, fmt.Sprint(runs), "audit.jsonl")
		disk := newFaulty()
		trail, err := audit.NewOn(c, disk.open)
		if err != nil {
			r.Fatal(err)
		}
		var acknowledged, refused []string
		for i := range rapid.IntRange(1, 30).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"fail", "heal", "record", "record", "record", "restart", "remove end"}).Draw(r, "do") {
			case "fail":
				disk.room = rapid.IntRange(0, 400).Draw(r, "room")
				disk.failSync = rapid.Bool().Draw(r, "sync")
				disk.failOpen = rapid.Bool().Draw(r, "open")
			case "heal":
				disk.room, disk.failSync, disk.failOpen = -1, false, false
			case "restart":
				disk.room, disk.failSync, disk.failOpen = -1, false, false
				_ = trail.Close()
				if trail, err = audit.NewOn(c, disk.open); err != nil {
					r.Fatalf("NewOn = %v", err)
				}
			default:
				user := fmt.Sprint("user", i)
				if err := trail.Record(t.Context(), event(user)); err == nil {
					acknowledged = append(acknowledged, user)
				} else if errors.Is(err, audit.ErrUnwritten) {
					refused = append(refused, user)
				} else {
					r.Fatalf("Record = %v", err)
				}
			}
		}
		_ = trail.Close()
		disk.room, disk.failSync, disk.failOpen = -1, false, false
		if trail, err = audit.NewOn(c, disk.open); err != nil {
			r.Fatalf("NewOn = %v", err)
		}
		_ = trail.Close()
		var got []string
		var last uint64
		for _, e := range lines(t, c.Path) {
			if e.Sequence <= last {
				r.Fatalf("sequence %d after %d", e.Sequence, last)
			}
			last = e.Sequence
			if e.Name == audit.PrimaryOK && !slices.Contains(refused, e.Username) {
				got = append(got, e.Username)
			}
		}
		if !slices.Equal(got, acknowledged) {
			r.Fatalf("in the file: %q, acknowledged: %q", got, acknowledged)
		}
	})
}
