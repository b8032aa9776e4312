package audit_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"mfaserver/internal/audit"
)

func TestReopenAfterRename(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	record(t, trail, event("alice"))
	if err := os.Rename(c.Path, c.Path+".1"); err != nil {
		t.Fatal(err)
	}
	// Until Reopen, events go to the file under its new name.
	record(t, trail, event("bob"))
	if err := trail.Reopen(); err != nil {
		t.Fatalf("Reopen = %v", err)
	}
	record(t, trail, event("carol"))
	wantLines(t, c.Path+".1", "1 audit.opened", "2 primary.ok alice", "3 primary.ok bob")
	got := wantLines(t, c.Path, "4 audit.opened", "5 primary.ok carol")
	if d := got[0].Detail["previous_sequence"]; d != "3" {
		t.Errorf("previous_sequence = %q, want 3", d)
	}
}

func TestReopenWithoutRename(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	if err := trail.Reopen(); err != nil {
		t.Fatalf("Reopen = %v", err)
	}
	record(t, trail, event("alice"))
	wantLines(t, c.Path, "1 audit.opened", "2 primary.ok alice")
}

func TestReopenKeepsTheOldFileWhenItFails(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	if err := os.Rename(c.Path, c.Path+".1"); err != nil {
		t.Fatal(err)
	}
	disk.set(func() { disk.failOpen = true })
	if err := trail.Reopen(); err == nil {
		t.Fatal("Reopen without a new file = nil")
	}
	record(t, trail, event("alice"))
	disk.set(func() { disk.failOpen = false })
	if err := trail.Reopen(); err != nil {
		t.Fatalf("Reopen = %v", err)
	}
	record(t, trail, event("bob"))
	wantLines(t, c.Path+".1", "1 audit.opened", "2 primary.ok alice")
	wantLines(t, c.Path, "3 audit.opened", "4 primary.ok bob")
}

func TestReopenOnAFullDisk(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	if err := os.Rename(c.Path, c.Path+".1"); err != nil {
		t.Fatal(err)
	}
	disk.set(func() { disk.room = 5 })
	if err := trail.Reopen(); err == nil {
		t.Fatal("Reopen on a full disk = nil")
	}
	unwritten(t, trail, "lost", syscall.ENOSPC)
	disk.set(func() { disk.room = -1 })
	record(t, trail, event("alice"))
	for _, e := range lines(t, c.Path) {
		if e.Sequence < 2 {
			t.Errorf("sequence %d in the new file, want it to go on after 1", e.Sequence)
		}
	}
}

func TestSequenceOverRotationWhileStopped(t *testing.T) {
	t.Parallel()
	c := config(t)
	written(t, c)
	if err := os.Rename(c.Path, c.Path+"-20260301"); err != nil {
		t.Fatal(err)
	}
	open(t, c)
	wantLines(t, c.Path, "4 audit.opened")
}

// Threat T196: rotated a hundred times under load, nothing is lost.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	rotations := 100
	if testing.Short() {
		rotations = 10
	}
	c := config(t)
	trail := open(t, c)
	var stop atomic.Bool
	var written atomic.Int64
	var wg, underWay sync.WaitGroup
	underWay.Add(4)
	for w := range 4 {
		wg.Go(func() {
			begun := sync.OnceFunc(underWay.Done)
			defer begun()
			for i := 0; !stop.Load(); i++ {
				if err := trail.Record(t.Context(), event(fmt.Sprintf("%d-%d", w, i))); err != nil {
					t.Errorf("Record = %v", err)
					return
				}
				written.Add(1)
				begun()
			}
		})
	}
	underWay.Wait()
	for i := range rotations {
		if err := os.Rename(c.Path, fmt.Sprintf("%s.%d", c.Path, i)); err != nil {
			t.Error(err)
			break
		}
		if err := trail.Reopen(); err != nil {
			t.Errorf("Reopen = %v", err)
			break
		}
	}
	stop.Store(true)
	wg.Wait()
	var all []audit.Entry
	for i := range rotations {
		all = append(all, lines(t, fmt.Sprintf("%s.%d", c.Path, i))...)
	}
	all = append(all, lines(t, c.Path)...)
	users := map[string]bool{}
	for i, e := range all {
		if e.Sequence != uint64(i+1) {
			t.Fatalf("sequence %d at place %d", e.Sequence, i+1)
		}
		if e.Username != "" {
			users[e.Username] = true
		}
	}
	if int64(len(users)) != written.Load() || len(users) == 0 {
		t.Errorf("%d events in the files, %d acknowledged", len(users), written.Load())
	}
}
