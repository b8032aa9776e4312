package mfatest

import (
	"errors"
	"testing"
	"time"

	"mfaserver/mfa"
)

// TestPauses checks pauses against the contract of [mfa.Pauses]. newPauses
// returns empty ones.
func TestPauses(t *testing.T, newPauses func(t *testing.T) mfa.Pauses) {
	t.Helper()
	s := newPauses(t)
	phone := mfa.Braked{DuoUsername: "alice"}
	kept := mfa.Pause{Until: start.Add(time.Minute), Turn: 1<<64 - 1, Strikes: 3, Frauds: 1}
	set := func(of mfa.Braked, p mfa.Pause) {
		t.Helper()
		if err := s.Change(t.Context(), of, start, func(now *mfa.Pause) error { *now = p; return nil }); err != nil {
			t.Fatalf("Change = %v, want nil", err)
		}
	}
	want := func(of mfa.Braked, p mfa.Pause) {
		t.Helper()
		var got mfa.Pause
		errLook := errors.New("only looking")
		err := s.Change(t.Context(), of, start, func(now *mfa.Pause) error { got, *now = *now, mfa.Pause{Strikes: 99}; return errLook })
		if !errors.Is(err, errLook) || !got.Until.Equal(p.Until) || got.Turn != p.Turn || got.Strikes != p.Strikes || got.Frauds != p.Frauds {
			t.Errorf("%+v has %+v, %v, want %+v", of, got, err, p)
		}
	}
	want(phone, mfa.Pause{})
	set(phone, kept)
	want(phone, kept)
	want(phone, kept) // looking changes nothing
	want(mfa.Braked{DuoUsername: "alice", Passcodes: true}, mfa.Pause{})
	want(mfa.Braked{DuoUsername: "bob"}, mfa.Pause{})
	set(phone, mfa.Pause{})
	want(phone, mfa.Pause{})

	errBraked := errors.New("braked")
	won := 0
	for _, err := range race(func() error {
		return s.Change(t.Context(), phone, start, func(p *mfa.Pause) error {
			if p.Until.After(start) {
				return errBraked
			}
			*p = kept
			return nil
		})
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, errBraked):
			t.Errorf("Change by many at once = %v, want nil or the error of change", err)
		}
	}
	// Threat T037: of many questions at once one is asked.
	if won != 1 {
		t.Errorf("%d of %d racers may ask, want 1", won, Racers)
	}
	for _, err := range race(func() error {
		return s.Change(t.Context(), phone, start, func(p *mfa.Pause) error { p.Strikes++; return nil })
	}) {
		if err != nil {
			t.Errorf("Change by many at once = %v, want nil", err)
		}
	}
	want(phone, mfa.Pause{Until: kept.Until, Turn: kept.Turn, Strikes: kept.Strikes + Racers, Frauds: kept.Frauds})
}
