package adminops

import (
	"errors"
	"strings"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// Kind is what an error means to the caller.
type Kind string

// The kinds.
const (
	KindInvalid       Kind = "invalid_parameter"
	KindPolicy        Kind = "policy"
	KindQuota         Kind = "quota"
	KindUnknownOrg    Kind = "unknown_organization"
	KindNotConfigured Kind = "not_configured"
	KindNotFound      Kind = "not_found"
	KindExists        Kind = "exists"
	KindRefused       Kind = "duo_refused"
	KindMisconfigured Kind = "duo_misconfigured"
	KindClock         Kind = "duo_clock_skew"
	KindUntrusted     Kind = "duo_untrusted"
	KindBusy          Kind = "duo_busy"
	KindOutage        Kind = "duo_unavailable"
	KindMalformed     Kind = "duo_malformed"
	// KindInternal is trouble at our end: the audit trail, or a fault of the
	// program.
	KindInternal Kind = "unavailable"
)

// Problem is an error in words. None of its texts holds a secret.
type Problem struct {
	Kind    Kind
	Message string
	// DuoCode is Duo's five-digit code, 0 without one; Advice says what to do
	// next.
	DuoCode    int
	Advice     string
	RetryAfter time.Duration
}

// Explain puts an error of [Service.Do], or of the items of a [Result], into
// words. What it does not know is [KindInternal] and keeps its text to itself
// (threat T169).
func Explain(err error) Problem {
	p := Problem{Kind: kindOf(err)}
	if api, ok := errors.AsType[*duoclient.APIError](err); ok {
		p.DuoCode, p.Advice, p.RetryAfter = api.Code, api.Advice(), api.RetryAfter
	}
	p.Message = message(p.Kind, err)
	if e, ok := errors.AsType[*helpdesk.EnrolError](err); ok {
		p.Message = progress(e) + " " + p.Message
	}
	if p.Advice == "" {
		p.Advice = advice(p.Kind)
	}
	return p
}

// kindOf reads the most telling sentinel first.
func kindOf(err error) Kind {
	for _, row := range []struct {
		is   error
		kind Kind
	}{
		{ErrParameter, KindInvalid},
		{helpdesk.ErrQuota, KindQuota},
		{helpdesk.ErrPolicy, KindPolicy},
		{helpdesk.ErrUnknownOrg, KindUnknownOrg},
		{helpdesk.ErrNoCredentials, KindNotConfigured},
		{helpdesk.ErrNoChild, KindNotConfigured},
		{duoclient.ErrInvalid, KindInvalid},
		{duoclient.ErrNotFound, KindNotFound},
		{duoclient.ErrDuplicate, KindExists},
		{duoclient.ErrBadParameter, KindRefused},
	} {
		if errors.Is(err, row.is) {
			return row.kind
		}
	}
	return duoKind(err)
}

// duoKind goes by the class, for errors of the client alone.
func duoKind(err error) Kind {
	if !fromDuo(err) {
		return KindInternal
	}
	switch duoclient.Classify(err) {
	case duoclient.ClassMisconfigured:
		return KindMisconfigured
	case duoclient.ClassClockSkew:
		return KindClock
	case duoclient.ClassUntrusted:
		return KindUntrusted
	case duoclient.ClassBusy:
		return KindBusy
	case duoclient.ClassOutage:
		return KindOutage
	case duoclient.ClassMalformed:
		return KindMalformed
	case duoclient.ClassRefusal:
		return KindRefused
	default:
		return KindInternal
	}
}

func fromDuo(err error) bool {
	if _, ok := errors.AsType[*duoclient.APIError](err); ok {
		return true
	}
	for _, is := range []error{
		duoclient.ErrOutage, duoclient.ErrRateLimited, duoclient.ErrMisconfigured, duoclient.ErrClockSkew,
		duoclient.ErrUntrustedServer, duoclient.ErrMalformedResponse, duoclient.ErrBusy, duoclient.ErrConfig, duoclient.ErrArgument,
	} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

// message is the error's own text where its sender is the one to mend it, and
// Duo's words where Duo refused.
func message(kind Kind, err error) string {
	switch kind {
	case KindInvalid, KindPolicy, KindQuota, KindUnknownOrg, KindNotConfigured:
		return plain(err)
	case KindNotFound, KindExists, KindRefused, KindMisconfigured, KindClock:
		if api, ok := errors.AsType[*duoclient.APIError](err); ok && api.Message != "" {
			return strings.TrimSuffix("Duo refused: "+api.Message+": "+api.Detail, ": ")
		}
	case KindInternal, KindUntrusted, KindBusy, KindOutage, KindMalformed:
	}
	return sentence(kind)
}

// sentence stands where the error's own text says too much, or nothing.
func sentence(kind Kind) string {
	switch kind {
	case KindNotFound:
		return "Duo has no such object."
	case KindExists:
		return "It exists already."
	case KindRefused:
		return "Duo refused the request."
	case KindMisconfigured:
		return "Duo refuses the server's credentials."
	case KindClock:
		return "The server's clock differs from Duo's."
	case KindUntrusted:
		return "The server at Duo's address is not Duo."
	case KindBusy:
		return "Duo asks to slow down."
	case KindOutage:
		return "Duo cannot be reached."
	case KindMalformed:
		return "Duo's answer cannot be understood."
	default:
		return "The server cannot do this at the moment. If it was a change, look whether it was made before you repeat it."
	}
}

func advice(kind Kind) string {
	switch kind {
	case KindNotConfigured:
		return "Add the application or the organisation to the configuration."
	case KindMisconfigured, KindClock, KindUntrusted:
		return "Run mfaserver check on the server: it says what is wrong."
	case KindOutage, KindBusy:
		return "Try again later. If it was a change, look whether it was made before you repeat it."
	default:
		return ""
	}
}

// progress says how far an enrolment came, so that it can be asked for again.
func progress(e *helpdesk.EnrolError) string {
	var done []string
	for _, s := range e.Steps {
		if s.State != helpdesk.StepOpen && s.State != helpdesk.StepFailed {
			done = append(done, string(s.Name)+" ("+string(s.State)+")")
		}
	}
	if done == nil {
		done = []string{"nothing"}
	}
	return "The step " + string(e.Step) + " failed; done: " + strings.Join(done, ", ") + "; asking again continues."
}

// plain is an error without the names of our packages, on one line.
func plain(err error) string {
	return strings.NewReplacer("adminops: ", "", "helpdesk: ", "", "duoclient: ", "", "\n", "; ").Replace(err.Error())
}
