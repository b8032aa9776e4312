package stats_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/audit"
	"mfaserver/internal/stats"
)

// clock is moved by tests.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// trail takes everything, or nothing.
type trail struct{ err error }

func (t trail) Record(context.Context, audit.Event) error { return t.err }

func allowed(factor string) audit.Event {
	return audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK, Detail: map[string]string{"factor": factor}}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := stats.New(c.now)
	r := s.Watch(trail{})
	for _, e := range []audit.Event{
		allowed("duo_push"),
		allowed("duo_push"),
		allowed(""),
		{Name: audit.MFAExempt, Outcome: audit.OK},
		{Name: audit.MFAExempt, Outcome: audit.Refused},
		{Name: audit.CodeUsed, Outcome: audit.OK},
		{Name: audit.PrimaryRefused, Outcome: audit.Refused},
		{Name: audit.UserDenied, Outcome: audit.OK},
		{Name: audit.TransactionExpired, Outcome: audit.OK},
		{Name: audit.DuoUnavailable, Outcome: audit.Failed},
		{Name: audit.ChallengeIssued, Outcome: audit.OK}, // not the end of a login
		{Name: audit.Fatigue, Outcome: audit.OK},
	} {
		if err := r.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	c.pass(time.Hour)
	if err := r.Record(t.Context(), allowed("passcode")); err != nil {
		t.Fatal(err)
	}
	got := s.Logins(time.Hour, 3)
	want := []stats.Slot{
		{From: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Factors: map[string]int{}, Alarms: map[audit.Name]int{}},
		{
			From: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Outcomes: [5]int{5, 1, 2, 1, 1},
			Factors: map[string]int{"duo_push": 2, stats.FactorNone: 1, stats.FactorExempt: 1, stats.FactorCode: 1},
			Alarms:  map[audit.Name]int{audit.Fatigue: 1},
		},
		{From: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Outcomes: [5]int{1}, Factors: map[string]int{"passcode": 1}, Alarms: map[audit.Name]int{}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Logins: %s", d)
	}
	if day := s.Logins(24*time.Hour, 1)[0]; day.All() != 11 || day.Factors["duo_push"] != 2 {
		t.Errorf("day = %+v, want 11 logins", day)
	}
	if n := len(s.Logins(time.Hour, 1)[0].Factors); n != 1 {
		t.Errorf("the last hour has %d factors, want 1", n)
	}
}

func TestWatchCountsNothingUnrecorded(t *testing.T) {
	t.Parallel()
	s := stats.New(newClock().now)
	err := s.Watch(trail{audit.ErrUnwritten}).Record(t.Context(), allowed("duo_push"))
	if !errors.Is(err, audit.ErrUnwritten) {
		t.Errorf("Record = %v, want ErrUnwritten", err)
	}
	if n := s.Logins(time.Hour, 1)[0].All(); n != 0 {
		t.Errorf("counted %d, want 0", n)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := stats.New(c.now)
	r := s.Watch(trail{})
	for i := range 100 {
		_ = r.Record(t.Context(), allowed(fmt.Sprint("factor", i)))
	}
	slot := s.Logins(time.Hour, 1)[0]
	if len(slot.Factors) != 33 || slot.Factors[stats.FactorOther] != 68 || slot.All() != 100 {
		t.Errorf("factors = %v, want 32 and 68 others", slot.Factors)
	}
	c.pass(stats.Kept + 2*time.Hour)
	_ = r.Record(t.Context(), allowed("duo_push"))
	if got := s.Logins(24*time.Hour, 60); got[59].All() != 1 || got[28].All() != 0 {
		t.Error("what is too old is still counted")
	}
}

func TestPrime(t *testing.T) {
	t.Parallel()
	c := newClock()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	open := func(index audit.Index) *audit.Trail {
		tr, err := audit.New(audit.Config{Path: path, Unchained: true, Node: "n", Now: c.now, Index: index})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	tr := open(nil)
	record := func(r audit.Recorder, e audit.Event) {
		t.Helper()
		if err := r.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	record(tr, allowed("too_old"))
	c.pass(stats.Kept + time.Hour)
	record(tr, allowed("duo_push"))
	record(tr, audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused})
	c.pass(time.Hour)

	s := stats.New(c.now)
	record(s.Watch(tr), allowed("passcode")) // is counted once, though it is in the trail by then
	if got := s.Since(); !got.Equal(c.now()) {
		t.Errorf("Since = %v before it was primed, want the start", got)
	}
	files := audit.NewReader(path, nil)
	if err := s.Prime(t.Context(), files, files); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	day := s.Logins(24*time.Hour, 31)
	all, factors := 0, map[string]int{}
	for i := range day {
		all += day[i].All()
		for f, n := range day[i].Factors {
			factors[f] += n
		}
	}
	if want := map[string]int{"duo_push": 1, "passcode": 1}; all != 3 || !cmp.Equal(factors, want) {
		t.Errorf("primed %d logins, %v; want 3, %v", all, factors, want)
	}
	if got := s.Since(); !got.Equal(c.now().Add(-stats.Kept)) {
		t.Errorf("Since = %v, want thirty days ago", got)
	}
}

// failing is a trail that cannot be read.
type failing struct{}

var errDisk = errors.New("disk")

func (failing) Search(context.Context, audit.Filter) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, errDisk) }
}

func TestPrimeFails(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := stats.New(c.now)
	if err := s.Prime(t.Context(), failing{}, failing{}); !errors.Is(err, errDisk) {
		t.Errorf("Prime = %v, want that of the trail", err)
	}
	if got := s.Since(); !got.Equal(c.now()) {
		t.Errorf("Since = %v, want the start", got)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := stats.New(c.now)
	for i := range 100 {
		s.Answered(time.Duration(i+1)*time.Millisecond, false)
	}
	s.Answered(10*time.Second, true)
	c.pass(2 * stats.LatencyStep)
	s.Answered(time.Hour, false)
	got := s.Latency(3)
	if len(got) != 3 || got[0].Calls != 101 || got[0].Failed != 1 || got[1].Calls != 0 || got[1].Median != 0 {
		t.Fatalf("Latency = %+v", got)
	}
	near := func(what string, got, want time.Duration) {
		t.Helper()
		if got < want*85/100 || got > want*115/100 {
			t.Errorf("%s = %v, want about %v", what, got, want)
		}
	}
	near("median", got[0].Median, 50*time.Millisecond)
	near("95 %", got[0].P95, 95*time.Millisecond)
	if got[2].Median < time.Minute {
		t.Errorf("an hour shows as %v", got[2].Median)
	}
	if !got[2].From.Equal(time.Date(2026, 11, 22, 9, 40, 0, 0, time.UTC)) {
		t.Errorf("From = %v", got[2].From)
	}
	c.pass(24 * time.Hour)
	for _, l := range s.Latency(1 << 20) {
		if l.Calls != 0 {
			t.Errorf("yesterday's calls show: %+v", l)
		}
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := stats.New(c.now)
	s.NotePeople(10, 5)
	s.NotePeople(10, 4)
	first := c.now()
	c.pass(time.Hour)
	s.NotePeople(11, 3)
	want := []stats.People{{At: first, Total: 10, Unenrolled: 4}, {At: c.now(), Total: 11, Unenrolled: 3}}
	if d := cmp.Diff(want, s.People()); d != "" {
		t.Errorf("People: %s", d)
	}
	c.pass(stats.Kept + time.Minute)
	s.NotePeople(12, 0)
	if got := s.People(); len(got) != 1 {
		t.Errorf("People = %v, want the last alone", got)
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := stats.New(nil)
	r := s.Watch(trail{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				_ = r.Record(t.Context(), allowed("duo_push"))
				s.Answered(time.Millisecond, false)
				s.NotePeople(1, 1)
				s.Logins(time.Hour, 24)
				s.Latency(10)
				s.People()
			}
		})
	}
	all.Wait()
	total := 0
	for _, slot := range s.Logins(time.Hour, 2) {
		total += slot.All()
	}
	if total != 1600 {
		t.Errorf("counted %d, want 1600", total)
	}
}
