package audit_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/audit"
)

// busy is a trail of 120 events in several files, one a second: users, events,
// transactions, sessions and sources take turns.
func busy(tb testing.TB, index audit.Index) audit.Config {
	tb.Helper()
	c := chained(tb)
	at := noon
	c.Now = func() time.Time { return at }
	c.MaxBytes, c.Index = 8000, index
	trail, err := audit.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range 120 {
		at = at.Add(time.Second)
		record(tb, trail, audit.Event{
			Name: []audit.Name{audit.PrimaryOK, audit.SessionStarted, audit.SessionEnded}[i%3], Outcome: audit.OK,
			Username: []string{"alice", "bob", "Zoë <x>"}[i%3], Transaction: fmt.Sprint("tx", i/4), Session: fmt.Sprint("s", i/6),
			RequestID: fmt.Sprint("r", i), Source: netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 7)}),
		})
	}
	if err := trail.Close(); err != nil {
		tb.Fatal(err)
	}
	return c
}

func sequences(tb testing.TB, all iter.Seq2[audit.Entry, error]) []uint64 {
	tb.Helper()
	got := []uint64{}
	for e, err := range all {
		if err != nil {
			tb.Fatalf("Search = %v", err)
		}
		got = append(got, e.Sequence)
	}
	return got
}

// brokenIndex fails as told.
type brokenIndex struct {
	audit.MemoryIndex
	mu                sync.Mutex
	last, search, add bool
	added             int
}

var errBroken = errors.New("index broken")

func (b *brokenIndex) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *brokenIndex) failing(what *bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if *what {
		return errBroken
	}
	return nil
}

func (b *brokenIndex) Last(ctx context.Context) (audit.IndexEntry, error) {
	if err := b.failing(&b.last); err != nil {
		return audit.IndexEntry{}, err
	}
	return b.MemoryIndex.Last(ctx)
}

func (b *brokenIndex) Add(ctx context.Context, all []audit.IndexEntry, rest func()) error {
	if err := b.failing(&b.add); err != nil {
		return err
	}
	b.set(func() { b.added += len(all) })
	return b.MemoryIndex.Add(ctx, all, rest)
}

func (b *brokenIndex) Search(ctx context.Context, f audit.Filter) iter.Seq2[audit.IndexEntry, error] {
	return func(yield func(audit.IndexEntry, error) bool) {
		n := 0
		for e, err := range b.MemoryIndex.Search(ctx, f) {
			if n++; n > 3 && b.failing(&b.search) != nil {
				yield(audit.IndexEntry{}, errBroken)
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// partial is an index that knows the trail up to a record.
func partial(tb testing.TB, from *audit.MemoryIndex, until uint64) *audit.MemoryIndex {
	tb.Helper()
	x := &audit.MemoryIndex{}
	for e, err := range from.Search(tb.Context(), audit.Filter{Before: until + 1}) {
		if err != nil {
			tb.Fatal(err)
		}
		if err := x.Add(tb.Context(), []audit.IndexEntry{e}, nil); err != nil {
			tb.Fatal(err)
		}
	}
	return x
}

// Whatever the index is like, a search finds what the files have.
func TestSearch(t *testing.T) {
	t.Parallel()
	full := &audit.MemoryIndex{}
	c := busy(t, full)
	var all []audit.Entry
	r := whole(t, c)
	for _, f := range r.Files {
		all = append(all, lines(t, f.Path)...)
	}
	if len(r.Files) < 4 || len(all) < 125 {
		t.Fatalf("%d files, %d records", len(r.Files), len(all))
	}
	lost := partial(t, full, 70)
	if err := lost.Add(t.Context(), []audit.IndexEntry{
		{Sequence: 40, Time: all[39].Time, Event: all[39].Name, User: all[39].Username, Transaction: all[39].Transaction, File: 1, Offset: 3},
		{Sequence: 41, Time: all[40].Time, Event: all[40].Name, User: all[40].Username, Transaction: all[40].Transaction, File: 999},
	}, nil); err != nil {
		t.Fatal(err)
	}
	failing := &brokenIndex{last: true}
	halfway := &brokenIndex{search: true}
	for e, err := range full.Search(t.Context(), audit.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if err := halfway.Add(t.Context(), []audit.IndexEntry{e}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, index := range map[string]audit.Index{
		"none": nil, "full": full, "empty": &audit.MemoryIndex{}, "behind": partial(t, full, 50), "far behind": partial(t, full, 1),
		"wrong places": lost, "failing": failing, "failing halfway": halfway,
	} {
		reader := audit.NewReader(c.Path, index)
		for _, f := range []audit.Filter{
			{},
			{User: "alice"},
			{User: "Zoë <x>"},
			{User: "nobody"},
			{Event: audit.SessionEnded},
			{Event: "session."},
			{Event: audit.AuditCheckpoint},
			{From: noon.Add(30 * time.Second), To: noon.Add(60 * time.Second)},
			{After: 45, Before: 55},
			{Transaction: "tx9"},
			{Transaction: "tx9", User: "bob"},
			{Session: "s3"},
			{Request: "r77"},
			{Source: netip.MustParseAddr("::ffff:192.0.2.3")},
			{Limit: 5},
			{Limit: 60, User: "bob"},
			{Limit: 1000},
			{Limit: 5, Newest: true},
			{Limit: 30, Newest: true, User: "bob"},
			{Newest: true, Event: "session."},
			{Limit: 7, Newest: true, Before: 49},
			{Limit: 7, Newest: true, After: 100},
			{After: 1000},
		} {
			want := []uint64{}
			for i := range all {
				if f.Match(&all[i]) {
					want = append(want, all[i].Sequence)
				}
			}
			if n := f.Limit; n > 0 && n < len(want) {
				if f.Newest {
					want = want[len(want)-n:]
				}
				want = want[:n]
			}
			if diff := cmp.Diff(want, sequences(t, reader.Search(t.Context(), f))); diff != "" {
				t.Errorf("index %s: Search(%+v) (-want +got):\n%s", name, f, diff)
			}
		}
		for e, err := range reader.Search(t.Context(), audit.Filter{}) {
			if err != nil || e.Sequence != 1 {
				t.Errorf("index %s: first = %d, %v", name, e.Sequence, err)
			}
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var err error
		for _, err = range reader.Search(ctx, audit.Filter{}) {
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("index %s: Search under a context that ended = %v", name, err)
		}
	}
}

func TestSearchDamagedTrail(t *testing.T) {
	t.Parallel()
	c := chained(t)
	sample(t, c)
	m := tamperWith(t, c)
	m.files[0][5], m.files[1][0] = "garbage\n", "\x00\n"
	m.files[2][20] = m.files[2][20][:30]
	m.write()
	if got := len(sequences(t, audit.NewReader(c.Path, nil).Search(t.Context(), audit.Filter{}))); got != 60 {
		t.Errorf("%d records, want the 60 that can be read", got)
	}
	none := audit.NewReader(c.Path+"-none", nil)
	if got := sequences(t, none.Search(t.Context(), audit.Filter{})); len(got) != 0 {
		t.Errorf("records %v of no trail", got)
	}
}

// indexedUntil waits for the index.
func indexedUntil(tb testing.TB, trail *audit.Trail, sequence uint64) {
	tb.Helper()
	for range 2000 {
		if told, err := trail.Indexed(); err == nil && told >= sequence {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	told, err := trail.Indexed()
	tb.Fatalf("indexed until %d, %v, want %d", told, err, sequence)
}

func TestIndexIsFed(t *testing.T) {
	t.Parallel()
	x := &brokenIndex{}
	c := busy(t, x)
	want := whole(t, c).Last
	if last, err := x.Last(t.Context()); err != nil || last.Sequence != want {
		t.Errorf("after Close the index knows record %d, %v, want %d", last.Sequence, err, want)
	}
	// It is filled again from the files, and told nothing twice.
	empty := &brokenIndex{}
	c.Index = empty
	trail := open(t, c)
	indexedUntil(t, trail, want)
	// While it fails, events are recorded all the same.
	empty.set(func() { empty.add = true })
	for i := range 20 {
		record(t, trail, event(fmt.Sprint(i)))
	}
	for range 2000 {
		if _, err := trail.Indexed(); errors.Is(err, errBroken) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := trail.Indexed(); !errors.Is(err, errBroken) {
		t.Errorf("Indexed = %v, want the error of the index", err)
	}
	empty.set(func() { empty.add = false })
	record(t, trail, event("last"))
	now := whole(t, c).Last
	indexedUntil(t, trail, now)
	got := sequences(t, audit.NewReader(c.Path, empty).Search(t.Context(), audit.Filter{}))
	if uint64(len(got)) != now || now < want+21 {
		t.Errorf("%d records, want %d", len(got), now)
	}
	if empty.added != len(got) {
		t.Errorf("the index was told %d entries of %d records", empty.added, len(got))
	}
	places, told := places(t, &empty.MemoryIndex), places(t, &x.MemoryIndex)
	if diff := cmp.Diff(told, places[:len(told)]); diff != "" {
		t.Errorf("entries as read again and as told (-told +read):\n%s", diff)
	}
}

func places(tb testing.TB, x audit.Index) []string {
	tb.Helper()
	var all []string
	for e, err := range x.Search(tb.Context(), audit.Filter{}) {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%+v", e))
	}
	return all
}

func TestIndexOverflows(t *testing.T) {
	t.Parallel()
	x := &brokenIndex{add: true}
	c := chained(t)
	c.Index = x
	c.Path = "/dev/shm/" + strings.ReplaceAll(t.Name(), "/", "-") + fmt.Sprint(os.Getpid()) + "/audit.jsonl"
	if _, err := os.Stat("/dev/shm"); err != nil {
		c.Path = chained(t).Path
	}
	t.Cleanup(func() { _ = os.RemoveAll(strings.TrimSuffix(c.Path, "/audit.jsonl")) })
	trail := open(t, c)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 100 {
				record(t, trail, event("alice"))
			}
		})
	}
	wg.Wait()
	x.set(func() { x.add = false })
	indexedUntil(t, trail, 5001)
}

// R35: an index that knows more than the files tells of files that were put
// back to an older state.
func TestIndexAheadOfTheFiles(t *testing.T) {
	t.Parallel()
	x := &audit.MemoryIndex{}
	c := chained(t)
	sample(t, c)
	if err := x.Add(t.Context(), []audit.IndexEntry{{Sequence: 80, Time: noon, Event: audit.PrimaryOK, File: 64}}, nil); err != nil {
		t.Fatal(err)
	}
	c.Index = x
	trail := open(t, c)
	record(t, trail, event("carol"))
	all := lines(t, c.Path)
	if e := all[21]; e.Sequence != 81 || e.Name != audit.AuditDisturbed || e.Detail["what"] != "index" {
		t.Errorf("record = %+v, want audit.disturbed as record 81", e)
	}
	if r := verify(t, c); len(r.Faults) != 1 || r.Faults[0].Kind != audit.Truncated || r.Faults[0].Sequence != 64 || r.Faults[0].Last != 80 {
		t.Errorf("faults = %v, want the loss of 64 to 80", r.Faults)
	}
}

// Both calls of a login, its session and its end are one story.
func TestStory(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	first, second := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::2")
	for _, e := range []audit.Event{
		{Name: audit.PrimaryOK, Outcome: audit.OK, Username: "alice", RequestID: "r1", Source: first},
		{Name: audit.PrimaryOK, Outcome: audit.OK, Username: "bob", RequestID: "rx", Source: first},
		{Name: audit.ChallengeIssued, Outcome: audit.OK, Username: "alice", RequestID: "r1", Source: first, Transaction: "tx1"},
		{Name: audit.ChallengeIssued, Outcome: audit.OK, Username: "bob", RequestID: "rx", Source: first, Transaction: "tx2"},
		{Name: audit.CallbackSeen, Outcome: audit.OK, Username: "alice", RequestID: "r2", Source: first, Transaction: "tx1"},
		{Name: audit.LoginDataRedirect, Outcome: audit.Refused, Username: "alice", RequestID: "r3", Source: second, Transaction: "tx1", Reason: "redirect"},
		{Name: audit.MFAAllowed, Outcome: audit.OK, Username: "alice", RequestID: "r4", Source: second, Transaction: "tx1", Detail: map[string]string{
			"factor": "duo_push", "reason": "user_approved", "device": "phone", "txid": "t-1", "access_ip": "198.51.100.7",
		}},
		{Name: audit.SessionReplaced, Outcome: audit.OK, Username: "alice", RequestID: "r4", Session: "s0"},
		{Name: audit.SessionStarted, Outcome: audit.OK, Username: "alice", Source: second, Transaction: "tx1", Session: "s1", Detail: map[string]string{"factor": "duo_push"}},
		{Name: audit.MFAReplay, Outcome: audit.Refused, Username: "alice", Source: second, Transaction: "tx1", Reason: "replay"},
		{Name: audit.SessionEnded, Outcome: audit.OK, Username: "alice", Session: "s1", Reason: "logout"},
		{Name: audit.MFARefused, Outcome: audit.Refused, Username: "bob", Transaction: "tx2", Reason: "denied", Detail: map[string]string{"txid": "t-2", "reason": "user_marked_fraud"}},
	} {
		record(t, trail, e)
	}
	reader := audit.NewReader(c.Path, nil)
	got, err := reader.Story(t.Context(), "tx1")
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, e := range got.Entries {
		events = append(events, string(e.Name))
	}
	if want := "primary.ok mfa.challenge mfa.callback_seen login_data.redirect_mismatch mfa.allowed session.replaced session.started mfa.replay session.ended"; strings.Join(events, " ") != want {
		t.Errorf("records %s, want %s", strings.Join(events, " "), want)
	}
	got.Entries = nil
	want := audit.Story{
		Transaction: "tx1", Username: "alice", Began: noon.UTC(), Ended: noon.UTC(), Outcome: audit.OK,
		Factor: "duo_push", Device: "phone", TxID: "t-1", AccessAddress: "198.51.100.7", DuoReason: "user_approved",
		Sources: []netip.Addr{first, second}, Sessions: []string{"s1"},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("Story (-want +got):\n%s", diff)
	}
	if got, err := reader.Story(t.Context(), "tx2"); err != nil || got.Outcome != audit.Refused || got.Reason != "denied" || got.DuoReason != "user_marked_fraud" {
		t.Errorf("Story of a refused login = %+v, %v", got, err)
	}
	for _, tx := range []string{"", "tx3"} {
		if got, err := reader.Story(t.Context(), tx); err != nil || len(got.Entries) != 0 {
			t.Errorf("Story(%q) = %+v, %v, want none", tx, got, err)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	record(t, trail, audit.Event{
		Name: audit.PrimaryRefused, Outcome: audit.Refused, Username: `=cmd|' /C calc'!A0`, Actor: "+1", UserAgent: "@x\x1b[2J", Reason: "-1",
		RequestID: "a,b\"c", Detail: map[string]string{"=k": "v\r\n=x", "z": "1"},
	})
	reader := audit.NewReader(c.Path, nil)
	var b strings.Builder
	if n, err := audit.Export(&b, audit.CSV, reader.Search(t.Context(), audit.Filter{After: 1})); err != nil || n != 1 {
		t.Fatalf("Export = %d, %v", n, err)
	}
	want := `sequence,time,node,event,outcome,user,unknown_user,unknown_user_bytes,actor,source,user_agent,tx,session,request_id,reason,detail,more_details` + "\n" +
		`2,2026-03-01T11:00:00.123456789Z,node-1,primary.refused,refused,'=cmd|' /C calc'!A0,,,'+1,,'@x\u001b[2J,,,"a,b""c",'-1,'=k=v\u000d\u000a=x; z=1,` + "\n"
	if b.String() != want {
		t.Errorf("CSV:\n%s\nwant:\n%s", b.String(), want)
	}
	b.Reset()
	if n, err := audit.Export(&b, audit.JSONLines, reader.Search(t.Context(), audit.Filter{})); err != nil || n != 2 {
		t.Fatalf("Export = %d, %v", n, err)
	}
	if text, err := os.ReadFile(c.Path); err != nil || b.String() != string(text) {
		t.Errorf("JSON lines:\n%s\nwant those of the trail:\n%s", b.String(), text)
	}
	if _, err := audit.Export(&b, "xml", nil); !errors.Is(err, audit.ErrBadFormat) {
		t.Errorf("Export in another format = %v, want ErrBadFormat", err)
	}
	for _, format := range []audit.Format{audit.CSV, audit.JSONLines} {
		failing := func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, errBroken) }
		if _, err := audit.Export(&b, format, failing); !errors.Is(err, errBroken) {
			t.Errorf("Export of a search that fails = %v", err)
		}
		if _, err := audit.Export(full{}, format, reader.Search(t.Context(), audit.Filter{})); !errors.Is(err, errBroken) {
			t.Errorf("Export to a writer that fails = %v", err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errBroken }
