package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
	"mfaserver/web/text"
)

// The ways in and out, below [Base].
const (
	pathEntry     = "/enter"
	pathConfirmed = "/confirmed"
	pathSignOut   = "/sign-out"
)

// How old an approval may be that opens the form of something sensitive, and
// that lets it happen: who has opened a form has a while to fill it in (threat
// T158).
const (
	freshForm = 5 * time.Minute
	freshDeed = 10 * time.Minute
)

// answerTime is for the answer itself.
const answerTime = 10 * time.Second

// frameSection has the ways in and out.
func (c *Console) frameSection() section {
	return section{
		routes: []route{
			get("/", (*visit).index),
			post(pathEntry, (*visit).ask, "back"),
			once(get(pathConfirmed, (*visit).confirm)),
			post(pathSignOut, (*visit).signOut),
		},
		notices: map[string]browser.Notice{"console-confirmed": {Kind: browser.Good, Text: text.English.Console.Frame.Confirmed}},
	}
}

// index leads to the first of the sections.
func (v *visit) index() {
	for _, s := range v.console.sections {
		if s.label != "" {
			v.redirect(Base + s.path)
			return
		}
	}
	v.say(http.StatusOK, text.English.Console.Frame.Nowhere)
}

// fresh reports whether Duo's approval is recent enough for the route.
func (v *visit) fresh() bool {
	allowed := freshForm
	if v.r.Method == http.MethodPost {
		allowed = freshDeed
	}
	return v.console.cfg.Now().Sub(v.session.ApprovedAt) <= allowed
}

// enterPage is the page that leads to Duo.
type enterPage struct {
	sheet

	T text.ConsoleFrame
	// Again: the user is in, and asked once more. Nothing: he is not in yet.
	Again   bool
	Back    string
	Action  string
	Problem string
}

// enter asks the user to confirm with Duo, and then to come back to where he
// is.
func (v *visit) enter(status int, problem string) {
	w := text.English.Console.Frame
	data := enterPage{
		sheet: titled(w.ConfirmTitle), T: w, Again: v.session.Username != "", Action: Base + pathEntry, Problem: problem,
		Back: v.console.back(v.r.URL.EscapedPath()),
	}
	if v.form != nil {
		data.Back = v.console.back(v.form["back"])
	}
	v.show(status, "enter", &data)
}

// mustConfirm answers with the page that leads to Duo, in place of what was
// asked for. What was posted is refused.
func (v *visit) mustConfirm() {
	status := http.StatusOK
	if v.r.Method == http.MethodPost {
		status = http.StatusForbidden
	}
	v.enter(status, "")
}

// back is where an approval leads: a page of the console's, else the first. The
// query is not kept.
func (c *Console) back(path string) string {
	if below, ours := cutBase(path); ours {
		if r, _, _ := c.find(http.MethodGet, below); r != nil && r.path != pathConfirmed {
			return path
		}
	}
	return pathHome
}

func cutBase(path string) (below string, ok bool) {
	if len(path) <= len(Base) || path[:len(Base)] != Base {
		return "", false
	}
	return path[len(Base):], true
}

// ask sends the browser to Duo: no password again, the same prompt.
func (v *visit) ask() {
	v.patience(prompt.Budget + answerTime)
	err := v.console.prompt.Begin(v.w, v.r, prompt.Ask{
		Login: prompt.Again(v.page), Path: Base + pathConfirmed, Next: v.console.back(v.form["back"]),
	})
	if err != nil {
		v.notConfirmed(err)
	}
}

// confirm takes the browser back from Duo, and opens the session of the
// console.
func (v *visit) confirm() {
	v.patience(2*prompt.Budget + answerTime)
	back, err := v.console.prompt.Return(v.r)
	if err != nil {
		v.form = map[string]string{"back": back.Next}
		v.notConfirmed(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), prompt.Budget)
	defer cancel()
	if back.Grant.Username != v.page.Username {
		v.hide("user", nil)
		return
	}
	opened, err := v.console.open(ctx, v.w, v.r, back.Grant, v.page)
	switch {
	case err != nil:
		v.unavailable(err)
	case !opened:
		v.form = map[string]string{"back": back.Next}
		v.notConfirmed(mfa.ErrRefused)
	default:
		v.console.prompt.Forget(v.w)
		browser.SetNotice(v.w, "console-confirmed")
		v.redirect(v.console.back(back.Next))
	}
}

// Open opens the console's session for a sign-in that has just given this
// browser the page's session: that of g. It reports whether it did; who may not
// enter, or cannot see the console at all, gets none, and no error either. With
// an error or without, the session of the page is the caller's.
func (c *Console) Open(ctx context.Context, w http.ResponseWriter, r *http.Request, g *mfa.Grant, page session.Session) (bool, error) {
	if !c.visible(c.cfg.Client(r)) {
		return false, nil
	}
	if why, err := c.mayEnter(ctx, &page); err != nil || why != "" {
		return false, err
	}
	return c.open(ctx, w, r, g, page)
}

// open starts the session of the console. Only what the user himself did at the
// prompt counts (threat T042), and the session ends with the sign-in.
func (c *Console) open(ctx context.Context, w http.ResponseWriter, r *http.Request, g *mfa.Grant, page session.Session) (bool, error) {
	if g.ApprovedAt.IsZero() || g.FailOpen || g.Exemption != "" {
		client := c.cfg.Client(r)
		return false, c.deps.Recorder.Record(ctx, audit.Event{
			Name: audit.ConsoleRefused, Outcome: audit.Refused, Username: page.Username, Source: client.Addr, UserAgent: client.UserAgent,
			RequestID: client.RequestID, Session: page.Key.Handle(), Transaction: g.Transaction, Reason: "not_asked",
		})
	}
	client := c.cfg.Client(r)
	_, err := c.deps.Sessions.Start(ctx, w, r, session.Session{
		UserID: page.UserID, Username: page.Username, Administrator: true, Source: client.Addr.String(), UserAgent: client.UserAgent,
		Transaction: g.Transaction, Factor: g.Factor, Reason: g.Reason, Device: g.Device, ApprovedAt: g.ApprovedAt,
		Kind: session.KindConsole, Expires: page.Expires,
	})
	return err == nil, err
}

// notConfirmed shows the page that leads to Duo again, with why.
func (v *visit) notConfirmed(cause error) {
	w := text.English.Console.Frame
	status, problem := http.StatusForbidden, w.NotConfirmed
	switch {
	case errors.Is(cause, prompt.ErrLink), errors.Is(cause, prompt.ErrStranger):
		status, problem = http.StatusBadRequest, w.BadLink
	case errors.Is(cause, prompt.ErrOver):
		status, problem = http.StatusGone, w.Over
	case errors.Is(cause, prompt.ErrDenied):
		problem = w.Denied
	case errors.Is(cause, mfa.ErrTooManyPending):
		status, problem = http.StatusTooManyRequests, w.TooMany
	case errors.Is(cause, mfa.ErrNotEnrolled):
		problem = w.NotEnrolled
	case errors.Is(cause, mfa.ErrSecondFactorUnavailable):
		problem = w.NoDuo
	case errors.Is(cause, mfa.ErrRefused):
	default:
		v.unavailable(cause)
		return
	}
	v.enter(status, problem)
}

// signOut ends the session of the console, and that of the pages with it.
func (v *visit) signOut() {
	_, err := v.console.deps.Sessions.EndPage(v.r.Context(), v.w, v.r)
	switch {
	case errors.Is(err, session.ErrNotRecorded):
		v.log("sign-out not recorded", err)
	case err != nil && !session.Absent(err):
		v.unavailable(err)
		return
	}
	v.redirect("/mfa/")
}
