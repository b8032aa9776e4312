package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	done, left := r.begin(t, asUser("alice")), r.begin(t, asUser("bob"))
	r.redeems(t, done.second)
	records := len(r.audit.Events())
	sweep := func(want int) {
		t.Helper()
		if got, err := r.Sweep(t.Context()); err != nil || got != want {
			t.Fatalf("Sweep = %d, %v, want %d, nil", got, err, want)
		}
	}
	r.clock.Add(15 * time.Minute) // kept a little, so that replays are seen as such
	sweep(0)
	r.refuses(t, done.second, mfa.ErrRefused, mfa.ErrNotPending)
	r.clock.Add(time.Millisecond)
	sweep(2)
	e := r.wantLast(t, audit.TransactionExpired, audit.OK, "")
	if e.Username != "bob" || e.Transaction != left.begun.Transaction || len(r.audit.Events()) != records+2 {
		t.Errorf("record is %+v, want one about bob's login only", e)
	}
	r.wantReleased(t, "upstream session of bob")
	for _, l := range []login{done, left} {
		r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrUnknownState)
	}
	sweep(0)
}

func TestSweepOfMany(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 1_203 {
		r.begin(t, asUser(fmt.Sprint(n)))
	}
	r.clock.Add(time.Hour)
	if got, err := r.Sweep(t.Context()); err != nil || got != 1_203 {
		t.Errorf("Sweep = %d, %v, want 1203, nil", got, err)
	}
	if got := len(r.released.Released()); got != 1_203 {
		t.Errorf("%d carries released, want 1203", got)
	}
}

func TestSweepStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 600 {
		r.begin(t, asUser(fmt.Sprint(n)))
	}
	r.clock.Add(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := r.Sweep(ctx); err != nil || got != 500 {
		t.Errorf("Sweep that was told to stop = %d, %v, want one batch of 500, nil", got, err)
	}
}

func TestSweepReleasesWithoutARecord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.begin(t, asUser("alice"))
	r.begin(t, asUser("bob"))
	r.clock.Add(time.Hour)
	errDisk := errors.New("disk full")
	r.audit.Fail(errDisk)
	got, err := r.Sweep(t.Context())
	matches(t, "Sweep", err, mfa.ErrUnavailable, errDisk)
	if got != 2 {
		t.Errorf("Sweep = %d, want 2", got)
	}
	r.wantReleased(t, "upstream session of alice", "upstream session of bob")
}
