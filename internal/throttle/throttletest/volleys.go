package throttletest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

func (s suite) volleyGetsNoFurther(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15})
	alice := subject("alice", "")
	fail(t, l, alice, 4)
	// Threat T007: a hundred guesses at once are no more than six one by one.
	var running []*throttle.Attempt
	for range 100 {
		a, err := l.Take(t.Context(), alice)
		if err != nil {
			if !errors.Is(err, throttle.ErrThrottled) {
				t.Fatalf("Take = %v, want ErrThrottled", err)
			}
			continue
		}
		running = append(running, a)
	}
	if len(running) != 6 {
		t.Fatalf("%d attempts run at once after 4 failures, want 6", len(running))
	}
	running[0].End()
	running[0].End()
	if err := running[0].Fail(t.Context()); err != nil {
		t.Errorf("Fail after End = %v", err)
	}
	a := takeSoon(t, l, alice)
	for _, a := range append(running[1:], a) {
		if err := a.Fail(t.Context()); err != nil {
			t.Errorf("Fail = %v", err)
		}
	}
	refused(t, l, alice, throttle.ScopeAccount, time.Minute)
	// After the wait there is one attempt, not many.
	clk.Advance(time.Minute)
	a, err := l.Take(t.Context(), alice)
	if err != nil {
		t.Fatalf("Take = %v, want nil", err)
	}
	if _, err := l.Take(t.Context(), alice); !errors.Is(err, throttle.ErrThrottled) {
		t.Errorf("second Take = %v, want ErrThrottled", err)
	}
	a.End()
}

func (s suite) successesAreNotLimited(t *testing.T) {
	t.Helper()
	l, _ := s.counters(t, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15})
	var running []*throttle.Attempt
	for range 1000 {
		a, err := l.Take(t.Context(), subject("alice", "192.0.2.1"))
		if err != nil {
			t.Fatalf("Take without a failure = %v, want nil", err)
		}
		running = append(running, a)
	}
	for _, a := range running {
		a.End()
	}
	allowed(t, l, subject("alice", "192.0.2.1"))
}

func (s suite) refusedTakeReservesNothing(t *testing.T) {
	t.Helper()
	l, _ := s.counters(t, throttle.Config{
		Source:  throttle.Rule{Limit: 2, Window: time.Minute},
		Account: throttle.Rule{Limit: 2, Window: time.Minute},
	})
	fail(t, l, subject("", "192.0.2.1"), 1)
	fail(t, l, subject("alice", ""), 2)
	for range 10 {
		if _, err := l.Take(t.Context(), subject("alice", "192.0.2.1")); !errors.Is(err, throttle.ErrThrottled) {
			t.Fatalf("Take = %v, want ErrThrottled", err)
		}
	}
	a, err := l.Take(t.Context(), subject("bob", "192.0.2.1"))
	if err != nil {
		t.Fatalf("Take = %v, want nil: the refused ones hold the source", err)
	}
	a.End()
}

func (s suite) concurrentUse(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15, KnownFor: time.Hour})
	var guesses atomic.Int64
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := range 200 {
				s := subject("alice", fmt.Sprintf("192.0.2.%d", (w*7+i)%32))
				a, err := l.Take(t.Context(), s)
				if errors.Is(err, throttle.ErrThrottled) {
					continue
				}
				if err != nil {
					t.Errorf("Take = %v, want nil or ErrThrottled", err)
					return
				}
				guesses.Add(1)
				if err := a.Fail(t.Context()); err != nil {
					t.Errorf("Fail = %v", err)
				}
			}
		})
	}
	wg.Wait()
	// The first volley may be as wide as it likes, for nothing failed yet;
	// after it the limit holds.
	if n := guesses.Load(); n > 10+16 {
		t.Errorf("%d guesses got through 16 workers, want at most 26", n)
	}
	clk.Advance(time.Hour)
	allowed(t, l, subject("alice", "192.0.2.1"))
}
