package mfa_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

func TestWaiting(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	want := map[mfa.Key]string{}
	for _, name := range []string{"alice", "bob", "carol"} {
		l := r.begin(t, asUser(name))
		want[mfa.KeyOf(l.state)] = name
	}
	done := r.begin(t, asUser("dora"))
	r.redeems(t, done.second)

	var got []mfa.Waiting
	for after := (mfa.Key{}); ; {
		page, err := r.Waiting(t.Context(), after, 2)
		if err != nil {
			t.Fatalf("Waiting = %v, want nil", err)
		}
		got = append(got, page...)
		if len(page) < 2 {
			break
		}
		after = page[len(page)-1].Key
	}
	if len(got) != len(want) {
		t.Fatalf("Waiting gave %d logins, want %d", len(got), len(want))
	}
	for i, w := range got {
		if w.Username != want[w.Key] || w.Phase != mfa.Pending || !w.ExpiresAt.After(w.StartedAt) || w.Addr == "" {
			t.Errorf("Waiting gave %+v, want the login of %q", w, want[w.Key])
		}
		if i > 0 && bytes.Compare(got[i-1].Key[:], w.Key[:]) >= 0 {
			t.Error("the keys are not in order")
		}
	}
	r.clock.Add(11 * time.Minute)
	if got, err := r.Waiting(t.Context(), mfa.Key{}, 1); err != nil || len(got) != 0 {
		t.Errorf("Waiting = %v, %v after their time, want none", got, err)
	}
}

// A login that an administrator cancelled opens nothing, and the trail says
// who did it and why.
func TestCancel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	k := mfa.KeyOf(l.state)
	admin := from("198.51.100.9")
	for range 2 {
		if err := r.Cancel(t.Context(), k, "root", "not his", admin); err != nil {
			t.Fatalf("Cancel = %v, want nil", err)
		}
	}
	if got := r.audit.Count(audit.MFACancelled); got != 1 {
		t.Errorf("%d recorded, want 1", got)
	}
	e := r.wantLast(t, audit.MFACancelled, audit.OK, "not his")
	if e.Username != "alice" || e.Actor != "root" || e.Source != admin.Addr || e.Transaction != k.Handle() {
		t.Errorf("record is %+v, want who, whose, and from where", e)
	}
	r.wantPhase(t, l.state, mfa.Denied)
	r.wantReleased(t, "upstream session of alice")
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrDenied)
	r.wantExchanges(t, 0)
}

func TestCancelRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cancel := func(k mfa.Key, by, reason string, want ...error) {
		t.Helper()
		matches(t, "Cancel", r.Cancel(t.Context(), k, by, reason, from("192.0.2.1")), want...)
	}
	cancel(mfa.Key{1}, "root", "why", mfa.ErrRefused, mfa.ErrUnknownState)
	live := r.begin(t, asUser("alice"))
	cancel(mfa.KeyOf(live.state), "", "why", mfa.ErrArgument)
	cancel(mfa.KeyOf(live.state), "root", "", mfa.ErrArgument)
	r.wantPhase(t, live.state, mfa.Pending)
	r.redeems(t, live.second)
	cancel(mfa.KeyOf(live.state), "root", "why", mfa.ErrRefused, mfa.ErrNotPending)
	late := r.begin(t, asUser("alice"))
	r.clock.Add(10 * time.Minute)
	cancel(mfa.KeyOf(late.state), "root", "why", mfa.ErrRefused, mfa.ErrExpired)
	unrecorded := r.begin(t, asUser("alice"))
	errDisk := errors.New("disk full")
	r.audit.Fail(errDisk)
	cancel(mfa.KeyOf(unrecorded.state), "root", "why", mfa.ErrUnavailable, errDisk)
	r.wantPhase(t, unrecorded.state, mfa.Denied)
}

// Nobody is told that nobody waits when that could not be found out.
func TestWaitingUnavailable(t *testing.T) {
	t.Parallel()
	f := &faulty{n: 1}
	r := newRig(t, func(c *mfa.Config) { c.Transactions = f })
	f.rig = r
	_, err := r.Waiting(t.Context(), mfa.Key{}, 1)
	matches(t, "Waiting", err, mfa.ErrUnavailable, errFault)

	old := newRig(t, func(c *mfa.Config) { c.Transactions = struct{ mfa.Transactions }{c.Transactions} })
	_, err = old.Waiting(t.Context(), mfa.Key{}, 1)
	matches(t, "Waiting", err, mfa.ErrUnavailable, errors.ErrUnsupported)
}

// A login that could not be ended is not said to be, and neither released nor
// recorded as cancelled.
func TestCancelUnavailable(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]int{"find": 1, "update": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &faulty{}
			r := newRig(t, func(c *mfa.Config) { c.Transactions = f })
			f.rig = r
			l := r.begin(t, asUser("alice"))
			f.n = f.calls + call
			err := r.Cancel(t.Context(), mfa.KeyOf(l.state), "root", "why", from("192.0.2.1"))
			matches(t, "Cancel", err, mfa.ErrUnavailable, errFault)
			if f.struck != name {
				t.Errorf("%q has failed, want %q", f.struck, name)
			}
			if n := r.audit.Count(audit.MFACancelled); n != 0 || len(r.released.Released()) != 0 {
				t.Errorf("%d recorded, released %q, want none", n, r.released.Released())
			}
			r.wantPhase(t, l.state, mfa.Pending)
		})
	}
}

// brokenPauses cannot be asked.
type brokenPauses struct{}

func (brokenPauses) Change(context.Context, mfa.Braked, time.Time, func(*mfa.Pause) error) error {
	return errFault
}

// Threat T037: where nobody knows how long a phone is to be left alone, it does
// not ring, and nobody gets in.
func TestPausesUnavailable(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Pauses = brokenPauses{} })
	g, err := r.Prove(t.Context(), oneCall("alice"), mfa.Proof{Factor: mfa.FactorPush})
	matches(t, "Prove", err, mfa.ErrUnavailable, errFault)
	if g != nil || len(r.prover.Asked()) != 0 {
		t.Errorf("Prove = %+v, asked %d times, want nothing", g, len(r.prover.Asked()))
	}
}
