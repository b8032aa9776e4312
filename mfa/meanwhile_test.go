package mfa_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// hooked runs a function once, the next time the directory is asked or
// something is recorded: between two steps of a second call.
type hooked struct {
	rig      *rig
	onAsk    func()
	onRecord func()
}

func (h *hooked) Unchanged(ctx context.Context, user string, since time.Time) (bool, error) {
	if f := h.onAsk; f != nil {
		h.onAsk = nil
		f()
	}
	return h.rig.accounts.Unchanged(ctx, user, since)
}

func (h *hooked) Record(ctx context.Context, e audit.Event) error {
	if f := h.onRecord; f != nil {
		h.onRecord = nil
		f()
	}
	return h.rig.audit.Record(ctx, e)
}

func newHooked(t *testing.T) (*rig, *hooked) {
	t.Helper()
	h := &hooked{}
	r := newRig(t, func(c *mfa.Config) { c.Accounts, c.Recorder = h, h })
	h.rig = r
	return r, h
}

// Threat R38: what happens between looking a login up and claiming it.
func TestThingsHappenBeforeTheClaim(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		happens func(*testing.T, *rig, login)
		rule    error
		event   audit.Name
		reason  string
		phase   mfa.Phase
	}{
		{"the time runs out", func(_ *testing.T, r *rig, _ login) {
			r.clock.Add(10 * time.Minute)
		}, mfa.ErrExpired, audit.LoginDataExpired, "", mfa.Burned},
		{"another call is quicker", func(t *testing.T, r *rig, l login) {
			t.Helper()
			r.redeems(t, l.second)
		}, mfa.ErrNotPending, audit.MFAReplay, "claimed_meanwhile", mfa.Redeemed},
		{"the user denies", func(t *testing.T, r *rig, l login) {
			t.Helper()
			if err := r.Deny(t.Context(), l.state, from("192.0.2.1")); err != nil {
				t.Errorf("Deny = %v, want nil", err)
			}
		}, mfa.ErrDenied, audit.MFAReplay, "claimed_meanwhile", mfa.Denied},
		{"it is swept", func(t *testing.T, r *rig, _ login) {
			t.Helper()
			r.clock.Add(time.Hour)
			if n, err := r.Sweep(t.Context()); n != 1 || err != nil {
				t.Errorf("Sweep = %d, %v, want 1, nil", n, err)
			}
			r.clock.Add(-time.Hour)
		}, mfa.ErrUnknownState, audit.MFAReplay, "claimed_meanwhile", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, h := newHooked(t)
			l := r.begin(t, asUser("alice"))
			h.onAsk = func() { tt.happens(t, r, l) }
			r.refuses(t, l.second, mfa.ErrRefused, tt.rule)
			r.wantLast(t, tt.event, audit.Refused, tt.reason)
			if tt.phase != mfa.Redeemed {
				r.wantExchanges(t, 0)
			}
			if tt.phase != "" {
				r.wantPhase(t, l.state, tt.phase)
			}
		})
	}
}

// Threat T071: the last moment counts, also the one after the last look at
// the account.
func TestTimeRunsOutAtTheVeryEnd(t *testing.T) {
	t.Parallel()
	r, h := newHooked(t)
	l := r.begin(t, asUser("alice"))
	r.during(func() { h.onAsk = func() { r.clock.Add(10 * time.Minute) } })
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrExpired)
	r.wantPhase(t, l.state, mfa.Burned)
	r.wantReleased(t, "upstream session of alice")
}

// A miss that finds its login ended is refused like any other.
func TestLoginEndsDuringAMiss(t *testing.T) {
	t.Parallel()
	r, h := newHooked(t)
	l := r.begin(t, asUser("alice"))
	h.onRecord = func() { r.redeems(t, l.second) }
	r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.FormUsername = "eve" }), mfa.ErrRefused, mfa.ErrUserMismatch)
	r.wantPhase(t, l.state, mfa.Redeemed)
}

// Not even the last miss changes how a login ended.
func TestLoginEndsDuringTheLastMiss(t *testing.T) {
	t.Parallel()
	r, h := newHooked(t)
	l := r.begin(t, asUser("alice"))
	miss := l.with(func(q *mfa.RedeemRequest) { q.FormUsername = "eve" })
	for range 2 {
		r.refuses(t, miss, mfa.ErrRefused, mfa.ErrUserMismatch)
	}
	h.onRecord = func() { r.redeems(t, l.second) }
	r.refuses(t, miss, mfa.ErrRefused, mfa.ErrUserMismatch)
	r.wantPhase(t, l.state, mfa.Redeemed)
	r.wantReleased(t)
}

// A login that the user denies while its code cannot be sent is not given
// back to him who tries it.
func TestDeniedWhileTheCodeIsNotSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	r.duo.OnExchange(func(ctx context.Context, _ duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		if err := r.Deny(ctx, l.state, from("192.0.2.1")); err != nil {
			t.Errorf("Deny = %v, want nil", err)
		}
		return nil, errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage)
	})
	r.refuses(t, l.second, mfa.ErrSecondFactorUnavailable, duoclient.ErrNotSent)
	r.wantPhase(t, l.state, mfa.Denied)
	r.duo.OnExchange(nil)
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrDenied)
	r.wantExchanges(t, 1)
}

// deaf is an audit trail that does not take records of one name.
type deaf struct {
	mfa.Recorder
	to audit.Name
}

func (d *deaf) Record(ctx context.Context, e audit.Event) error {
	if e.Name == d.to {
		return errFault
	}
	return d.Recorder.Record(ctx, e)
}

// Invariant I8: a refusal that cannot be recorded is an error of the server.
func TestRefusalNotRecorded(t *testing.T) {
	t.Parallel()
	d := &deaf{}
	change := func(c *mfa.Config) { d.Recorder, c.Recorder = c.Recorder, d }
	r := newRig(t, change)
	d.to = audit.MFAAccountChanged
	r.carries.Fail(mfa.ErrCarryGone)
	r.provesNot(t, oneCall("alice"), push, mfa.ErrUnavailable, errFault)
	d.to = audit.StepUpRefused
	r.prover.Says("deny", "deny")
	r.clock.Add(time.Hour)
	at, err := r.Approve(t.Context(), stepUp("alice"))
	matches(t, "Approve", err, mfa.ErrUnavailable, errFault)
	if !at.IsZero() {
		t.Errorf("Approve = %v beside an error", at)
	}
}

func TestViewWithoutAStore(t *testing.T) {
	t.Parallel()
	f := &faulty{n: 3}
	r := newRig(t, func(c *mfa.Config) { c.Transactions = f })
	f.rig = r
	l := r.begin(t, asUser("alice"))
	if _, err := r.View(t.Context(), l.state, mfa.Client{}); err != nil {
		t.Errorf("View = %v, want nil", err)
	}
	_, err := r.View(t.Context(), l.state, mfa.Client{})
	matches(t, "View", err, mfa.ErrUnavailable, errFault)
	if errors.Is(err, mfa.ErrUnknownState) {
		t.Error("a store that fails looks like an unknown state")
	}
}
