package mfatest

import (
	"net/netip"
	"testing"
	"time"

	"mfaserver/mfa"
)

// TestSources checks a store against the contract of [mfa.Sources]. newStore
// returns an empty one.
func TestSources(t *testing.T, newStore func(t *testing.T) mfa.Sources) {
	t.Helper()
	s := newStore(t)
	home, away := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	until := start.Add(time.Hour)
	known := func(user string, addr netip.Addr, now time.Time, want bool) {
		t.Helper()
		got, err := s.Known(t.Context(), user, addr, now)
		if err != nil || got != want {
			t.Errorf("Known(%s, %s, %s) = %t, %v, want %t, nil", user, addr, now.Format(time.RFC3339Nano), got, err, want)
		}
	}
	remember := func(user string, addr netip.Addr, until time.Time) {
		t.Helper()
		if err := s.Remember(t.Context(), user, addr, until); err != nil {
			t.Fatalf("Remember = %v, want nil", err)
		}
	}
	known("alice", home, start, false)
	remember("alice", home, until)
	known("alice", home, start, true)
	known("alice", home, until.Add(-time.Millisecond), true)
	known("alice", home, until, false)
	known("alice", away, start, false)
	known("bob", home, start, false)
	known("Alice", home, start, false)

	remember("alice", home, until.Add(-time.Minute)) // a later time wins
	known("alice", home, until.Add(-time.Millisecond), true)
	remember("alice", home, until.Add(time.Hour))
	known("alice", home, until, true)

	remember("alice", away, until)
	known("alice", away, start, true)

	for _, err := range race(func() error { return s.Remember(t.Context(), "carol", away, until) }) {
		if err != nil {
			t.Errorf("Remember by many at once = %v, want nil", err)
		}
	}
	known("carol", away, start, true)
}
