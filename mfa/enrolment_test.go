package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// newAsking is a rig whose flow asks Duo before the prompt.
func newAsking(t *testing.T, change ...func(*mfa.Config)) (*rig, *mfatest.Enrolment) {
	t.Helper()
	asked := new(mfatest.Enrolment)
	return newRig(t, append(change, func(c *mfa.Config) { c.Enrolment = asked })...), asked
}

// Threat T042: what Duo says before the prompt, with and without a rule that
// allows enrolment, decides whether there is one and whether it may enrol.
func TestPreauth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		result   mfa.PreauthResult
		rule     bool
		want     []error
		event    audit.Name
		outcome  audit.Outcome
		reason   string
		enrols   bool
		lifetime time.Duration
	}{
		{result: "auth", event: audit.ChallengeIssued, outcome: audit.OK, lifetime: 10 * time.Minute},
		{result: "auth", rule: true, event: audit.ChallengeIssued, outcome: audit.OK, lifetime: 10 * time.Minute},
		{result: "allow", event: audit.ChallengeIssued, outcome: audit.OK, lifetime: 10 * time.Minute},
		{result: "allow", rule: true, event: audit.ChallengeIssued, outcome: audit.OK, lifetime: 10 * time.Minute},
		{result: "enroll", want: []error{mfa.ErrRefused, mfa.ErrNotEnrolled}, event: audit.MFANotEnrolled, outcome: audit.Refused},
		{result: "enroll", rule: true, event: audit.ChallengeIssued, outcome: audit.OK, enrols: true, lifetime: 15 * time.Minute},
		{result: "deny", want: []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, event: audit.MFAPreauthDenied, outcome: audit.Refused},
		{result: "deny", rule: true, want: []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, event: audit.MFAPreauthDenied, outcome: audit.Refused},
		{result: "", rule: true, want: []error{mfa.ErrSecondFactorUnavailable, duoclient.ErrMalformedResponse}, event: audit.DuoUnavailable, outcome: audit.Failed, reason: "malformed"},
		{result: "AUTH", want: []error{mfa.ErrSecondFactorUnavailable, duoclient.ErrMalformedResponse}, event: audit.DuoUnavailable, outcome: audit.Failed, reason: "malformed"},
		{result: "permit", want: []error{mfa.ErrSecondFactorUnavailable}, event: audit.DuoUnavailable, outcome: audit.Failed, reason: "malformed"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q rule=%t", tt.result, tt.rule), func(t *testing.T) {
			t.Parallel()
			r, asked := newAsking(t, func(c *mfa.Config) {
				c.DuoUsername = func(name string) (string, error) { return name + "@duo", nil }
			})
			asked.Says(tt.result, nil)
			b := asUser("alice")
			b.AllowEnrolment = tt.rule
			begun, err := r.Begin(t.Context(), b)
			if names := asked.Asked(); !slices.Equal(names, []string{"alice@duo"}) {
				t.Errorf("Duo was asked for %q, want once for its own name of alice", names)
			}
			e := r.wantLast(t, tt.event, tt.outcome, tt.reason)
			if e.Username != "alice" || e.Source != b.Client.Addr || e.RequestID != "req-1" {
				t.Errorf("record is %+v, want who and from where", e)
			}
			if tt.want != nil {
				matches(t, "Begin", err, tt.want...)
				r.wantReleased(t, "upstream session of alice")
				if begun != (mfa.Begun{}) || len(r.duo.Prompts()) != 0 {
					t.Errorf("Begin = %+v with %d prompts, want none", begun, len(r.duo.Prompts()))
				}
				return
			}
			if err != nil || begun.Challenge == nil {
				t.Fatalf("Begin = %+v, %v, want a challenge", begun, err)
			}
			l := loginOf(begun.Challenge, b)
			tx, err := r.memory.Find(t.Context(), mfa.KeyOf(l.state))
			if err != nil || tx.Enrolling != tt.enrols || !tx.ExpiresAt.Equal(epoch.Add(tt.lifetime)) {
				t.Errorf("stored enrolling %t until %v, %v, want %t for %v", tx.Enrolling, tx.ExpiresAt, err, tt.enrols, tt.lifetime)
			}
		})
	}
}

// Threat T042: a prompt that was made for an enrolled user and then enrols
// somebody is refused, whatever rule there is.
func TestEnrolledUserCannotEnrolAnew(t *testing.T) {
	t.Parallel()
	r, _ := newAsking(t)
	b := asUser("alice")
	b.AllowEnrolment = true
	l := r.begin(t, b)
	r.outcomeIs(func(ac *duoclient.AuthContext) { ac.EventType = "enrollment" })
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrPolicy)
	r.wantLast(t, audit.MFAPolicyRefused, audit.Refused, "event_type")
}

// Threat T097: trouble with the question opens nothing, in either failmode.
func TestPreauthTrouble(t *testing.T) {
	t.Parallel()
	for _, mode := range []mfa.Failmode{mfa.FailSecure, mfa.FailSafe} {
		for _, tt := range []struct {
			err    error
			event  audit.Name
			reason string
		}{
			{duoclient.ErrOutage, audit.DuoUnavailable, "outage"},
			{fmt.Errorf("%w: %w", duoclient.ErrNotSent, duoclient.ErrOutage), audit.DuoUnavailable, "outage"},
			{duoclient.ErrRateLimited, audit.DuoUnavailable, "busy"},
			{duoclient.ErrMisconfigured, audit.DuoMisconfigured, "misconfigured"},
			{duoclient.ErrClockSkew, audit.DuoClockSkew, "clock_skew"},
			{duoclient.ErrUntrustedServer, audit.DuoUntrusted, "untrusted"},
			{duoclient.ErrMalformedResponse, audit.DuoUnavailable, "malformed"},
			{errors.New("something new"), audit.DuoUnavailable, "malformed"},
		} {
			t.Run(fmt.Sprintf("%s %v", mode, tt.err), func(t *testing.T) {
				t.Parallel()
				r, asked := newAsking(t, func(c *mfa.Config) { c.Failmode = mode })
				asked.Says(mfa.PreauthAuth, tt.err)
				begun, err := r.Begin(t.Context(), asUser("bob"))
				matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, tt.err)
				if begun != (mfa.Begun{}) {
					t.Errorf("Begin = %+v, want nothing", begun)
				}
				r.wantLast(t, tt.event, audit.Failed, tt.reason)
				r.wantReleased(t, "upstream session of bob")
			})
		}
	}
}

// A Duo that is not there is asked nothing; failing open stays what it is.
func TestPreauthIsNotAskedInAnOutage(t *testing.T) {
	t.Parallel()
	r, asked := newAsking(t, func(c *mfa.Config) { c.Failmode = mfa.FailSafe })
	r.healthIs(duoclient.ErrOutage)
	begun, err := r.Begin(t.Context(), asUser("bob"))
	if err != nil || begun.Grant == nil || !begun.Grant.FailOpen {
		t.Errorf("Begin = %+v, %v, want a grant without a second factor", begun, err)
	}
	if len(asked.Asked()) != 0 {
		t.Errorf("preauth was asked %d times, want never", len(asked.Asked()))
	}
}

// A name that the mapping does not have is asked for nowhere.
func TestPreauthWithoutADuoName(t *testing.T) {
	t.Parallel()
	r, asked := newAsking(t, func(c *mfa.Config) { c.DuoUsername = func(string) (string, error) { return "", nil } })
	_, err := r.Begin(t.Context(), asUser("bob"))
	matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, duoclient.ErrConfig)
	if len(asked.Asked()) != 0 {
		t.Error("preauth was asked without a name")
	}
}

// Threat T195: a refusal that cannot be recorded is trouble of ours, not a
// message to the user.
func TestPreauthRefusalNotRecorded(t *testing.T) {
	t.Parallel()
	for _, result := range []mfa.PreauthResult{mfa.PreauthEnroll, mfa.PreauthDeny, "permit"} {
		r, asked := newAsking(t)
		asked.Says(result, nil)
		r.audit.Fail(errors.New("disk full"))
		_, err := r.Begin(t.Context(), asUser("bob"))
		matches(t, string(result)+": Begin", err, mfa.ErrUnavailable)
		if errors.Is(err, mfa.ErrNotEnrolled) {
			t.Errorf("%s: Begin = %v, want nothing about enrolment", result, err)
		}
	}
}

// The question has an end of its own.
func TestPreauthHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, asked := newAsking(t)
		asked.OnPreauth(func(ctx context.Context, _ string) (mfa.PreauthResult, error) {
			<-ctx.Done()
			return "", fmt.Errorf("%w: %w", duoclient.ErrOutage, ctx.Err())
		})
		begun := time.Now()
		_, err := r.Begin(t.Context(), asUser("bob"))
		matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, context.DeadlineExceeded)
		if took := time.Since(begun); took != 4*time.Second {
			t.Errorf("Begin took %v, want 4s", took)
		}
	})
}
