package audittest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/audit"
)

// noon is when the first record of the suite's trail was written.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// TestIndex shows that an index does what [audit.Index] promises. open returns
// an empty index for the test it is given.
func TestIndex(t *testing.T, open func(t *testing.T) audit.Index) {
	t.Helper()
	for _, row := range []struct {
		name string
		test func(t *testing.T, x audit.Index)
	}{
		{"empty", testEmpty},
		{"nothing is lost on the way", testRoundTrip},
		{"filters", testFilters},
		{"added twice", testAddedTwice},
		{"added late", testAddedLate},
		{"all or none", testAllOrNone},
		{"search that is left", testLeftSearch},
		{"context", testContext},
		{"large numbers", testLargeNumbers},
		{"hostile text", testHostileText},
		{"concurrency", testConcurrency},
	} {
		t.Run(row.name, func(t *testing.T) { row.test(t, open(t)) })
	}
}

// numbered is record n of the suite's trail: users and events take turns.
func numbered(n uint64) audit.IndexEntry {
	return audit.IndexEntry{
		Sequence: n, Time: noon.Add(time.Duration(n) * time.Minute),
		Event:   []audit.Name{audit.PrimaryOK, audit.SessionStarted, audit.SessionEnded}[n%3],
		Outcome: []audit.Outcome{audit.OK, audit.Refused, audit.Failed}[n/2%3], Actor: []string{"", "root"}[n/3%2],
		User: []string{"alice", "bob"}[n%2], Transaction: fmt.Sprint("tx", n/2), Session: fmt.Sprint("s", n/4), Request: fmt.Sprint("r", n),
		Source: netip.AddrFrom4([4]byte{192, 0, 2, byte(n % 5)}), File: 1 + n/10*10, Offset: int64(n) * 300,
	}
}

func filled(t *testing.T, x audit.Index, n uint64) []audit.IndexEntry {
	t.Helper()
	var all []audit.IndexEntry
	for i := range n {
		all = append(all, numbered(i+1))
	}
	for part := range slices.Chunk(all, 7) {
		add(t, x, part...)
	}
	return all
}

func add(t *testing.T, x audit.Index, entries ...audit.IndexEntry) {
	t.Helper()
	if err := x.Add(t.Context(), entries, nil); err != nil {
		t.Fatalf("Add = %v", err)
	}
}

func search(t *testing.T, x audit.Index, f audit.Filter) []audit.IndexEntry {
	t.Helper()
	var found []audit.IndexEntry
	for e, err := range x.Search(t.Context(), f) {
		if err != nil {
			t.Fatalf("Search(%+v) = %v", f, err)
		}
		found = append(found, e)
	}
	return found
}

func same(t *testing.T, what string, got, want []audit.IndexEntry) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func last(t *testing.T, x audit.Index) audit.IndexEntry {
	t.Helper()
	e, err := x.Last(t.Context())
	if err != nil {
		t.Fatalf("Last = %v", err)
	}
	return e
}

func testEmpty(t *testing.T, x audit.Index) {
	t.Helper()
	if got := last(t, x); got != (audit.IndexEntry{}) {
		t.Errorf("Last of an empty index = %+v, want the zero value", got)
	}
	same(t, "Search of an empty index", search(t, x, audit.Filter{}), nil)
	add(t, x)
	same(t, "Search after adding nothing", search(t, x, audit.Filter{Newest: true, Limit: 3}), nil)
}

func testRoundTrip(t *testing.T, x audit.Index) {
	t.Helper()
	bare := audit.IndexEntry{Sequence: 2, Time: noon, Event: audit.ServerStart, File: 1, Offset: 412}
	six := numbered(3)
	six.Source = netip.MustParseAddr("2001:db8::1")
	all := []audit.IndexEntry{numbered(1), bare, six}
	add(t, x, all...)
	same(t, "Search", search(t, x, audit.Filter{}), all)
	if got := last(t, x); got != six {
		t.Errorf("Last = %+v, want %+v", got, six)
	}
}

func testFilters(t *testing.T, x audit.Index) {
	t.Helper()
	all := filled(t, x, 60)
	for _, row := range []struct {
		name string
		f    audit.Filter
	}{
		{"all", audit.Filter{}},
		{"from", audit.Filter{From: all[10].Time}},
		{"to", audit.Filter{To: all[10].Time}},
		{"between, in another zone", audit.Filter{From: all[10].Time.In(time.FixedZone("", 7200)), To: all[20].Time.Add(1)}},
		{"after and before", audit.Filter{After: 5, Before: 9}},
		{"user", audit.Filter{User: "alice"}},
		{"user, as written", audit.Filter{User: "Alice"}},
		{"actor", audit.Filter{Actor: "root"}},
		{"outcome", audit.Filter{Outcome: audit.Refused}},
		{"outcome of a user, newest", audit.Filter{Outcome: audit.OK, User: "bob", Newest: true, Limit: 3}},
		{"event", audit.Filter{Event: audit.SessionEnded}},
		{"events of sessions", audit.Filter{Event: "session."}},
		{"beginning without a dot", audit.Filter{Event: "session"}},
		{"pattern", audit.Filter{Event: "%.", User: "%"}},
		{"transaction", audit.Filter{Transaction: "tx7"}},
		{"session", audit.Filter{Session: "s7"}},
		{"request", audit.Filter{Request: "r7"}},
		{"source", audit.Filter{Source: netip.MustParseAddr("192.0.2.3")}},
		{"source in IPv6 form", audit.Filter{Source: netip.MustParseAddr("::ffff:192.0.2.3")}},
		{"several", audit.Filter{User: "bob", Event: audit.PrimaryOK, After: 10}},
		{"nothing", audit.Filter{User: "carol"}},
		{"limit", audit.Filter{Limit: 4, User: "bob"}},
		{"newest", audit.Filter{Limit: 4, User: "bob", Newest: true}},
		{"newest without a limit", audit.Filter{User: "bob", Newest: true}},
		{"limit that is not reached", audit.Filter{Limit: 1000, Session: "s3"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var want []audit.IndexEntry
			for i := range all {
				if row.f.MatchIndex(&all[i]) {
					want = append(want, all[i])
				}
			}
			if n := row.f.Limit; n > 0 && n < len(want) {
				if row.f.Newest {
					want = want[len(want)-n:]
				}
				want = want[:n]
			}
			same(t, "Search", search(t, x, row.f), want)
		})
	}
}

func testAddedTwice(t *testing.T, x audit.Index) {
	t.Helper()
	all := filled(t, x, 5)
	moved := all[2]
	moved.File, moved.Offset = 3, 0
	add(t, x, moved, all[3])
	all[2] = moved
	same(t, "Search", search(t, x, audit.Filter{}), all)
}

func testAddedLate(t *testing.T, x audit.Index) {
	t.Helper()
	add(t, x, numbered(5), numbered(9))
	add(t, x, numbered(2), numbered(7))
	same(t, "Search", search(t, x, audit.Filter{}), []audit.IndexEntry{numbered(2), numbered(5), numbered(7), numbered(9)})
	if got := last(t, x); got.Sequence != 9 {
		t.Errorf("Last = %d, want 9", got.Sequence)
	}
}

func testAllOrNone(t *testing.T, x audit.Index) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Add(ctx, []audit.IndexEntry{numbered(1), numbered(2)}, nil); err == nil {
		t.Error("Add under a context that ended = nil")
	}
	same(t, "Search", search(t, x, audit.Filter{}), nil)
}

func testLeftSearch(t *testing.T, x audit.Index) {
	t.Helper()
	all := filled(t, x, 20)
	for range 50 {
		for e, err := range x.Search(t.Context(), audit.Filter{}) {
			if err != nil || e != all[0] {
				t.Fatalf("first = %+v, %v", e, err)
			}
			break
		}
	}
	// The loop may write: a search that is under way holds no lock.
	for e, err := range x.Search(t.Context(), audit.Filter{Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		add(t, x, numbered(100+e.Sequence))
	}
	if got := last(t, x).Sequence; got != 102 {
		t.Errorf("Last = %d, want 102", got)
	}
}

func testContext(t *testing.T, x audit.Index) {
	t.Helper()
	filled(t, x, 20)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var failed error
	for _, err := range x.Search(ctx, audit.Filter{}) {
		failed = err
	}
	if !errors.Is(failed, context.Canceled) {
		t.Errorf("Search under a context that ended = %v, want context.Canceled", failed)
	}
}

func testLargeNumbers(t *testing.T, x audit.Index) {
	t.Helper()
	e := numbered(1)
	e.Sequence, e.File, e.Offset = 1<<62, 1<<61, 1<<40
	add(t, x, e)
	same(t, "Search", search(t, x, audit.Filter{After: 1<<62 - 1}), []audit.IndexEntry{e})
}

func testHostileText(t *testing.T, x audit.Index) {
	t.Helper()
	e := numbered(1)
	e.User = "a'; DROP TABLE audit; --\x00\u202e%_"
	add(t, x, e, numbered(2))
	same(t, "Search", search(t, x, audit.Filter{User: e.User}), []audit.IndexEntry{e})
}

func testConcurrency(t *testing.T, x audit.Index) {
	t.Helper()
	const writers, each = 4, 50
	var wg sync.WaitGroup
	for w := range uint64(writers) {
		wg.Go(func() {
			for i := range uint64(each) {
				if err := x.Add(t.Context(), []audit.IndexEntry{numbered(1 + i*writers + w)}, nil); err != nil {
					t.Errorf("Add = %v", err)
				}
			}
		})
		wg.Go(func() {
			for range each / 5 {
				before := uint64(0)
				for e, err := range x.Search(t.Context(), audit.Filter{}) {
					if err != nil {
						t.Errorf("Search = %v", err)
						return
					}
					if e.Sequence <= before {
						t.Errorf("%d after %d", e.Sequence, before)
					}
					before = e.Sequence
				}
			}
		})
	}
	wg.Wait()
	if got := len(search(t, x, audit.Filter{})); got != writers*each {
		t.Errorf("%d entries, want %d", got, writers*each)
	}
}
