package mfatest

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"mfaserver/mfa"
)

// TestCodes checks a store against the contract of [mfa.Codes]. newStore
// returns an empty one.
func TestCodes(t *testing.T, newStore func(t *testing.T) mfa.Codes) {
	t.Helper()
	s := newStore(t)
	until := start.Add(10 * time.Minute)
	spend := func(code string, until, now time.Time, want bool) {
		t.Helper()
		got, err := s.Spend(t.Context(), sha256.Sum256([]byte(code)), until, now)
		if err != nil || got != want {
			t.Errorf("Spend(%s) at %s = %t, %v, want %t, nil", code, now.Format(time.RFC3339Nano), got, err, want)
		}
	}
	spend("one", until, start, true)
	spend("one", until, start, false)
	spend("two", until, start, true)
	spend("one", until, until.Add(-time.Millisecond), false)
	spend("one", until.Add(time.Hour), until, true)
	spend("one", until.Add(time.Hour), until, false)

	errSpent := errors.New("spent")
	won := 0
	for _, err := range race(func() error {
		fresh, err := s.Spend(t.Context(), sha256.Sum256([]byte("raced")), until, start)
		if err == nil && !fresh {
			return errSpent
		}
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, errSpent):
			t.Errorf("Spend by many at once = %v, want nil", err)
		}
	}
	// Threat T069: one use in the whole cluster.
	if won != 1 {
		t.Errorf("%d of %d racers spent the code, want 1", won, Racers)
	}
}
