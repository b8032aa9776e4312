package throttletest

import (
	"fmt"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

func (s suite) accountOverAllSources(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15})
	// Threat T007: guesses at one account from many sources share a counter.
	for i := range 9 {
		fail(t, l, subject("alice", fmt.Sprintf("192.0.2.%d", i)), 1)
	}
	allowed(t, l, subject("alice", "198.51.100.1"))
	fail(t, l, subject("alice", ""), 1)
	refused(t, l, subject("alice", "198.51.100.1"), throttle.ScopeAccount, time.Minute)
	allowed(t, l, subject("bob", "192.0.2.1"))
	clk.Advance(time.Minute - time.Millisecond)
	refused(t, l, subject("alice", "198.51.100.1"), throttle.ScopeAccount, time.Millisecond)
	clk.Advance(time.Millisecond)
	allowed(t, l, subject("alice", "198.51.100.1"))
}

func (s suite) delayGrowsAndIsForgotten(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15})
	alice := subject("alice", "")
	fail(t, l, alice, 10)
	for _, minutes := range []int{1, 2, 4, 8, 15, 15, 15} {
		wait := time.Duration(minutes) * time.Minute
		refused(t, l, alice, throttle.ScopeAccount, wait)
		// Threat T008: the limit is soft, its end is known, the wait bounded.
		clk.Advance(wait)
		allowed(t, l, alice)
		fail(t, l, alice, 1)
	}
	clk.Advance(15*time.Minute + 15*time.Minute - time.Millisecond)
	fail(t, l, alice, 1)
	refused(t, l, alice, throttle.ScopeAccount, 15*time.Minute)
	clk.Advance(15*time.Minute + 15*time.Minute)
	fail(t, l, alice, 9)
	allowed(t, l, alice)
	fail(t, l, alice, 1)
	refused(t, l, alice, throttle.ScopeAccount, time.Minute)
}

func (s suite) windowSlides(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15})
	alice := subject("alice", "")
	// Nine now and nine a whole window later are never ten in a window.
	fail(t, l, alice, 9)
	clk.Advance(15 * time.Minute)
	fail(t, l, alice, 9)
	allowed(t, l, alice)
	// One every two minutes never is either.
	clk.Advance(15 * time.Minute)
	for range 100 {
		fail(t, l, alice, 1)
		clk.Advance(2 * time.Minute)
		allowed(t, l, alice)
	}
	// But ten within fourteen minutes are, however they lie.
	clk.Advance(15*time.Minute + 40*time.Second)
	fail(t, l, alice, 5)
	clk.Advance(14 * time.Minute)
	fail(t, l, alice, 5)
	refused(t, l, alice, throttle.ScopeAccount, time.Minute)
}

func (s suite) sources(t *testing.T) {
	t.Helper()
	rule := throttle.Rule{Limit: 3, Window: time.Minute, Delay: time.Second, MaxDelay: time.Second}
	for _, c := range []struct {
		name string
		from []string
		at   string
		full bool
	}{
		{"one IPv4 address", []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, "192.0.2.1", true},
		{"IPv4 neighbours are others", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, "192.0.2.1", false},
		{"IPv4 inside IPv6 is IPv4", []string{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"}, "::ffff:192.0.2.1", true},
		{"IPv4 inside IPv6 is no /64", []string{"::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:192.0.2.3"}, "::ffff:192.0.2.4", false},
		// Threat T007, T182: turning addresses inside a /64 gains nothing.
		{"a /64 is one source", []string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:2:3"}, "2001:db8:0:0:9::", true},
		{"the next /64 is another", []string{"2001:db8::1", "2001:db8::2", "2001:db8::3"}, "2001:db8:0:1::1", false},
		{"zones do not count", []string{"fe80::1%a", "fe80::1%b", "fe80::1%c"}, "fe80::1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := s.counters(t, throttle.Config{Source: rule})
			for i, from := range c.from {
				fail(t, l, subject(fmt.Sprint("user", i), from), 1)
			}
			if c.full {
				refused(t, l, subject("somebody", c.at), throttle.ScopeSource, time.Second)
			} else {
				allowed(t, l, subject("somebody", c.at))
			}
			allowed(t, l, subject("user0", ""))
		})
	}
}

func (s suite) globalBudget(t *testing.T) {
	t.Helper()
	l, _ := s.counters(t, throttle.Config{Global: throttle.Rule{Limit: 5, Window: time.Minute}, KnownFor: time.Hour})
	if err := l.Succeed(t.Context(), subject("alice", "192.0.2.9")); err != nil {
		t.Fatal(err)
	}
	// Threat T007: one password against many accounts from many places.
	for i := range 5 {
		fail(t, l, subject(fmt.Sprint("user", i), fmt.Sprintf("192.0.2.%d", i)), 1)
	}
	refused(t, l, subject("carol", "198.51.100.1"), throttle.ScopeGlobal, 4*time.Second)
	allowed(t, l, subject("alice", "192.0.2.9"))
}

func (s suite) knownSource(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15, KnownFor: 24 * time.Hour})
	home, evil := subject("alice", "192.0.2.1"), subject("alice", "203.0.113.1")
	if err := l.Succeed(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	// Threat T008: an attacker fills the account's counter; its owner, from
	// where she signed in before, does not notice.
	fail(t, l, evil, 50)
	refused(t, l, subject("alice", "198.51.100.1"), throttle.ScopeAccount, 15*time.Minute)
	allowed(t, l, home)
	allowed(t, l, subject("alice", "::ffff:192.0.2.1"))
	// The known source has its own ten.
	fail(t, l, home, 10)
	refused(t, l, home, throttle.ScopeAccount, time.Minute)
	// Known is not for ever.
	clk.Advance(24 * time.Hour)
	fail(t, l, evil, 10)
	refused(t, l, home, throttle.ScopeAccount, time.Minute)
}

func (s suite) successTakesNothingBack(t *testing.T) {
	t.Helper()
	l, _ := s.counters(t, throttle.Config{Account: tenIn15, Source: throttle.Rule{Limit: 10, Window: 15 * time.Minute}, KnownFor: time.Hour})
	// Threat T007: an attacker with an account of his own signs in between
	// guesses; his source's counter stays.
	for i := range 10 {
		fail(t, l, subject(fmt.Sprint("victim", i), "203.0.113.1"), 1)
		if err := l.Succeed(t.Context(), subject("mallory", "203.0.113.1")); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, l, subject("victim99", "203.0.113.1"), throttle.ScopeSource, time.Minute)
}

func (s suite) nothingToCount(t *testing.T) {
	t.Helper()
	l, _ := s.counters(t, throttle.Config{Source: tenIn15})
	fail(t, l, subject("alice", ""), 100)
	allowed(t, l, subject("alice", ""))
	if err := l.Succeed(t.Context(), subject("", "192.0.2.1")); err != nil {
		t.Errorf("Succeed = %v, want nil", err)
	}
}

func (s suite) factor(t *testing.T) {
	t.Helper()
	l, _ := s.counters(t, throttle.Config{Account: tenIn15, Factor: 100})
	fail(t, l, subject("alice", ""), 999)
	allowed(t, l, subject("alice", ""))
	fail(t, l, subject("alice", ""), 1)
	refused(t, l, subject("alice", ""), throttle.ScopeAccount, time.Minute)
}

func (s suite) recall(t *testing.T) {
	t.Helper()
	l, clk := s.counters(t, throttle.Config{Account: tenIn15, Source: tenIn15})
	alice := subject("alice", "192.0.2.1")
	if err := l.Recall(alice); err != nil {
		t.Errorf("Recall of a stranger = %v, want nil", err)
	}
	fail(t, l, alice, 10)
	refused(t, l, alice, throttle.ScopeSource, time.Minute)
	refused(t, l, alice, throttle.ScopeSource, time.Minute)
	says(t, "Recall", l.Recall(alice), throttle.ScopeSource, time.Minute)
	if err := l.Recall(subject("bob", "192.0.2.2")); err != nil {
		t.Errorf("Recall of another one = %v, want nil", err)
	}
	clk.Advance(time.Minute)
	if err := l.Recall(alice); err != nil {
		t.Errorf("Recall after the wait = %v, want nil", err)
	}
}
