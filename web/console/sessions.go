package console

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/people"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

func (c *Console) sessionsSection() section {
	w := text.English.Console.Sessions
	return section{
		label: w.Title, path: "/sessions", icon: "sessions",
		routes: append([]route{
			get("/sessions", (*visit).sessions),
			post("/sessions/end", (*visit).endOne, "session", "user"),
		}, confirmed(
			get("/sessions/end-all", (*visit).endEverybodyForm),
			post("/sessions/end-all", (*visit).endEverybody, "reason"),
		)...),
		notices: map[string]browser.Notice{
			"sessions-ended":    {Kind: browser.Good, Text: w.EndedOne},
			"sessions-gone":     {Kind: browser.Info, Text: w.GoneAlready},
			"sessions-everyone": {Kind: browser.Good, Text: w.EndedAll},
		},
	}
}

type sessionsPage struct {
	sheet

	T     text.ConsoleSessions
	User  string
	Rows  []sessionRow
	Pager browser.Pager
	Empty browser.Empty
	End   string
}

// sessionRow is a session as lists show it.
type sessionRow struct {
	// Handle names it, and opens nothing.
	Handle             string
	User, UserPath     string
	Kind               string
	Source, Agent      string
	Factor             string
	Notes              []browser.Badge
	Created, Last, End time.Time
	// Mine is the session of this very page.
	Mine   bool
	Ending endForm
}

// endForm ends one session; with a user it leads back to his page.
type endForm struct{ Action, Form, Handle, User, Label, Do string }

func (v *visit) sessionRowOf(s *session.Session) sessionRow {
	w := text.English.Console.Sessions
	row := sessionRow{
		Handle: s.Key.Handle(), User: s.Username, UserPath: Base + "/users/" + pathName(s.Username), Source: s.Source, Agent: s.UserAgent,
		Created: s.CreatedAt, Last: s.LastActive, End: s.Expires, Mine: s.Key == v.session.Key || s.Key == v.page.Key,
	}
	if s.Factor != "" {
		row.Factor = factorWords(s.Factor)
	}
	row.Ending = endForm{
		Action: Base + "/sessions/end", Form: v.console.forms.Token(v.w, v.r, v.secret()), Handle: row.Handle, User: v.values["user"],
		Label: w.EndOne, Do: w.End,
	}
	switch s.Kind {
	case session.KindPage:
		row.Kind = w.KindPage
	case session.KindConsole:
		row.Kind = w.KindConsole
	case session.KindToken:
		row.Kind = w.KindToken
	default:
		row.Kind = w.KindAPI
	}
	for _, note := range []struct {
		is   bool
		kind browser.Kind
		text string
	}{
		{row.Mine, browser.Info, w.ThisOne},
		{s.FailOpen, browser.Bad, w.FailOpen},
		{s.Exemption != "", browser.Warn, w.Exempt},
		{s.ReadOnly, browser.Plain, w.ReadOnly},
	} {
		if note.is {
			row.Notes = append(row.Notes, browser.Badge{Kind: note.kind, Text: note.text})
		}
	}
	return row
}

// sessions lists the live sessions of a user or of everybody, page by page.
func (v *visit) sessions() {
	q, ok := v.query("user", "after")
	if !ok {
		return
	}
	w := text.English.Console.Sessions
	data := sessionsPage{sheet: titled(w.Title), T: w, User: q["user"], End: Base + "/sessions/end"}
	data.KeepQuery = true
	data.Empty = browser.Empty{Title: w.NoneTitle, Text: w.None}
	if q["user"] != "" {
		data.Empty = browser.Empty{Title: w.NoneTitle, Text: w.NoneOfUser, Link: w.All, Href: Base + "/sessions"}
	}
	list, more, err := v.sessionPart(q["user"], q["after"])
	if errors.Is(err, errPart) {
		v.say(http.StatusBadRequest, text.English.Console.Frame.BadQuery)
		return
	}
	if err != nil {
		v.unavailable(err)
		return
	}
	if more {
		last := list[len(list)-1].Key
		data.Pager.Next = Base + "/sessions?" + url.Values{"after": {hex.EncodeToString(last[:])}}.Encode()
	}
	if q["after"] != "" {
		data.Pager.Previous = Base + "/sessions"
	}
	for i := range list {
		data.Rows = append(data.Rows, v.sessionRowOf(&list[i]))
	}
	v.show(http.StatusOK, "sessions", &data)
}

// errPart: the parameter that follows a page is none.
var errPart = errors.New("console: not the end of a page")

// mostSorted is how many sessions of everybody are put in order for a page.
const mostSorted = 2000

// byLastUse puts what was used last first.
func byLastUse(list []session.Session) []session.Session {
	slices.SortFunc(list, func(a, b session.Session) int {
		return cmp.Or(b.LastActive.Compare(a.LastActive), b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(a.Key[:], b.Key[:]))
	})
	return list
}

// sessionPart is a part of the list, what was used last first. Where everybody
// has more sessions than can be put in order for a page, the parts follow each
// other in the order of the keys, which says nothing, so that the list never
// has to be held as a whole.
func (v *visit) sessionPart(user, after string) ([]session.Session, bool, error) {
	ctx, store := v.r.Context(), v.console.deps.SessionList
	if user != "" {
		list, err := store.List(ctx, user)
		return byLastUse(list)[:min(len(list), pageSize)], false, err
	}
	var from session.Key
	if after != "" {
		raw, err := hex.DecodeString(after)
		if err != nil || len(raw) != len(from) {
			return nil, false, errPart
		}
		from = session.Key(raw)
	}
	list, err := store.Page(ctx, session.Key{}, mostSorted+1)
	if err != nil {
		return nil, false, err
	}
	if len(list) > mostSorted {
		if list, err = store.Page(ctx, from, pageSize+1); err != nil {
			return nil, false, err
		}
		more := len(list) > pageSize
		return byLastUse(list[:min(len(list), pageSize)]), more, nil
	}
	// One that has ended meanwhile leads back to the first page.
	byLastUse(list)
	list = list[1+slices.IndexFunc(list, func(s session.Session) bool { return s.Key == from }):]
	return list[:min(len(list), pageSize)], len(list) > pageSize, nil
}

// endOne ends one session, which is gone at once.
func (v *visit) endOne() {
	ctx, deps := v.r.Context(), v.console.deps
	back := "/sessions"
	if name := v.form["user"]; name != "" {
		back = "/users/" + pathName(name)
	}
	handle := v.form["session"]
	var s session.Session
	err := session.ErrNotFound
	if len(handle) == len(session.Key{}.Handle()) {
		s, err = deps.SessionList.ByHandle(ctx, handle)
	}
	if err == nil {
		_, err = deps.SessionList.Revoke(ctx, s.Key, people.Why(helpdesk.Order{Actor: v.actor()}))
	}
	switch {
	case errors.Is(err, session.ErrNotFound):
		v.done(back, "sessions-gone")
	case err != nil:
		v.unavailable(err)
	default:
		v.done(back, "sessions-ended")
	}
}

// endEverybodyForm asks before all sessions of all users end.
func (v *visit) endEverybodyForm() { v.showEndEverybody(http.StatusOK, "") }

func (v *visit) showEndEverybody(status int, problem string) {
	w := text.English.Console.Deed
	v.showDeedOn(w.Everybody, deedPage{
		What: w.EndEverybody, Danger: true, Problem: problem, Action: v.r.URL.EscapedPath(), Cancel: Base + "/sessions", ID: "end-all",
		Fields: []field{reasonField(v, true)},
	}, status)
}

// endEverybody ends all sessions of all users, this one among them.
func (v *visit) endEverybody() {
	order, ok := v.order(true)
	if !ok {
		v.showEndEverybody(http.StatusBadRequest, text.English.Console.Deed.NeedReason)
		return
	}
	ctx, done := v.toTheEnd()
	defer done()
	if _, err := v.console.deps.SessionList.EndAll(ctx, "", time.Time{}, people.Why(order)); err != nil {
		v.unavailable(err)
		return
	}
	v.redirect(pathSignIn)
}
