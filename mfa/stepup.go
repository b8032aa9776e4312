package mfa

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// maxPurpose is how much of a purpose the phone shows, in characters.
const maxPurpose = 200

// ApproveRequest asks the user of a session for a fresh approval.
type ApproveRequest struct {
	// Username is canonical.
	Username      string
	Administrator bool
	Client        Client
	// Purpose is shown on the phone, for example the operation.
	Purpose string
	// Session is the handle of the session, for records.
	Session string
}

// Approve asks for a push approval of something that a session is about to do
// (threat T150), as [Flow.Prove] asks for a login and under the same brake,
// and returns when it was given. Errors are those of [Flow.Prove]; there is no
// time without nil.
func (f *Flow) Approve(ctx context.Context, r ApproveRequest) (time.Time, error) {
	if r.Username == "" {
		return time.Time{}, fmt.Errorf("%w: a username is needed", ErrArgument)
	}
	r.Client = r.Client.normal()
	a := &asking{
		username: r.Username, client: r.Client, proof: Proof{Factor: FactorPush}, session: r.Session,
		sent: audit.StepUpAsked, heading: "Approval", details: r.details(),
	}
	said, err := f.ask(ctx, a)
	if err != nil {
		return time.Time{}, f.stepUpRefused(ctx, a, err)
	}
	now := f.now()
	e := a.event(audit.StepUpAllowed, audit.OK)
	e.Detail = outcome(said)
	if err := f.record(ctx, e); err != nil {
		return time.Time{}, err
	}
	f.fatigue.finished(r.Username)
	return now, nil
}

// stepUpRefused adds to the record that says why, that a step-up failed by it.
func (f *Flow) stepUpRefused(ctx context.Context, a *asking, cause error) error {
	e := a.refused(audit.StepUpRefused, "refused")
	if !errors.Is(cause, ErrRefused) {
		e.Outcome, e.Reason = audit.Failed, "unavailable"
	}
	if err := f.record(ctx, e); err != nil {
		return err
	}
	return cause
}

// details tell the user what he approves.
func (r *ApproveRequest) details() []duoclient.PushDetail {
	list := r.Client.details()
	if purpose := printable(r.Purpose); purpose != "" {
		list = append([]duoclient.PushDetail{{Name: "Operation", Value: purpose}}, list...)
	}
	return list
}

// printable makes one short line of a text that may hold a client's words.
func printable(text string) string {
	line := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(line); len(runes) > maxPurpose {
		line = string(runes[:maxPurpose])
	}
	return line
}
