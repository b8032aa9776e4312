package checkup

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/duoclient"
)

const (
	codeUnknownKey   = 40102
	codeBadSignature = 40103
)

// explain says what is wrong with an application that Duo does not take, and
// what to do.
func (r *run) explain(ctx context.Context, a application, err error) Finding {
	if f, known := r.common(ctx, a.subject, a.host, err); known {
		return f
	}
	if !errors.Is(err, duoclient.ErrMisconfigured) {
		return failure(a.subject, fmt.Sprintf("Duo answers otherwise than it should: %v", err), advice(err))
	}
	if f, known := r.misplaced(ctx, a, err); known {
		return f
	}
	return r.wrong(ctx, a, err)
}

func failure(subject, text, advice string) Finding {
	return Finding{Subject: subject, Level: Fail, Text: text, Advice: advice}
}

// advice is Duo's refusal's, or that of what cannot be told better.
func advice(err error) string {
	if e := refused(err); e != nil {
		return e.Advice()
	}
	return "Try again; if it stays, look at what stands between this machine and Duo."
}

// common explains the errors that are not about credentials.
func (r *run) common(ctx context.Context, subject, host string, err error) (Finding, bool) {
	switch {
	case ctx.Err() != nil:
		return failure(subject, "not checked: the time for the checkup was over", "Run it again, or look at what answers slowly."), true
	case errors.Is(err, duoclient.ErrUntrustedServer):
		return failure(subject, fmt.Sprintf("the server at %s is not trusted: %v", host, err), r.trustAdvice()), true
	case errors.Is(err, duoclient.ErrClockSkew):
		return failure(subject, fmt.Sprintf("the clocks differ: %v", err), clockAdvice), true
	case errors.Is(err, duoclient.ErrRateLimited):
		return Finding{
			Subject: subject, Level: Warn, Text: "not checked: Duo asks to slow down", Advice: "Run the check again in a minute.",
		}, true
	case errors.Is(err, duoclient.ErrConfig):
		return failure(subject, fmt.Sprintf("cannot be used: %v", err), "Correct the setting."), true
	case errors.Is(err, duoclient.ErrOutage), errors.Is(err, duoclient.ErrBusy):
		return failure(subject, fmt.Sprintf("%s cannot be reached: %v", host, err), r.networkAdvice(host, err)), true
	}
	return Finding{}, false
}

// misplaced looks whether the keys would be right elsewhere: at another API,
// with another secret of the configuration, at another of its hosts.
func (r *run) misplaced(ctx context.Context, a application, err error) (Finding, bool) {
	switch r.keyCode(ctx, a, err) {
	case codeBadSignature:
		return r.otherSecret(ctx, a)
	case codeUnknownKey:
		return r.otherHost(ctx, a)
	}
	if f, known := r.otherAPI(ctx, a); known {
		return f, true
	}
	return r.otherHost(ctx, a)
}

// keyCode is Duo's code for the pair. The Universal Prompt does not say which
// of the two it does not take, the signed APIs do.
func (r *run) keyCode(ctx context.Context, a application, err error) int {
	if a.api != universal {
		return code(err)
	}
	return code(r.ask(ctx, a.as(auth)).err)
}

// takes reports whether the API takes the pair.
func (r *run) takes(ctx context.Context, a application) bool { return r.ask(ctx, a).err == nil }

func (r *run) otherAPI(ctx context.Context, a application) (Finding, bool) {
	for _, other := range apis() {
		if other == a.api || !r.takes(ctx, a.as(other)) {
			continue
		}
		text := fmt.Sprintf("these are the keys of an application of type %s; here belong those of type %s", other.name(), a.api.name())
		place := a.section + "." + string(other)
		advice := fmt.Sprintf("Move them to %s, and put here the keys of the application of type %s from Duo's panel.", place, a.api.name())
		if there := r.find(place); there != nil && r.takes(ctx, there.as(a.api)) {
			advice = fmt.Sprintf("Exchange %s and %s: each holds the other's keys.", a.subject, place)
		}
		return failure(a.subject, text, advice), true
	}
	return Finding{}, false
}

// mostGuesses bounds what is tried of a large configuration.
const mostGuesses = 8

func (r *run) otherSecret(ctx context.Context, a application) (Finding, bool) {
	guesses := 0
	for _, other := range r.apps {
		if other.secret.Equal(a.secret) || guesses == mostGuesses {
			continue
		}
		guesses++
		try := a
		try.secret = other.secret
		if !r.takes(ctx, try) {
			continue
		}
		text := fmt.Sprintf("%s is right, %s is not: the one of this key stands under %s", a.keyName(), a.secretName(), other.subject)
		return failure(a.subject, text, fmt.Sprintf("Put the secret of %s here, and check that of %s.", other.subject, other.subject)), true
	}
	return Finding{}, false
}

func (r *run) otherHost(ctx context.Context, a application) (Finding, bool) {
	tried := map[string]bool{a.host: true}
	for _, other := range r.apps {
		_, down := r.down[other.host]
		if tried[other.host] || down || len(tried) > mostGuesses {
			continue
		}
		tried[other.host] = true
		try := a
		try.host = other.host
		if !r.takes(ctx, try) {
			continue
		}
		text := fmt.Sprintf("api_hostname is wrong: Duo takes these keys at %s, not at %s", other.host, a.host)
		return failure(a.subject, text, "Write api_hostname: "+other.host+" here."), true
	}
	return Finding{}, false
}

// find gives the application that stands there, or nil.
func (r *run) find(subject string) *application {
	for i := range r.apps {
		if r.apps[i].subject == subject {
			return &r.apps[i]
		}
	}
	return nil
}

// wrong names the one of key, secret, host and permission that Duo does not
// take.
func (r *run) wrong(ctx context.Context, a application, err error) Finding {
	switch why := r.keyCode(ctx, a, err); {
	case why == codeUnknownKey:
		return failure(a.subject,
			fmt.Sprintf("Duo does not know %s %s at %s", a.keyName(), a.key, a.host),
			fmt.Sprintf("Compare %s and api_hostname with the page of the application (%s) in Duo's panel; it may have been deleted there.",
				a.keyName(), a.api.name()))
	case why == codeBadSignature:
		return failure(a.subject,
			fmt.Sprintf("%s is not the one of %s %s", a.secretName(), a.keyName(), a.key),
			fmt.Sprintf("Copy the secret again from the page of the application (%s) in Duo's panel, without blanks; one that was reset there is void.",
				a.api.name()))
	case otherType(err):
		return failure(a.subject,
			fmt.Sprintf("these are the keys of an application of another type than %s", a.api.name()),
			fmt.Sprintf("Make an application of type %s in Duo's panel and put its keys here.", a.api.name()))
	case forbidden(err):
		return failure(a.subject,
			"Duo takes the keys, but the application may do nothing: it has no permissions, or not from this address",
			"Tick the permissions on the application's page in Duo's panel (Grant read information, Grant read resource, "+
				"and Grant write resource for enrolment), and look at its networks for API access.")
	case a.api == universal:
		return failure(a.subject,
			fmt.Sprintf("Duo does not take client_id and client_secret at %s: %v", a.host, err),
			"Copy client ID, client secret and API hostname again from the page of the application (Web SDK) in Duo's panel.")
	default:
		return failure(a.subject, fmt.Sprintf("Duo does not take the keys: %v", err), advice(err))
	}
}
