package mfa_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

func stepUp(user string) mfa.ApproveRequest {
	return mfa.ApproveRequest{Username: user, Client: from("192.0.2.1"), Purpose: "PUT /server/configuration", Session: "0a1b2c3d4e5f"}
}

// Threat T150: a fresh approval for a dangerous operation.
func TestApprove(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) {
		c.DuoUsername = func(name string) (string, error) { return name + "@duo", nil }
	})
	r.clock.Add(time.Hour)
	at, err := r.Approve(t.Context(), stepUp("alice"))
	if err != nil || !at.Equal(epoch.Add(time.Hour)) {
		t.Errorf("Approve = %v, %v, want now", at, err)
	}
	q := r.prover.Asked()[0]
	want := []duoclient.PushDetail{{Name: "Operation", Value: "PUT /server/configuration"}, {Name: "From", Value: "192.0.2.1"}}
	if q.DuoUsername != "alice@duo" || q.Factor != mfa.FactorPush || q.Type != "Approval" || !slices.Equal(q.PushInfo, want) {
		t.Errorf("Duo was asked %+v, want a push that says what for", q)
	}
	if names := r.audit.Names(); !slices.Equal(names, []audit.Name{audit.StepUpAsked, audit.StepUpAllowed}) {
		t.Errorf("records are %v, want the question and the answer", names)
	}
	if e := r.wantLast(t, audit.StepUpAllowed, audit.OK, ""); e.Username != "alice" || e.Session != "0a1b2c3d4e5f" {
		t.Errorf("record is %+v, want user and session", e)
	}
}

func TestApproveRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*rig)
		want   []error
		events []audit.Name
	}{
		{"denied", func(r *rig) { r.prover.Says("deny", "deny") }, []error{mfa.ErrRefused, mfa.ErrDenied}, []audit.Name{audit.StepUpAsked, audit.UserDenied, audit.StepUpRefused}},
		{"fraud", func(r *rig) { r.prover.Says("deny", "fraud") }, []error{mfa.ErrRefused, mfa.ErrFraud}, []audit.Name{audit.StepUpAsked, audit.PushFraud, audit.StepUpRefused}},
		{"bypass", func(r *rig) { r.prover.Says("allow", "bypass") }, []error{mfa.ErrRefused, mfa.ErrPolicy}, []audit.Name{audit.StepUpAsked, audit.MFAPolicyRefused, audit.StepUpRefused}},
		{"not answered", func(r *rig) { r.prover.Says("deny", "timeout") }, []error{mfa.ErrRefused, mfa.ErrNotAnswered}, []audit.Name{audit.StepUpAsked, audit.MFARefused, audit.StepUpRefused}},
		{"duo is down", func(r *rig) { r.prover.Fails(duoclient.ErrOutage) }, []error{mfa.ErrSecondFactorUnavailable}, []audit.Name{audit.StepUpAsked, audit.DuoUnavailable, audit.StepUpRefused}},
		{"not recorded", func(r *rig) { r.audit.Fail(errFault) }, []error{mfa.ErrUnavailable, errFault}, nil},
		{"answer not recorded", func(r *rig) {
			r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
				r.audit.Fail(errFault)
				return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
			})
		}, []error{mfa.ErrUnavailable, errFault}, []audit.Name{audit.StepUpAsked}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *mfa.Config) { c.Failmode = mfa.FailSafe })
			tt.change(r)
			at, err := r.Approve(t.Context(), stepUp("alice"))
			matches(t, "Approve", err, tt.want...)
			if !at.IsZero() {
				t.Errorf("Approve = %v beside an error", at)
			}
			if names := r.audit.Names(); !slices.Equal(names, tt.events) {
				t.Errorf("records are %v, want %v", names, tt.events)
			}
		})
	}
	_, err := newRig(t).Approve(t.Context(), mfa.ApproveRequest{})
	matches(t, "Approve for nobody", err, mfa.ErrArgument)
}

// A login under way and a step-up do not both ring.
func TestApproveIsBrakedWithLogins(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.prover.Says("deny", "deny")
	r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrDenied)
	_, err := r.Approve(t.Context(), stepUp("alice"))
	matches(t, "Approve", err, mfa.ErrRefused, mfa.ErrPushBraked)
	r.wantAsked(t, 1)
}

// Whatever a client put into a path, the phone shows one short line.
func TestApprovePurposeIsOneLine(t *testing.T) {
	t.Parallel()
	for purpose, want := range map[string]string{
		"":                         "",
		"PUT /a\r\nFrom: the boss": "PUT /aFrom: the boss",
		"a\x00b\x1bc\u202ed\xffe":  "abcde",
		strings.Repeat("é", 500):   strings.Repeat("é", 200),
	} {
		t.Run(fmt.Sprintf("%.10q", purpose), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			q := stepUp("alice")
			q.Purpose = purpose
			if _, err := r.Approve(t.Context(), q); err != nil {
				t.Fatalf("Approve = %v, want nil", err)
			}
			got := ""
			if info := r.prover.Asked()[0].PushInfo; info[0].Name == "Operation" {
				got = info[0].Value
			}
			if got != want {
				t.Errorf("the phone shows %q, want %q", got, want)
			}
		})
	}
}
