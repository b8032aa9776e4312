package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// visit is one request and who made it.
type visit struct {
	w http.ResponseWriter
	r *http.Request
	// session is zero for somebody who is not signed in; cookie is then empty.
	session session.Session
	cookie  string
}

// finish lets what follows come to its end within d, although the browser may
// be gone. The caller calls what it returns when that is done.
func (v *visit) finish(d time.Duration) context.CancelFunc {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), d)
	v.r = v.r.WithContext(ctx)
	return cancel
}

func (v *visit) signedIn() bool { return v.session.Username != "" }

// recognise finds the session of the pages. That there is none is no error.
func (p *Portal) recognise(v *visit) error {
	s, err := p.deps.Sessions.LoadPage(v.r)
	switch {
	case err == nil:
		v.session, v.cookie = s, browser.CookieValue(v.r, session.DefaultPageCookie)
	case !session.Absent(err):
		return err
	}
	return nil
}

// begun makes a session that has just started the visit's. Its cookie is not in
// the request yet, but in the answer.
func (v *visit) begun(s session.Session) {
	v.session = s
	answer := http.Response{Header: v.w.Header()}
	for _, c := range answer.Cookies() {
		if c.Name == session.DefaultPageCookie && c.MaxAge == 0 {
			v.cookie = c.Value
		}
	}
}

// posted reads a form of ours, or answers and returns false.
func (p *Portal) posted(v *visit, names ...string) (map[string]string, bool) {
	form, err := p.forms.Read(v.w, v.r, v.cookie, names...)
	if err == nil {
		return form, true
	}
	status := http.StatusBadRequest
	if s, ok := errors.AsType[browser.StatusError](err); ok {
		status = int(s)
	}
	p.say(v, status, p.text.Foreign)
	return nil, false
}

// base is what all pages have.
type base struct {
	browser.Frame

	T text.Portal
	// Problem is why the last attempt came to nothing.
	Problem string
}

func (b *base) common() *base { return b }

// page is the data of a page of the portal: a pointer to a struct that embeds
// base.
type page interface {
	browser.Page
	common() *base
}

// show answers with a page.
func (p *Portal) show(v *visit, status int, name string, data page) {
	b := data.common()
	b.T, b.Form = p.text, p.forms.Token(v.w, v.r, v.cookie)
	if v.signedIn() {
		b.SignedInAs, b.SignOut, b.Nav, b.Wide = v.session.Username, pathSignOut, p.menu(v), true
	}
	if v.r.Method == http.MethodGet {
		b.Notice = p.notice(browser.TakeNotice(v.w, v.r))
	}
	if err := p.pages.Send(v.w, status, name, data); err != nil {
		p.log.ErrorContext(v.r.Context(), "page cannot be rendered", slog.String("page", name), slog.Any("err", err))
		v.w.WriteHeader(http.StatusInternalServerError)
	}
}

// menu are the pages of somebody who is signed in.
func (p *Portal) menu(v *visit) []browser.NavItem {
	t, at := p.text.Menu, v.r.URL.Path
	items := []browser.NavItem{
		{Label: t.Home, Path: pathHome, Icon: "home"},
		{Label: t.Sessions, Path: pathSessions, Icon: "sessions"},
		{Label: t.Devices, Path: pathDevices, Icon: "device"},
		{Label: t.Code, Path: pathCode, Icon: "code"},
		{Label: t.Setup, Path: pathSetup, Icon: "help"},
	}
	for i := range items {
		of := items[i].Path
		items[i].Current = at == of || of != pathHome && len(at) > len(of) && at[:len(of)+1] == of+"/"
	}
	if p.consoleFor(v) {
		items = append(items, browser.NavItem{Label: t.Console, Path: PathConsole, Icon: "lock"})
	}
	return items
}

// consoleFor reports whether there is a console for whoever visits, from where
// he is. It opens nothing: the console judges for itself.
func (p *Portal) consoleFor(v *visit) bool {
	return p.deps.Console != nil && v.session.Administrator && p.deps.Console.Visible(v.r)
}

// plainPage is a page that says one thing.
type plainPage struct {
	base

	Text text.Saying
}

func (p *Portal) say(v *visit, status int, what text.Saying) {
	p.show(v, status, "plain", &plainPage{base: base{Frame: browser.Frame{Title: what.Title}}, Text: what})
}

// unavailable says that a room behind the portal failed. The cause goes to the
// log only.
func (p *Portal) unavailable(v *visit, cause error) {
	p.log.ErrorContext(v.r.Context(), "page cannot be served",
		slog.String("request_id", p.cfg.Client(v.r).RequestID), slog.Any("err", cause))
	v.w.Header().Set("Retry-After", "5")
	v.session, v.cookie = session.Session{}, ""
	p.say(v, http.StatusServiceUnavailable, p.text.Unavailable)
}

// The keys of notices.
const (
	noticeSignedOut    = "signed-out"
	noticeSessionEnded = "session-ended"
	noticeSessionGone  = "session-gone"
	noticeOthersEnded  = "others-ended"
	noticeNoOthers     = "no-others"
	noticeConfirmed    = "confirmed"
	noticeNotConfirmed = "not-confirmed"
	noticeNotAsked     = "not-asked"
	noticeNoConsole    = "no-console"
)

// notice is what a key says.
func (p *Portal) notice(key string) *browser.Notice {
	t := p.text.Notices
	n, ok := map[string]browser.Notice{
		noticeSignedOut:    {Kind: browser.Good, Text: t.SignedOut},
		noticeSessionEnded: {Kind: browser.Good, Text: t.SessionEnded},
		noticeSessionGone:  {Kind: browser.Info, Text: t.SessionGone},
		noticeOthersEnded:  {Kind: browser.Good, Text: t.OthersEnded},
		noticeNoOthers:     {Kind: browser.Info, Text: t.NoOthers},
		noticeConfirmed:    {Kind: browser.Good, Text: t.Confirmed},
		noticeNotConfirmed: {Kind: browser.Bad, Text: t.NotConfirmed},
		noticeNotAsked:     {Kind: browser.Warn, Text: t.NotAsked},
		noticeNoConsole:    {Kind: browser.Warn, Text: t.NoConsole},
	}[key]
	if !ok {
		return nil
	}
	return &n
}

// client is who visits, as the flow wants to know it.
func (p *Portal) client(v *visit) mfa.Client { return p.prompt.Client(v.r) }

func (p *Portal) record(ctx context.Context, c mfa.Client, e audit.Event) error {
	e.Source, e.UserAgent, e.RequestID = c.Addr, c.UserAgent, c.RequestID
	return p.deps.Recorder.Record(ctx, e)
}

func (p *Portal) release(ctx context.Context, username string, carry []byte) {
	if p.deps.Releaser != nil && len(carry) > 0 {
		p.deps.Releaser.Release(context.WithoutCancel(ctx), username, carry)
	}
}
