package stats

import (
	"cmp"
	"slices"

	"mfaserver/internal/audit"
)

// Outcome is how a login ended, as far as an overview tells them apart.
type Outcome int

// The outcomes.
const (
	// Allowed: somebody got in.
	Allowed Outcome = iota
	// Password: the first factor was refused, or not looked at for too many
	// failures.
	Password
	// Refused: the second factor was, or the login broke another rule.
	Refused
	// Abandoned: nobody came back from the prompt.
	Abandoned
	// Trouble: Duo or a directory could not be asked.
	Trouble

	outcomes = int(Trouble) + 1
)

// Outcomes are all of them, in the order of their numbers.
func Outcomes() []Outcome { return []Outcome{Allowed, Password, Refused, Abandoned, Trouble} }

// The factors of logins that Duo was not asked about. All others are Duo's
// words, such as duo_push.
const (
	FactorExempt     = "exempt"
	FactorFailOpen   = "fail_open"
	FactorBreakGlass = "break_glass"
	FactorCode       = "sign_in_code"
	// FactorNone is a login that Duo let in without a factor, or did not name
	// one for.
	FactorNone = "none"
	// FactorOther is what comes after so many different ones.
	FactorOther = "other"
)

// String is the outcome in a word.
func (o Outcome) String() string {
	return [outcomes]string{"allowed", "password", "refused", "abandoned", "trouble"}[o]
}

// Judge tells what an event says of a login; ok is false for all others. The
// factor is that of a login that was allowed.
func Judge(e *audit.Event) (o Outcome, factor string, ok bool) {
	if e.Outcome == audit.OK {
		if factor := allowed(e); factor != "" {
			return Allowed, factor, true
		}
	}
	o, ok = ended(e.Name)
	return o, "", ok
}

// allowed is the factor of an event that says that somebody got in; empty for
// all others.
func allowed(e *audit.Event) string {
	switch e.Name {
	case audit.MFAAllowed:
		return cmp.Or(e.Detail["factor"], FactorNone)
	case audit.MFAExempt:
		return FactorExempt
	case audit.MFAFailOpen:
		return FactorFailOpen
	case audit.BreakGlassUsed:
		return FactorBreakGlass
	case audit.CodeUsed:
		return FactorCode
	default:
		return ""
	}
}

// ended is how a login ended of which the event says that it did not go well.
func ended(n audit.Name) (Outcome, bool) {
	switch n {
	case audit.PrimaryRefused, audit.PrimaryThrottled, audit.PrimaryExpired, audit.LoginThrottled, audit.CodeRefused:
		return Password, true
	case audit.MFARefused, audit.MFAPolicyRefused, audit.UserDenied, audit.MFACancelled, audit.MFANotEnrolled, audit.MFAPreauthDenied,
		audit.MFAAccountChanged, audit.MFAModeRefused, audit.MFAExempt, audit.PushBraked, audit.PushFraud,
		audit.TooManyPending, audit.BreakGlassRefused, audit.MFAReplay,
		audit.LoginDataUnknown, audit.LoginDataExpired, audit.LoginDataBinding, audit.LoginDataUser, audit.LoginDataStatus,
		audit.LoginDataRedirect, audit.LoginDataBurned:
		return Refused, true
	case audit.TransactionExpired, audit.ProofCancelled:
		return Abandoned, true
	case audit.PrimaryError, audit.DuoUnavailable, audit.DuoMisconfigured, audit.DuoClockSkew, audit.DuoUntrusted:
		return Trouble, true
	default:
		return 0, false
	}
}

// Alarms are the events of which somebody ought to know: each is rare, or ought
// to be.
func Alarms() []audit.Name {
	return []audit.Name{
		audit.AuditDisturbed, audit.SessionStoreTampered, audit.PushFraud, audit.BreakGlassUsed, audit.MFAFailOpen,
		audit.DuoUntrusted, audit.GatewayDrift, audit.ControlRefused, audit.Fatigue,
	}
}

// alarming reports whether an event is one of them.
func alarming(e *audit.Event) bool { return slices.Contains(Alarms(), e.Name) }
