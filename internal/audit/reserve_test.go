package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

func ending(user string) audit.Event {
	return audit.Event{Name: audit.SessionEnded, Outcome: audit.OK, Username: user}
}

// filling is a trail on a disk that has room for a reserve of 64 KiB and little
// more, and a clock that is moved by hand.
func filling(t *testing.T) (trail *audit.Trail, c audit.Config, disk *faulty, at *time.Time) {
	t.Helper()
	c, disk, at = config(t), newFaulty(), new(noon)
	c.Reserve, c.Now = 64<<10, func() time.Time { return *at }
	disk.spare = new(c.Reserve + 1<<20)
	return openOn(t, c, disk), c, disk, at
}

func wantReserved(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, audit.ErrUnwritten) || !errors.Is(err, audit.ErrReserved) {
		t.Fatalf("error = %v, want ErrUnwritten and ErrReserved", err)
	}
}

// Fault R12, threat T183: when the disk is full but for the reserve, nothing is
// recorded that lets somebody in, and everything that takes access away; how
// much was turned away is told once there is room.
func TestReserve(t *testing.T) {
	t.Parallel()
	trail, c, disk, at := filling(t)
	disk.set(func() { *disk.spare = 0 })
	// What was set aside beyond the reserve is used first.
	long := strings.Repeat("x", 250)
	n, err := 0, error(nil)
	for ; err == nil && n < 100_000; n++ {
		e := event(fmt.Sprint(n))
		e.UserAgent = long
		err = trail.Record(t.Context(), e)
	}
	wantReserved(t, err)
	if n < 2000 {
		t.Errorf("turned away after %d records, want the megabyte beyond the reserve to be used", n)
	}
	for _, passing := range []audit.Name{audit.PrimaryThrottled, audit.PrimaryRefused, audit.SessionStarted, audit.TokenCreated} {
		wantReserved(t, trail.Record(t.Context(), audit.Event{Name: passing, Outcome: audit.OK}))
	}
	record(t, trail, ending("alice"))
	wantReserved(t, trail.Check())
	wantReserved(t, trail.Rotate())
	*at = at.Add(time.Second)
	wantReserved(t, trail.Record(t.Context(), event("still full")))
	disk.set(func() { *disk.spare = 1 << 30 })
	wantReserved(t, trail.Record(t.Context(), event("asked a moment ago")))
	*at = at.Add(time.Second)
	record(t, trail, event("room"))
	if err := trail.Check(); err != nil {
		t.Errorf("Check with room = %v", err)
	}
	var told []string
	for _, e := range lines(t, c.Path) {
		if e.Name != audit.PrimaryOK || e.UserAgent == "" {
			told = append(told, fmt.Sprint(e.Name, " ", e.Username, e.Detail["unwritten"]))
		}
	}
	want := []string{"audit.opened ", "audit.full ", "session.ended alice", "audit.healed 7", "primary.ok room"}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("the trail tells %q, want %q", told, want)
	}
}

// A trail that is opened on a full disk has the room that was set aside before,
// and a disk that has more room ends it.
func TestReserveOverRestart(t *testing.T) {
	t.Parallel()
	trail, c, disk, at := filling(t)
	record(t, trail, event("before"))
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	disk.set(func() { *disk.spare = 0 })
	trail = openOn(t, c, disk)
	record(t, trail, ending("alice"))
	wantReserved(t, trail.Record(t.Context(), event("nobody")))
	disk.set(func() { *disk.spare = 1 << 30 })
	*at = at.Add(time.Minute)
	if err := trail.Check(); err != nil {
		t.Errorf("Check with room = %v", err)
	}
	record(t, trail, event("after"))
}

// Where nothing can be set aside, everything is as it is without a reserve.
func TestNoReserve(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	c.Reserve = 1 << 20
	trail := openOn(t, c, disk)
	record(t, trail, event("one"))
	if err := trail.Rotate(); err != nil {
		t.Fatal(err)
	}
	record(t, trail, event("two"))
	if err := trail.Check(); err != nil {
		t.Errorf("Check = %v", err)
	}
}
