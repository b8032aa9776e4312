package mfa_test

import (
	"errors"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threat T013: what a killed process left half-open is closed by the next.
func TestEndUnfinished(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Limits = mfa.Limits{Total: 10_000} })
	pending, done := r.begin(t, asUser("alice")), r.begin(t, asUser("bob"))
	claimed := r.begin(t, asUser("carol"))
	bare := asUser("dave")
	bare.Carry = nil
	goesOn := r.begin(t, bare)
	r.redeems(t, done.second)
	if _, err := r.memory.Update(t.Context(), mfa.KeyOf(claimed.state), func(tx *mfa.Transaction) error { tx.Phase = mfa.Claimed; return nil }); err != nil {
		t.Fatalf("Update = %v, want nil", err)
	}
	for range 1_200 { // more than are read at a time
		b := asUser("erin")
		b.Carry = nil
		r.begin(t, b)
	}
	r.restart(t)
	if n, err := r.EndUnfinished(t.Context()); n != 2 || err != nil {
		t.Errorf("EndUnfinished = %d, %v, want 2, nil", n, err)
	}
	released := r.released.Released()
	if len(released) != 2 || released[0] == released[1] || r.audit.Count(audit.TransactionExpired) != 2 {
		t.Errorf("released %q with %d records, want those of alice and carol", released, r.audit.Count(audit.TransactionExpired))
	}
	r.wantLast(t, audit.TransactionExpired, audit.OK, "restart")
	r.refuses(t, pending.second, mfa.ErrRefused, mfa.ErrNotPending)
	r.refuses(t, claimed.second, mfa.ErrRefused, mfa.ErrNotPending)
	r.wantPhase(t, done.state, mfa.Redeemed)
	r.redeems(t, goesOn.second)
	if n, err := r.EndUnfinished(t.Context()); n != 0 || err != nil {
		t.Errorf("EndUnfinished again = %d, %v, want 0, nil", n, err)
	}
	r.clock.Add(time.Hour)
	if _, err := r.Sweep(t.Context()); err != nil || len(r.released.Released()) != 2 {
		t.Errorf("Sweep = %v, released %q, want nothing more", err, r.released.Released())
	}
}

func TestEndUnfinishedNotRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.begin(t, asUser("alice"))
	r.begin(t, asUser("bob"))
	r.audit.Fail(errFault)
	n, err := r.EndUnfinished(t.Context())
	matches(t, "EndUnfinished", err, mfa.ErrUnavailable, errFault)
	if n != 2 || len(r.released.Released()) != 2 {
		t.Errorf("EndUnfinished = %d, released %q, want both all the same", n, r.released.Released())
	}
}

// A store from before gateways says so.
func TestEndUnfinishedUnsupported(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Transactions = struct{ mfa.Transactions }{c.Transactions} })
	_, err := r.EndUnfinished(t.Context())
	matches(t, "EndUnfinished", err, mfa.ErrUnavailable, errors.ErrUnsupported)
}
