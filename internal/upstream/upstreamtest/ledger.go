// Package upstreamtest checks that a store keeps the promises of
// [upstream.Ledger].
package upstreamtest

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/upstream"
)

// TestLedger runs the suite. newLedger returns an empty ledger that the test
// owns alone; it registers its own clean-up with t.
func TestLedger(t *testing.T, newLedger func(t *testing.T) upstream.Ledger) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, l upstream.Ledger)
	}{
		{"Empty", testEmpty},
		{"RoundTrip", testRoundTrip},
		{"EmptyFields", testEmptyFields},
		{"Order", testOrder},
		{"AddTwice", testAddTwice},
		{"RemoveTwice", testRemoveTwice},
		{"AddAgain", testAddAgain},
		{"Copies", testCopies},
		{"OneOfManyRemoves", testOneOfManyRemoves},
		{"ManyAtOnce", testManyAtOnce},
		{"ContextOver", testContextOver},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, newLedger(t))
		})
	}
}

// start is a time that needs its nanoseconds.
var start = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("away", 3600))

// Sample returns an entry with every field set, different for each n.
func Sample(n byte) upstream.Entry {
	return upstream.Entry{
		ID:     upstream.ID{0: n, 1: 0xff, 15: n},
		Sealed: []byte{n, 0, 0xff, '\''}, OpenedAt: start.Add(time.Duration(n)), Node: "nöde '1'",
	}
}

func add(t *testing.T, l upstream.Ledger, entries ...upstream.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := l.Add(t.Context(), e); err != nil {
			t.Errorf("Add(%s) = %v", e.ID.Handle(), err)
		}
	}
}

func remove(t *testing.T, l upstream.Ledger, id upstream.ID, want bool) {
	t.Helper()
	there, err := l.Remove(t.Context(), id)
	if err != nil || there != want {
		t.Errorf("Remove(%s) = %t, %v; want %t", id.Handle(), there, err, want)
	}
}

// holds compares the whole ledger, in order.
func holds(t *testing.T, l upstream.Ledger, want ...upstream.Entry) {
	t.Helper()
	got, err := l.List(t.Context())
	if err != nil {
		t.Fatalf("List = %v", err)
	}
	if len(got) != len(want) {
		t.Fatalf("the ledger holds %d entries, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.ID != w.ID || !bytes.Equal(g.Sealed, w.Sealed) || !g.OpenedAt.Equal(w.OpenedAt) || g.Node != w.Node {
			t.Errorf("entry %d is %+v, want %+v", i, g, w)
		}
	}
}

func testEmpty(t *testing.T, l upstream.Ledger) {
	t.Helper()
	holds(t, l)
	remove(t, l, Sample(1).ID, false)
}

func testRoundTrip(t *testing.T, l upstream.Ledger) {
	t.Helper()
	long := Sample(2)
	long.Sealed = bytes.Repeat([]byte{0, 1, 2, 3}, 1024)
	add(t, l, Sample(1), long)
	holds(t, l, Sample(1), long)
	remove(t, l, Sample(1).ID, true)
	holds(t, l, long)
}

func testEmptyFields(t *testing.T, l upstream.Ledger) {
	t.Helper()
	e := upstream.Entry{OpenedAt: start}
	add(t, l, e)
	holds(t, l, e)
	remove(t, l, upstream.ID{}, true)
}

func testOrder(t *testing.T, l upstream.Ledger) {
	t.Helper()
	early, late := Sample(9), Sample(1)
	early.OpenedAt = start.Add(-1)
	same := Sample(2)
	same.OpenedAt = late.OpenedAt
	add(t, l, same, late, early)
	holds(t, l, early, late, same)
}

func testAddTwice(t *testing.T, l upstream.Ledger) {
	t.Helper()
	other := Sample(2)
	other.ID = Sample(1).ID
	add(t, l, Sample(1), Sample(1), other)
	holds(t, l, Sample(1))
}

func testRemoveTwice(t *testing.T, l upstream.Ledger) {
	t.Helper()
	add(t, l, Sample(1), Sample(2))
	remove(t, l, Sample(1).ID, true)
	remove(t, l, Sample(1).ID, false)
	holds(t, l, Sample(2))
}

func testAddAgain(t *testing.T, l upstream.Ledger) {
	t.Helper()
	add(t, l, Sample(1))
	remove(t, l, Sample(1).ID, true)
	again := Sample(2)
	again.ID = Sample(1).ID
	add(t, l, again)
	holds(t, l, again)
}

func testCopies(t *testing.T, l upstream.Ledger) {
	t.Helper()
	e := Sample(1)
	add(t, l, e)
	clear(e.Sealed)
	got, err := l.List(t.Context())
	if err != nil || len(got) != 1 {
		t.Fatalf("List = %d entries, %v; want 1", len(got), err)
	}
	clear(got[0].Sealed)
	holds(t, l, Sample(1))
}

// Threat T013: of a session's new holder and the one who ends it, one wins.
func testOneOfManyRemoves(t *testing.T, l upstream.Ledger) {
	t.Helper()
	for n := range byte(10) {
		add(t, l, Sample(n))
		var wins atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				there, err := l.Remove(t.Context(), Sample(n).ID)
				if err != nil {
					t.Errorf("Remove = %v", err)
				}
				if there {
					wins.Add(1)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d of 8 removes at once found the entry, want 1", wins.Load())
		}
	}
	holds(t, l)
}

func testManyAtOnce(t *testing.T, l upstream.Ledger) {
	t.Helper()
	var wg sync.WaitGroup
	for n := range byte(32) {
		wg.Go(func() {
			add(t, l, Sample(n))
			if n%2 == 1 {
				remove(t, l, Sample(n).ID, true)
			}
			if _, err := l.List(t.Context()); err != nil {
				t.Errorf("List = %v", err)
			}
		})
	}
	wg.Wait()
	var want []upstream.Entry
	for n := byte(0); n < 32; n += 2 {
		want = append(want, Sample(n))
	}
	holds(t, l, want...)
}

// A call whose context is over may fail or not, but it does all or nothing.
func testContextOver(t *testing.T, l upstream.Ledger) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Add(ctx, Sample(1)); err == nil {
		holds(t, l, Sample(1))
	}
	add(t, l, Sample(1))
	holds(t, l, Sample(1))
	if there, err := l.Remove(ctx, Sample(1).ID); err == nil && !there {
		t.Error("Remove under a context that is over = false, nil; the entry is there")
	}
}
