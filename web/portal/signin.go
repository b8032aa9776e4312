package portal

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
	"mfaserver/web/signin"
)

const (
	// passwordBudget bounds the check of a password, whatever the browser does.
	passwordBudget = 22 * time.Second
	// answerTime is for the answer itself.
	answerTime = 10 * time.Second
)

// wantCode is the value of the button for a sign-in code.
const wantCode = "code"

// signInPage is the form to sign in.
type signInPage struct {
	base

	// Username is filled in. Next is the word for where to go afterwards.
	Username, Next string
	Lead           string
	// Code offers the button for a sign-in code.
	Code bool
}

// home shows somebody his account, or the form to sign in.
func (p *Portal) home(v *visit) {
	next := nextWord(v.r.URL.Query().Get("next"))
	switch {
	case !v.signedIn():
		p.signInForm(v, http.StatusOK, "", next, "")
	case next == nextConsole:
		seeOther(v.w, PathConsole)
	case next != "":
		seeOther(v.w, nextPath(next))
	default:
		p.account(v)
	}
}

func (p *Portal) signInForm(v *visit, status int, username, next, problem string) {
	data := signInPage{
		base:     base{Frame: browser.Frame{Title: p.text.SignIn.Title}, Problem: problem},
		Username: username, Next: next, Lead: p.text.SignIn.Lead, Code: next != nextConsole,
	}
	if next == nextConsole {
		data.Lead = p.text.SignIn.LeadConsole
	}
	p.show(v, status, "sign-in", &data)
}

// signIn checks a password and sends the browser to Duo.
func (p *Portal) signIn(v *visit) {
	form, ok := p.posted(v, "username", "password", "want", "next")
	if !ok {
		return
	}
	patience(v.w, passwordBudget)
	next := nextWord(form["next"])
	begin, err := p.password(v, form)
	if err != nil {
		p.refused(v, form["username"], next, err)
		return
	}
	path := pathCallback
	switch {
	case form["want"] == wantCode:
		path = pathCodeCallback
	case next == nextConsole:
		path = pathConsoleCallback
	}
	if err := p.prompt.Begin(v.w, v.r, prompt.Ask{Login: begin, Path: path, Next: next}); err != nil {
		p.refused(v, form["username"], next, err)
	}
}

// patience gives the answer the time that is needed. A writer without deadlines
// needs none.
func patience(w http.ResponseWriter, more time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(more + prompt.Budget + answerTime)) //nolint:forbidigo // sockets know only the real clock
}

// password checks the password, and whether the rules let the user come this
// way: by the name that was typed and by his own.
func (p *Portal) password(v *visit, form map[string]string) (signin.Accepted, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), passwordBudget)
	defer cancel()
	c := p.client(v)
	begin, err := p.passwords.Check(ctx, signin.Attempt{
		Username: form["username"], Password: secret.New(form["password"]), Client: c,
	})
	if err != nil {
		return signin.Accepted{}, err
	}
	for _, name := range []string{form["username"], begin.Username} {
		d := p.decide(v, name)
		if d.Allows(rules.Code) || form["want"] != wantCode && d.Allows(rules.Prompt) {
			continue
		}
		p.release(ctx, begin.Username, begin.Carry)
		return signin.Accepted{}, p.modeRefused(ctx, begin.Username, c, d)
	}
	return begin, nil
}

// decide asks the rules about somebody of that name, here and now.
func (p *Portal) decide(v *visit, username string) rules.Decision {
	return p.deps.Rules.Decide(rules.Request{
		Username: username, Addr: p.client(v).Addr, UserAgent: v.r.UserAgent(), At: p.cfg.Now(),
		Header: func(name string) bool { return len(v.r.Header.Values(name)) > 0 },
	})
}

func (p *Portal) modeRefused(ctx context.Context, username string, c mfa.Client, d rules.Decision) error {
	e := audit.Event{
		Name: audit.MFAModeRefused, Outcome: audit.Refused, Username: username, Reason: "portal",
		Detail: map[string]string{"rule": d.Rule, "mode": string(d.Mode)},
	}
	if err := p.record(ctx, c, e); err != nil {
		return err
	}
	return &primary.RefusedError{}
}

// refused shows the form again, with why.
func (p *Portal) refused(v *visit, username, next string, cause error) {
	if status, problem := p.problem(v, cause); problem != "" {
		p.signInForm(v, status, username, next, problem)
		return
	}
	p.unavailable(v, cause)
}

// problem is what people are told of a refusal; empty when something of ours
// failed. Refusals read alike, but for what only somebody with the password, or
// a session, gets to hear.
func (p *Portal) problem(v *visit, cause error) (status int, words string) {
	t := p.text.SignIn
	switch {
	case errors.Is(cause, primary.ErrThrottled), errors.Is(cause, throttle.ErrThrottled), errors.Is(cause, mfa.ErrTooManyPending):
		v.w.Header().Set("Retry-After", strconv.Itoa(retryAfter(cause)))
		return http.StatusTooManyRequests, t.Throttled
	case errors.Is(cause, primary.ErrUnavailable), errors.Is(cause, mfa.ErrUnavailable):
		return 0, ""
	case errors.Is(cause, prompt.ErrDenied):
		return http.StatusUnauthorized, t.Denied
	case errors.Is(cause, primary.ErrPasswordExpired):
		return http.StatusUnauthorized, t.Expired
	case errors.Is(cause, mfa.ErrNotEnrolled):
		return http.StatusUnauthorized, p.ask(t.NotEnrolled)
	case errors.Is(cause, mfa.ErrSecondFactorUnavailable):
		return http.StatusUnauthorized, t.Duo
	case errors.Is(cause, primary.ErrRefused):
		return http.StatusUnauthorized, t.Refused
	case errors.Is(cause, mfa.ErrRefused):
		return http.StatusUnauthorized, t.NotConfirmed
	default:
		return 0, ""
	}
}

// ask ends a sentence with whom to ask.
func (p *Portal) ask(sentence string) string {
	whom := p.cfg.EnrolmentContact
	if whom == "" {
		whom = p.text.SignIn.SomebodyToAsk
	}
	return sentence + " " + strings.TrimSuffix(whom, ".") + "."
}

// retryAfter is how many seconds a throttled browser has to wait.
func retryAfter(err error) int {
	wait := time.Minute
	if e, ok := errors.AsType[*primary.ThrottledError](err); ok {
		wait = e.RetryAfter
	}
	return max(1, int(math.Ceil(wait.Seconds())))
}

// signOut ends the session of the page. That there is none is fine.
func (p *Portal) signOut(v *visit) {
	if _, ok := p.posted(v); !ok {
		return
	}
	p.endThis(v)
}

// endThis ends the session of this browser and begins again.
func (p *Portal) endThis(v *visit) {
	_, err := p.deps.Sessions.EndPage(v.r.Context(), v.w, v.r)
	switch {
	case errors.Is(err, session.ErrNotRecorded):
		p.log.ErrorContext(v.r.Context(), "sign-out not recorded", slog.String("request_id", p.cfg.Client(v.r).RequestID))
	case err != nil && !session.Absent(err):
		p.unavailable(v, err)
		return
	}
	forgetDevice(v.w, v.r)
	browser.SetNotice(v.w, noticeSignedOut)
	seeOther(v.w, pathHome)
}
