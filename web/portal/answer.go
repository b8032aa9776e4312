package portal

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
)

// pageData is what the templates may show.
type pageData struct {
	browser.Frame

	T    texts
	Text saying
	// Form is the value that forms repeat.
	Form string
	// SignedInAs is empty for nobody. Username is filled in for him.
	SignedInAs, Username string
	// Problem is why the last attempt came to nothing.
	Problem string
	// Code is a sign-in code; it works until Expires.
	Code, Expires, ExpiresAt string
}

// show answers with a page.
func (p *Portal) show(w http.ResponseWriter, r *http.Request, status int, name string, data *pageData) {
	data.T, data.Form = text, formToken(w, r)
	if data.Title == "" {
		data.Title = map[string]string{"home": text.HomeTitle, "code": text.CodeTitle}[name]
	}
	if err := p.pages.Send(w, status, name, data); err != nil {
		p.log.ErrorContext(r.Context(), "page cannot be rendered", slog.String("page", name), slog.Any("err", err))
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// say answers with a page that says one thing.
func (p *Portal) say(w http.ResponseWriter, r *http.Request, status int, what saying) {
	p.show(w, r, status, "plain", &pageData{Frame: browser.Frame{Title: what.Title}, Text: what})
}

// unavailable says that a room behind the portal failed. The cause goes to the
// log only.
func (p *Portal) unavailable(w http.ResponseWriter, r *http.Request, cause error) {
	p.log.ErrorContext(r.Context(), "page cannot be served",
		slog.String("request_id", p.cfg.Client(r).RequestID), slog.Any("err", cause))
	w.Header().Set("Retry-After", "5")
	p.say(w, r, http.StatusServiceUnavailable, textUnavailable)
}

// refused shows the form again, with why. Refusals read alike, but for what
// only somebody with the password gets to hear.
func (p *Portal) refused(w http.ResponseWriter, r *http.Request, username string, cause error) {
	status, problem := http.StatusUnauthorized, text.Refused
	switch {
	case errors.Is(cause, primary.ErrThrottled), errors.Is(cause, throttle.ErrThrottled), errors.Is(cause, mfa.ErrTooManyPending):
		status, problem = http.StatusTooManyRequests, text.Throttled
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(cause)))
	case errors.Is(cause, primary.ErrUnavailable), errors.Is(cause, mfa.ErrUnavailable):
		p.unavailable(w, r, cause)
		return
	case errors.Is(cause, prompt.ErrDenied):
		problem = text.Denied
	case errors.Is(cause, primary.ErrPasswordExpired):
		problem = text.Expired
	case errors.Is(cause, mfa.ErrNotEnrolled):
		problem = notEnrolled(p.cfg.EnrolmentContact)
	case errors.Is(cause, mfa.ErrSecondFactorUnavailable):
		problem = text.Duo
	case errors.Is(cause, primary.ErrRefused):
	case errors.Is(cause, mfa.ErrRefused):
		problem = text.NotConfirmed
	default:
		p.unavailable(w, r, cause)
		return
	}
	p.show(w, r, status, "home", &pageData{Username: username, Problem: problem})
}

// retryAfter is how many seconds a throttled browser has to wait.
func retryAfter(err error) int {
	wait := time.Minute
	if e, ok := errors.AsType[*primary.ThrottledError](err); ok {
		wait = e.RetryAfter
	}
	return max(1, int(math.Ceil(wait.Seconds())))
}

// notEnrolled names whom to ask, as the end of a sentence.
func notEnrolled(contact string) string {
	if contact == "" {
		contact = "your administrator"
	}
	return "Your account is not enrolled in Duo yet. To be enrolled, ask " + strings.TrimSuffix(contact, ".") + "."
}
