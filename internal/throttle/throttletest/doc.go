// Package throttletest is the conformance suite of [throttle.Counters]: those of
// one node and those that nodes share pass it alike.
package throttletest

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

// suite makes fresh counters for each test.
type suite struct {
	make func(t *testing.T, c throttle.Config) throttle.Counters
}

// TestCounters checks counters against their contract. newCounters makes them
// by the rules and the clock of c; nothing was counted in them before. It is
// called by several tests at once.
func TestCounters(t *testing.T, newCounters func(t *testing.T, c throttle.Config) throttle.Counters) {
	t.Helper()
	s := suite{newCounters}
	for name, test := range map[string]func(*testing.T){
		"account over all sources":   s.accountOverAllSources,
		"delay grows, is forgotten":  s.delayGrowsAndIsForgotten,
		"window slides":              s.windowSlides,
		"sources":                    s.sources,
		"global budget":              s.globalBudget,
		"known source":               s.knownSource,
		"success takes nothing back": s.successTakesNothingBack,
		"nothing to count":           s.nothingToCount,
		"factor":                     s.factor,
		"change":                     s.changeKeepsWhatWasCounted,
		"recall":                     s.recall,
		"volley":                     s.volleyGetsNoFurther,
		"successes are not limited":  s.successesAreNotLimited,
		"refused take":               s.refusedTakeReservesNothing,
		"concurrent use":             s.concurrentUse,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// clock is a clock that moves when told.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_800_000_000, c.at.Load()) }
func (c *clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

func (s suite) counters(t *testing.T, c throttle.Config) (throttle.Counters, *clock) {
	t.Helper()
	clk := &clock{}
	c.Now = clk.Now
	return s.make(t, c), clk
}

func subject(account, source string) throttle.Subject {
	s := throttle.Subject{Account: account}
	if source != "" {
		s.Source = netip.MustParseAddr(source)
	}
	return s
}

func fail(t *testing.T, l throttle.Counters, s throttle.Subject, times int) {
	t.Helper()
	for range times {
		if err := l.Fail(t.Context(), s); err != nil {
			t.Fatalf("Fail = %v", err)
		}
	}
}

func allowed(t *testing.T, l throttle.Counters, s throttle.Subject) {
	t.Helper()
	if err := l.Check(t.Context(), s); err != nil {
		t.Errorf("Check(%+v) = %+v, want nil", s, err)
	}
}

func refused(t *testing.T, l throttle.Counters, s throttle.Subject, scope throttle.Scope, wait time.Duration) {
	t.Helper()
	says(t, "Check", l.Check(t.Context(), s), scope, wait)
}

func says(t *testing.T, what string, err error, scope throttle.Scope, wait time.Duration) {
	t.Helper()
	e, ok := errors.AsType[*throttle.Error](err)
	if !ok || !errors.Is(err, throttle.ErrThrottled) || e.Scope != scope || e.RetryAfter != wait {
		t.Errorf("%s = %+v, want scope %s and a wait of %s", what, err, scope, wait)
	}
}

// takeSoon takes where a place was given back: nobody waits for that.
func takeSoon(t *testing.T, l throttle.Counters, s throttle.Subject) *throttle.Attempt {
	t.Helper()
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); { //nolint:forbidigo // how long to wait in truth
		var a *throttle.Attempt
		if a, err = l.Take(t.Context(), s); err == nil {
			return a
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("Take after an End = %v, want nil", err)
	return nil
}

var tenIn15 = throttle.Rule{Limit: 10, Window: 15 * time.Minute}
