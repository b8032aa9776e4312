package mfa_test

import (
	"errors"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threats T019, T142: the second call looks after what the login carries.
func TestRedeemVerifiesTheCarry(t *testing.T) {
	t.Parallel()
	drift := errors.New("the session is bob's")
	tests := []struct {
		name string
		err  error
		want []error
	}{
		{"gone", errors.Join(mfa.ErrCarryGone, drift), []error{mfa.ErrRefused, mfa.ErrCarryGone, drift}},
		{"unknown", errFault, []error{mfa.ErrUnavailable, errFault}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.carries.Fail(tt.err)
			l := r.begin(t, asUser("alice"))
			r.refuses(t, l.second, tt.want...)
			r.wantPhase(t, l.state, mfa.Burned)
			r.wantReleased(t, "upstream session of alice")
			if tt.name == "gone" {
				r.wantLast(t, audit.MFAAccountChanged, audit.Refused, "carry")
			}
			b := asUser("bob") // nothing is carried, nothing is asked
			b.Carry = nil
			r.redeems(t, r.begin(t, b).second)
			if asked := r.carries.Asked(); asked != 1 {
				t.Errorf("Verify was called %d times, want once", asked)
			}
		})
	}
	r := newRig(t, func(c *mfa.Config) { c.Carries = nil })
	r.redeems(t, r.begin(t, asUser("alice")).second)
}
