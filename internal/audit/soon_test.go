package audit_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

func passing(user string) audit.Event {
	return audit.Event{Name: audit.PrimaryThrottled, Outcome: audit.Refused, Username: user, Reason: "source"}
}

// Threats T176, T183: what is turned away at the door is recorded, every single
// one and in order, but nobody waits for the disk, and few writes hold them all.
func TestPassingEventsAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	record(t, trail, event("before"))
	disk.set(func() { disk.syncs = 0 })
	const many = 2000
	for i := range many {
		record(t, trail, passing(fmt.Sprint(i)))
	}
	// Whoever is waited for takes those before him along.
	record(t, trail, event("after"))
	got := lines(t, c.Path)
	if len(got) != many+3 || got[len(got)-1].Username != "after" {
		t.Fatalf("%d lines, the last of %q; want %d and after", len(got), got[len(got)-1].Username, many+3)
	}
	for i := range many {
		if got[i+2].Username != fmt.Sprint(i) || got[i+2].Sequence != uint64(i+3) {
			t.Fatalf("line %d is of %q, want %d", i+3, got[i+2].Username, i)
		}
	}
	if disk.syncs > many/10 {
		t.Errorf("%d writes for %d events, want few", disk.syncs, many)
	}
}

// Threat T195: they are durable a moment later, and before the trail is closed.
func TestPassingEventsAreDurableSoon(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	disk.set(func() { disk.hold, disk.syncing = make(chan struct{}), make(chan struct{}) })
	record(t, trail, passing("one")) // returns while no write can end
	<-disk.syncing                   // nobody else comes, and yet it is written
	disk.hold <- struct{}{}
	disk.set(func() { disk.hold = nil })
	record(t, trail, passing("two"))
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	wantLines(t, c.Path, "1 audit.opened", "2 primary.throttled one", "3 primary.throttled two")
	if err := trail.Record(t.Context(), passing("three")); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("Record after Close = %v, want ErrClosed", err)
	}
}

// Faults R06, R12: a disk that cannot keep up slows them down, so that what
// waits is bounded; and how many were lost to a failing one is told.
func TestPassingEventsAreBounded(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	trail := openOn(t, c, disk)
	disk.set(func() { disk.hold, disk.syncing = make(chan struct{}), make(chan struct{}) })
	blocked := make(chan error, 1)
	go func() { blocked <- trail.Record(t.Context(), event("slow")) }()
	<-disk.syncing
	const most = 4096
	for range most {
		record(t, trail, passing("eve"))
	}
	over := make(chan error, 1)
	go func() { over <- trail.Record(t.Context(), passing("one more")) }()
	select {
	case err := <-over:
		t.Fatalf("with %d waiting another one returned %v, want it to wait", trail.Queued(), err)
	case <-time.After(100 * time.Millisecond):
	}
	disk.set(func() { disk.room = 10 })
	disk.hold <- struct{}{}
	if err := <-blocked; err != nil {
		t.Fatal(err)
	}
	if err := <-over; !errors.Is(err, audit.ErrUnwritten) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Record on a full disk = %v, want ErrUnwritten", err)
	}
	disk.set(func() { disk.room, disk.hold = -1, nil })
	record(t, trail, event("after"))
	for _, e := range lines(t, c.Path) {
		if e.Name == audit.AuditHealed && e.Detail["unwritten"] == fmt.Sprint(most+1) {
			return
		}
	}
	t.Errorf("nothing tells of %d lost events", most+1)
}
