package console

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

const pathPending = "/pending"

// pendingSection is the logins that wait for their second call.
func (c *Console) pendingSection() section {
	if c.deps.Waiting == nil {
		return section{}
	}
	w := text.English.Console.Pending
	return section{
		label: w.Label, path: pathPending, icon: "pending",
		routes: []route{
			get(pathPending, (*visit).pending),
			get(pathPending+"/{key}/cancel", (*visit).pendingCancelForm),
			post(pathPending+"/{key}/cancel", (*visit).pendingCancel, "reason", "user"),
		},
		notices: map[string]browser.Notice{
			"login-cancelled": {Kind: browser.Good, Text: w.Cancelled},
			"login-over":      {Kind: browser.Info, Text: w.Over},
		},
	}
}

type pendingPage struct {
	sheet

	T     text.ConsolePending
	Rows  []pendingRow
	Empty *browser.Empty
	Pager browser.Pager
	Now   string
}

type pendingRow struct {
	mfa.Waiting

	State  browser.Badge
	Agent  string
	Cancel string
	Login  string
}

// pending lists them, as the store pages them: those of one page the newest
// first.
func (v *visit) pending() {
	q, ok := v.query("after")
	if !ok {
		return
	}
	after, ok := readKey(q["after"])
	if !ok {
		v.say(http.StatusBadRequest, text.English.Console.Frame.BadQuery)
		return
	}
	all, err := v.console.deps.Waiting.Waiting(v.r.Context(), after, pageSize+1)
	if err != nil {
		v.unavailable(err)
		return
	}
	w := text.English.Console.Pending
	page := pendingPage{sheet: titled(w.Title), T: w, Now: Base + pathPending}
	page.KeepQuery = true
	if len(all) > pageSize {
		all = all[:pageSize]
		page.Pager.Next = Base + pathPending + "?after=" + hex.EncodeToString(all[pageSize-1].Key[:])
	}
	if after != (mfa.Key{}) {
		page.Pager.Previous = Base + pathPending
	}
	slices.SortStableFunc(all, func(a, b mfa.Waiting) int { return b.StartedAt.Compare(a.StartedAt) })
	for i := range all {
		page.Rows = append(page.Rows, newPendingRow(&all[i]))
	}
	if len(all) == 0 {
		page.Empty = &browser.Empty{Title: w.NoneTitle, Text: w.None}
	}
	v.show(http.StatusOK, "pending", &page)
}

func newPendingRow(l *mfa.Waiting) pendingRow {
	w := text.English.Console.Pending
	row := pendingRow{
		Waiting: *l, State: browser.Badge{Kind: browser.Info, Text: w.AtPrompt}, Agent: audit.Printable(l.UserAgent),
		Cancel: Base + pathPending + "/" + hex.EncodeToString(l.Key[:]) + "/cancel?" + url.Values{"user": {l.Username}}.Encode(),
		Login:  Base + pathLogin + l.Key.Handle(),
	}
	switch {
	case l.Phase == mfa.Claimed:
		row.State = browser.Badge{Kind: browser.Info, Text: w.Redeeming}
	case l.Enrolling:
		row.State = browser.Badge{Kind: browser.Warn, Text: w.Enrolling}
	}
	return row
}

// readKey reads a key as [newPendingRow] writes it; nothing is the zero key.
func readKey(s string) (k mfa.Key, ok bool) {
	if s == "" {
		return k, true
	}
	if len(s) != 2*len(k) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(s))
	return k, err == nil && hex.EncodeToString(k[:]) == s
}

type cancelPage struct {
	sheet

	T      text.ConsolePending
	R      text.ConsoleReports
	User   string
	Action string
	Back   string

	Reason, Problem string
}

func (v *visit) cancelPage(user string) *cancelPage {
	w := text.English.Console.Pending
	return &cancelPage{
		sheet: titled(w.CancelTitle), T: w, R: text.English.Console.Reports, User: audit.Printable(user), Back: Base + pathPending,
		Action: Base + pathPending + "/" + v.values["key"] + "/cancel",
	}
}

// pendingCancelForm asks why.
func (v *visit) pendingCancelForm() {
	q, ok := v.query("user")
	if !ok {
		return
	}
	if _, ok := readKey(v.values["key"]); !ok {
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	v.show(http.StatusOK, "pendingcancel", v.cancelPage(q["user"]))
}

// pendingCancel ends a login under way.
func (v *visit) pendingCancel() {
	key, ok := readKey(v.values["key"])
	if !ok {
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	reason, good := readReason(v.form["reason"])
	if !good {
		page := v.cancelPage(v.form["user"])
		page.Reason, page.Problem = v.form["reason"], text.English.Console.Reports.BadReason
		v.show(http.StatusUnprocessableEntity, "pendingcancel", page)
		return
	}
	err := v.console.deps.Waiting.Cancel(v.r.Context(), key, v.session.Username, reason, v.client)
	switch {
	case errors.Is(err, mfa.ErrRefused):
		v.done(pathPending, "login-over")
	case err != nil:
		v.unavailable(err)
	default:
		v.done(pathPending, "login-cancelled")
	}
}
