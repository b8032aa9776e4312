package console

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mfaserver/internal/helpdesk"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// visit is one request on its way.
type visit struct {
	console *Console
	w       http.ResponseWriter
	r       *http.Request
	client  mfa.Client
	// page is the portal's session. session is the console's, of the same
	// user; at the way in there may be none.
	page, session session.Session
	// matched is the route, values those in its path, as they are written
	// there; form and many are what was posted.
	matched *route
	values  map[string]string
	form    map[string]string
	many    map[string][]string
}

// sheet is what the data of all pages of the console embed.
type sheet struct {
	browser.Frame
}

func (s *sheet) outer() *browser.Frame { return &s.Frame }

// sheetPage is the data of a page of the console.
type sheetPage interface {
	browser.Page

	outer() *browser.Frame
}

// show answers with a page. Title must be set; Wide is.
func (v *visit) show(status int, name string, data sheetPage) {
	f := data.outer()
	f.Wide, f.SignedInAs, f.SignOut = true, v.page.Username, Base+pathSignOut
	f.Form = v.console.forms.Token(v.w, v.r, v.secret())
	f.Nav = v.nav()
	if f.Notice == nil && status == http.StatusOK {
		f.Notice = v.notice()
	}
	if err := v.console.pages.Send(v.w, status, name, data); err != nil {
		v.log("page cannot be rendered", err, slog.String("page", name))
		v.w.WriteHeader(http.StatusInternalServerError)
	}
}

// nav lists the sections, for those who are in.
func (v *visit) nav() []browser.NavItem {
	if v.session.Username == "" {
		return nil
	}
	var items []browser.NavItem
	for i, s := range v.console.sections {
		if s.label == "" {
			continue
		}
		items = append(items, browser.NavItem{
			Label: s.label, Path: Base + s.path, Icon: s.icon, Current: v.matched != nil && v.matched.section == i,
		})
	}
	return items
}

// notice is what came of the form before, if it was one of the console's.
func (v *visit) notice() *browser.Notice {
	key := browser.TakeNotice(v.w, v.r)
	for _, s := range v.console.sections {
		if n, ok := s.notices[key]; ok {
			return &n
		}
	}
	return nil
}

// done ends a change: on to a page below [Base] that says what came of it. The
// notice is a key of the section's.
func (v *visit) done(path, notice string) {
	browser.SetNotice(v.w, notice)
	v.redirect(Base + path)
}

// redirect sends the browser on, by GET.
func (v *visit) redirect(to string) {
	v.w.Header().Set("Location", to)
	v.w.Header().Set("Content-Length", "0")
	v.w.WriteHeader(http.StatusSeeOther)
}

// say answers with a page that says one thing.
func (v *visit) say(status int, what text.Saying) {
	v.show(status, "saying", &sayingPage{sheet: titled(what.Title), Text: what, Home: pathHome, T: text.English.Console.Frame})
}

type sayingPage struct {
	sheet

	T    text.ConsoleFrame
	Text text.Saying
	Home string
}

func titled(title string) sheet { return sheet{Frame: browser.Frame{Title: title}} }

// unavailable says that a room behind the console failed. The cause goes to the
// log only.
func (v *visit) unavailable(cause error) {
	v.log("page cannot be served", cause)
	v.w.Header().Set("Retry-After", "5")
	v.say(http.StatusServiceUnavailable, text.English.Console.Frame.Unavailable)
}

func (v *visit) log(message string, err error, more ...slog.Attr) {
	attrs := append([]slog.Attr{slog.String("request_id", v.client.RequestID), slog.Any("err", err)}, more...)
	v.console.log.LogAttrs(v.r.Context(), slog.LevelError, message, attrs...) //nolint:sloglint // the callers' are literals
}

// patience gives an answer that has to wait for others its time, whatever the
// server allows the rest.
func (v *visit) patience(d time.Duration) {
	// A writer without a connection has no deadline to set.
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(d)) //nolint:forbidigo // sockets know only the real clock
}

// actor is who asks, for policy and trail.
func (v *visit) actor() helpdesk.Actor {
	return helpdesk.Actor{
		Name: v.session.Username, Source: v.client.Addr, UserAgent: v.client.UserAgent,
		Session: v.session.Key.Handle(), RequestID: v.client.RequestID,
	}
}

// query reads the named parameters of a GET, each at most once. It reports
// whether the query can be read; else it has answered. Unknown parameters are
// ignored.
func (v *visit) query(names ...string) (map[string]string, bool) {
	all, err := url.ParseQuery(v.r.URL.RawQuery)
	if err == nil {
		got := make(map[string]string, len(names))
		for _, name := range names {
			if len(all[name]) > 1 {
				v.say(http.StatusBadRequest, text.English.Console.Frame.BadQuery)
				return nil, false
			}
			got[name] = strings.TrimSpace(all.Get(name))
		}
		return got, true
	}
	v.say(http.StatusBadRequest, text.English.Console.Frame.BadQuery)
	return nil, false
}

// secret ties forms to the session of the pages, without which there is none of
// the console.
func (v *visit) secret() string {
	if v.page.Username == "" {
		return ""
	}
	return browser.CookieValue(v.r, session.DefaultPageCookie)
}
