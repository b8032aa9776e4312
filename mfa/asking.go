package mfa

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// asking is one question to a user who is waited for.
type asking struct {
	username string
	client   Client
	proof    Proof
	// transaction and session are handles for records, sent the name of the
	// record that goes ahead of the question.
	transaction string
	session     string
	sent        audit.Name
	// heading and details are for the phone.
	heading string
	details []duoclient.PushDetail
}

func (a *asking) event(name audit.Name, outcome audit.Outcome) audit.Event {
	e := clientEvent(name, outcome, a.client)
	e.Username, e.Transaction, e.Session = a.username, a.transaction, a.session
	return e
}

func (a *asking) refused(name audit.Name, reason string) audit.Event {
	e := a.event(name, audit.Refused)
	e.Reason = reason
	return e
}

// ask puts the question and returns what Duo said when that is enough. It is
// bounded by [Config.ProofWait], a preauth and the audit trail, and ends when
// ctx does: a client that has gone away is given nothing, also when the user
// approves at that moment.
func (f *Flow) ask(ctx context.Context, a *asking) (duoclient.AuthContext, error) {
	name, err := f.askable(ctx, a)
	if err != nil {
		return duoclient.AuthContext{}, err
	}
	of := Braked{DuoUsername: name, Passcodes: a.proof.Factor == FactorPasscode}
	q, wait, err := f.brake.take(ctx, of, f.now(), preauthTimeout+max(f.proofWait, pushLife))
	switch {
	case err != nil:
		return duoclient.AuthContext{}, unavailable("pauses", err)
	case wait > 0:
		return duoclient.AuthContext{}, f.refuseBraked(ctx, a, wait)
	}
	how := neverAsked
	defer func() { f.settle(ctx, q, how) }()
	unasked, err := f.standingOf(ctx, a, name)
	if err != nil {
		return duoclient.AuthContext{}, err
	}
	if err := f.recordAsking(ctx, a); err != nil {
		return duoclient.AuthContext{}, err
	}
	how = leftOpen // also when the prover panics
	result, err := f.wait(ctx, a.request(name))
	if err != nil {
		if nobodyAsked(err) {
			how = neverAsked
		}
		return duoclient.AuthContext{}, f.askingFailed(ctx, a, err)
	}
	v := judge(a.proof.Factor, unasked, result)
	how = v.ending
	return v.said, f.conclusion(ctx, a, v)
}

// settle says what became of a question, whoever has gone away meanwhile. When
// the pauses cannot be asked, the phone is left alone for as long as the
// question could have been open.
func (f *Flow) settle(ctx context.Context, q question, how ending) {
	if err := f.brake.settle(context.WithoutCancel(ctx), q, how, f.now()); err != nil {
		f.logger.ErrorContext(ctx, "a question to a phone could not be settled", "err", err)
	}
}

// askable refuses what need not be asked, and gives Duo's name of the user.
func (f *Flow) askable(ctx context.Context, a *asking) (string, error) {
	if f.prover == nil {
		return "", f.withoutDuo(ctx, a.event("", ""), fmt.Errorf("%w: no application of type Auth API", duoclient.ErrConfig))
	}
	if !f.policy.mayAsk(a.proof.Factor) {
		return "", f.refuse(ctx, a.refused(audit.MFAPolicyRefused, policyFactor), ErrPolicy)
	}
	name, err := f.duoUsername(a.username)
	if err != nil {
		return "", f.withoutDuo(ctx, a.event("", ""), err)
	}
	return name, nil
}

func (f *Flow) refuseBraked(ctx context.Context, a *asking, wait time.Duration) error {
	e, rule := a.refused(audit.PushBraked, a.proof.Factor), ErrPushBraked
	if a.proof.Factor == FactorPasscode {
		rule = ErrPasscodeBraked
	}
	e.Detail = map[string]string{"seconds": strconv.Itoa(int(wait / time.Second))}
	return f.refuse(ctx, e, rule)
}

// standingOf asks what Duo would do with the user. unasked: it would let him
// in without asking anybody; whatever it says then of a proof proves nothing,
// so that nothing is asked unless the policy takes that.
func (f *Flow) standingOf(ctx context.Context, a *asking, name string) (unasked bool, err error) {
	asked, cancel := context.WithTimeout(ctx, preauthTimeout)
	defer cancel()
	result, err := f.prover.Preauth(asked, name, a.client.provenAddr())
	if ctx.Err() != nil {
		return false, f.askingFailed(ctx, a, ErrCancelled)
	}
	if err != nil {
		return false, f.withoutDuo(ctx, a.event("", ""), err)
	}
	switch result {
	case PreauthAuth:
		return false, nil
	case PreauthAllow:
		if f.policy.allowsReason(reasonBypassUser) {
			return true, nil
		}
		return true, f.refuse(ctx, a.refused(audit.MFAPolicyRefused, policyReason), ErrPolicy)
	case PreauthEnroll:
		return false, f.refuse(ctx, a.refused(audit.MFANotEnrolled, ""), ErrNotEnrolled)
	case PreauthDeny:
		return false, f.refuse(ctx, a.refused(audit.MFAPreauthDenied, ""), ErrSecondFactorRefused)
	default:
		return false, f.withoutDuo(ctx, a.event("", ""), fmt.Errorf("%w: preauth with an unknown result", duoclient.ErrMalformedResponse))
	}
}

// recordAsking writes down that a phone is going to ring, and raises the alarm
// when it does so too often for nothing.
func (f *Flow) recordAsking(ctx context.Context, a *asking) error {
	if a.proof.Factor == FactorPasscode {
		return nil
	}
	e := a.event(a.sent, audit.OK)
	e.Detail = map[string]string{"factor": a.proof.Factor}
	if err := f.record(ctx, e); err != nil {
		return err
	}
	return f.countUnfinished(ctx, a.event(audit.Fatigue, audit.OK), f.now())
}

func (a *asking) request(name string) ProofRequest {
	q := ProofRequest{DuoUsername: name, Factor: a.proof.Factor, Passcode: a.proof.Passcode, Addr: a.client.provenAddr()}
	if q.Factor == FactorPush || q.Factor == FactorAuto {
		q.Type, q.PushInfo = a.heading, a.details
	}
	return q
}

// wait is the one call to Duo.
func (f *Flow) wait(ctx context.Context, q ProofRequest) (ProofResult, error) {
	waiting, cancel := context.WithTimeoutCause(ctx, f.proofWait, ErrNotAnswered)
	defer cancel()
	result, err := f.prover.Prove(waiting, q)
	switch {
	case ctx.Err() != nil:
		return ProofResult{}, ErrCancelled
	case err == nil:
		return result, nil
	case nobodyAsked(err):
		return ProofResult{}, err
	case errors.Is(context.Cause(waiting), ErrNotAnswered):
		return ProofResult{}, ErrNotAnswered
	default:
		return ProofResult{}, err
	}
}

func nobodyAsked(err error) bool {
	return errors.Is(err, duoclient.ErrNotSent) || errors.Is(err, ErrNobodyAsked)
}

// askingFailed decides what a question without an answer means.
func (f *Flow) askingFailed(ctx context.Context, a *asking, cause error) error {
	switch {
	case errors.Is(cause, ErrCancelled):
		return f.refuse(ctx, a.refused(audit.ProofCancelled, a.proof.Factor), ErrCancelled)
	case errors.Is(cause, ErrNotAnswered):
		return f.refuse(ctx, a.refused(audit.MFARefused, "timeout"), ErrNotAnswered)
	case classify(cause).class == duoclient.ClassRefusal:
		// Duo knows no such user, or his phone cannot do it.
		err := f.refuse(ctx, a.refused(audit.MFARefused, "not_possible"), ErrSecondFactorRefused)
		return fmt.Errorf("%w: %w", err, cause)
	default:
		f.health.forget()
		return f.withoutDuo(ctx, a.event("", ""), cause)
	}
}
