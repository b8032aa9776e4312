package helpdesktest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/helpdesk"
)

// Lapses implements [helpdesk.Lapses] in memory, for tests.
type Lapses struct {
	mu   sync.Mutex
	kept []helpdesk.Lapse // guarded by mu
	fail error            // guarded by mu
}

var _ helpdesk.Lapses = (*Lapses)(nil)

// Fail lets every call fail with err; nil ends that.
func (l *Lapses) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// Keep implements [helpdesk.Lapses].
func (l *Lapses) Keep(_ context.Context, one helpdesk.Lapse) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.kept = append(slices.DeleteFunc(l.kept, one.Same), one)
	slices.SortStableFunc(l.kept, func(a, b helpdesk.Lapse) int { return a.Due.Compare(b.Due) })
	return nil
}

// Forget implements [helpdesk.Lapses].
func (l *Lapses) Forget(_ context.Context, one helpdesk.Lapse) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return l.fail
	}
	l.kept = slices.DeleteFunc(l.kept, func(other helpdesk.Lapse) bool { return other == one })
	return nil
}

// All implements [helpdesk.Lapses].
func (l *Lapses) All(context.Context) ([]helpdesk.Lapse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept), l.fail
}

// Lapse is one for tests.
func Lapse(id string, due time.Time) helpdesk.Lapse {
	return helpdesk.Lapse{
		Org: "default", Kind: helpdesk.LapseUser, ID: id, Name: "pat \"ä\"", To: "active", Due: due,
		Actor: "helen", Reason: "lost phone, ticket 4711",
	}
}

// TestLapses checks an implementation against its contract. newLapses returns an
// empty one; again returns another one over the same memory.
func TestLapses(t *testing.T, newLapses func(t *testing.T) (one, again helpdesk.Lapses)) {
	t.Helper()
	one, again := newLapses(t)
	wants := func(want ...helpdesk.Lapse) {
		t.Helper()
		for _, l := range []helpdesk.Lapses{one, again} {
			if got, err := l.All(t.Context()); err != nil || !slices.Equal(got, want) {
				t.Fatalf("All = %+v, %v, want %+v", got, err, want)
			}
		}
	}
	wants()
	at := start.UTC().Truncate(time.Second)
	late, soon := Lapse("DU1", at.Add(time.Hour)), Lapse("DU2", at)
	group, other := Lapse("DU1", at.Add(2*time.Hour)), Lapse("DU1", at.Add(3*time.Hour))
	group.Kind, other.Org = helpdesk.LapseGroup, "clinic-a"
	for _, l := range []helpdesk.Lapse{late, soon, group, other} {
		if err := one.Keep(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	wants(soon, late, group, other)
	longer := late
	longer.Due = at.Add(90 * time.Minute)
	if err := again.Keep(t.Context(), longer); err != nil {
		t.Fatal(err)
	}
	if err := one.Forget(t.Context(), late); err != nil {
		t.Fatalf("Forget of one that was replaced = %v, want nil", err)
	}
	wants(soon, longer, group, other)
	for range 2 {
		if err := again.Forget(t.Context(), longer); err != nil {
			t.Fatal(err)
		}
	}
	wants(soon, group, other)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := one.Keep(t.Context(), soon); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wants(soon, group, other)
}
