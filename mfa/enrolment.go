package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Enrolment asks Duo, before there is a prompt, what it would do with a user.
type Enrolment interface {
	// Preauth returns Duo's result for its name of a user (Auth API
	// /auth/v2/preauth): one of the Preauth constants, or a word that is
	// not known here and opens nothing. Its errors are those of duoclient.
	Preauth(ctx context.Context, duoUsername string) (PreauthResult, error)
}

// PreauthResult is Duo's word for what comes next for a user.
type PreauthResult string

// Duo's words.
const (
	// PreauthAuth: the user has something to authenticate with.
	PreauthAuth PreauthResult = "auth"
	// PreauthAllow: Duo would let the user in unasked (bypass, a policy).
	// The prompt is made all the same and its outcome judged by [Policy].
	PreauthAllow PreauthResult = "allow"
	// PreauthDeny: disabled, locked out or refused by a policy.
	PreauthDeny PreauthResult = "deny"
	// PreauthEnroll: unknown to Duo, or without any device.
	PreauthEnroll PreauthResult = "enroll"
)

// preauthTimeout bounds the question, so that with a health check and the
// stores a first call still answers within 12 s.
const preauthTimeout = 4 * time.Second

// standing asks for the user's standing and says what becomes of the login:
// nil to go on, with r.AllowEnrolment left on only where there is something to
// enrol. It never opens anything: when Duo cannot be asked the login ends, in
// every failmode, because the health check has just said that Duo is there.
func (f *Flow) standing(ctx context.Context, r *BeginRequest) error {
	if f.enrolment == nil {
		return nil
	}
	name, err := f.duoUsername(r.Username)
	if err != nil {
		return f.withoutDuo(ctx, r.event("", ""), err)
	}
	asking, cancel := context.WithTimeout(ctx, preauthTimeout)
	defer cancel()
	result, err := f.enrolment.Preauth(asking, name)
	if err != nil {
		f.health.forget()
		return f.withoutDuo(ctx, r.event("", ""), err)
	}
	switch result {
	case PreauthAuth, PreauthAllow:
		r.AllowEnrolment = false
		return nil
	case PreauthEnroll:
		if r.AllowEnrolment {
			return nil
		}
		// Threat T042: a thief with the password would enrol his own phone.
		return f.refuse(ctx, r.event(audit.MFANotEnrolled, audit.Refused), ErrNotEnrolled)
	case PreauthDeny:
		return f.refuse(ctx, r.event(audit.MFAPreauthDenied, audit.Refused), ErrSecondFactorRefused)
	default:
		return f.withoutDuo(ctx, r.event("", ""), fmt.Errorf("%w: preauth with an unknown result", duoclient.ErrMalformedResponse))
	}
}

// event is an event about a login that has no transaction, or none yet.
func (r *BeginRequest) event(name audit.Name, outcome audit.Outcome) audit.Event {
	e := clientEvent(name, outcome, r.Client)
	e.Username = r.Username
	return e
}

// duoUsername is Duo's name for a canonical name. A name that Duo cannot take
// is a misconfiguration of the mapping.
func (f *Flow) duoUsername(canonical string) (string, error) {
	name, err := f.duoName(canonical)
	if err == nil && name == "" {
		err = errors.New("mfa: no Duo username")
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", duoclient.ErrConfig, err)
	}
	return name, nil
}
