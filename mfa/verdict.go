package mfa

import (
	"context"
	"fmt"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Duo's words for the end of a proof (Auth API, /auth/v2/auth_status).
const (
	proofAllow = "allow"
	proofDeny  = "deny"

	statusAllow     = "allow"
	statusBypass    = "bypass"
	statusDeny      = "deny"
	statusTimeout   = "timeout"
	statusFraud     = "fraud"
	statusLockedOut = "locked_out"
	statusSent      = "sent"
)

// verdict is what the end of a proof means.
type verdict struct {
	ending ending
	// said is what Duo said when it allowed; the policy judges it.
	said duoclient.AuthContext
	// rule is the refusal, with the record about it; nil when Duo allowed.
	rule   error
	event  audit.Name
	reason string
	// malformed: Duo contradicts itself, or uses words that are not known.
	malformed bool
	message   string
}

// judge reads what Duo said. Only allow with allow, or with bypass, is one
// (threat T089); unasked says that Duo needed no proof of this user, see
// [Flow.standingOf].
func judge(factor string, unasked bool, r ProofResult) verdict {
	v := verdict{ending: refusedByUser, message: r.Message, rule: ErrSecondFactorRefused, event: audit.MFARefused}
	switch {
	case r.Result == proofAllow && (r.Status == statusAllow || r.Status == statusBypass):
		v.ending, v.rule = approved, nil
		v.said = saidOf(factor, unasked || r.Status == statusBypass, r)
	case r.Result != proofDeny:
		v.ending, v.malformed = leftOpen, true
	case r.Status == statusTimeout:
		v.ending, v.rule, v.reason = unanswered, ErrNotAnswered, "timeout"
	case r.Status == statusFraud:
		v.ending, v.rule, v.event, v.reason = reportedFraud, ErrFraud, audit.PushFraud, factor
	case r.Status == statusSent && factor == FactorSMS:
		v.rule, v.reason = ErrPasscodesSent, "passcodes_sent"
	case r.Status == statusLockedOut:
		v.reason = "locked_out"
	case factor == FactorPasscode:
		v.reason = "passcode"
	case r.Status == statusDeny && (factor == FactorPush || factor == FactorAuto):
		v.rule, v.event, v.reason = ErrDenied, audit.UserDenied, factor
	default:
		v.reason = "denied"
	}
	return v
}

// saidOf puts an allow into the words that the policy knows. An allow that
// does not follow from the factor has no reason, and is never enough.
func saidOf(factor string, unasked bool, r ProofResult) duoclient.AuthContext {
	ac := duoclient.AuthContext{
		TxID: r.TxID, EventType: eventAuthentication, Result: resultSuccess,
		Factor: r.Factor, Reason: r.Reason, AuthDeviceName: r.Device,
	}
	if ac.Factor == "" {
		ac.Factor = factorName(factor)
	}
	switch {
	case unasked:
		ac.Reason = reasonBypassUser
	case ac.Reason != "":
	case factor == FactorPush, factor == FactorPhone, factor == FactorAuto:
		ac.Reason = reasonUserApproved
	case factor == FactorPasscode:
		ac.Reason = reasonValidPasscode
	}
	return ac
}

// conclusion returns nil for an allow that is enough, and records everything
// else.
func (f *Flow) conclusion(ctx context.Context, a *asking, v verdict) error {
	switch {
	case v.malformed:
		return f.withoutDuo(ctx, a.event("", ""), fmt.Errorf("%w: end of a proof", duoclient.ErrMalformedResponse))
	case v.rule != nil:
		e := a.refused(v.event, v.reason)
		e.Detail = map[string]string{"message": v.message}
		if v.event == audit.PushFraud {
			f.logger.WarnContext(ctx, "user reported fraud: his password is known to somebody else", "user", a.username, "source", a.client.Addr)
		}
		return f.refuse(ctx, e, v.rule)
	}
	if why, ok := f.policy.accepts(v.said, false); !ok {
		e := a.refused(audit.MFAPolicyRefused, why)
		e.Detail = outcome(v.said)
		return f.refuse(ctx, e, ErrPolicy)
	}
	return nil
}
