package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/token"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

const (
	pathTokens = "/tokens"
	// soon is how long before its end something is worth a look.
	soon = 14 * 24 * time.Hour
)

// tokensSection is the service tokens.
func (c *Console) tokensSection() section {
	if c.deps.Tokens == nil {
		return section{}
	}
	w := text.English.Console.Tokens
	return section{
		label: w.Label, path: pathTokens, icon: "token",
		routes: append([]route{
			get(pathTokens, (*visit).tokenList),
			get(pathTokens+"/{id}", (*visit).tokenOne),
		}, confirmed(
			get(pathTokens+"/{id}/revoke", (*visit).tokenRevokeForm),
			post(pathTokens+"/{id}/revoke", (*visit).tokenRevoke, "reason"),
		)...),
		notices: map[string]browser.Notice{"token-revoked": {Kind: browser.Good, Text: w.Revoked}},
	}
}

type tokensPage struct {
	sheet

	T     text.ConsoleTokens
	Rows  []tokenRow
	Empty *browser.Empty
	Pager browser.Pager
}

type tokenRow struct {
	token.Token

	State browser.Badge
	Scope string
	Href  string
}

func (v *visit) tokenRow(t *token.Token) tokenRow {
	return tokenRow{
		Token: *t, State: tokenState(t, v.console.cfg.Now()), Scope: tokenScope(t), Href: Base + pathTokens + "/" + url.PathEscape(t.ID),
	}
}

// tokenState is what has become of a token.
func tokenState(t *token.Token, now time.Time) browser.Badge {
	w := text.English.Console.Tokens
	switch {
	case !t.EndedAt.IsZero() && t.EndReason != "expired":
		return browser.Badge{Kind: browser.Plain, Text: w.StateRevoked}
	case !t.LiveAt(now):
		return browser.Badge{Kind: browser.Plain, Text: w.StateExpired}
	case t.ExpiresAt.Sub(now) < soon:
		return browser.Badge{Kind: browser.Warn, Text: w.StateSoon}
	default:
		return browser.Badge{Kind: browser.Good, Text: w.StateLive}
	}
}

// tokenScope says in words what a token may do.
func tokenScope(t *token.Token) string {
	w := text.English.Console.Tokens
	words := []string{w.ReadWrite}
	if t.ReadOnly {
		words[0] = w.ReadOnly
	}
	if len(t.Paths) > 0 {
		words = append(words, strings.Join(t.Paths, ", "))
	}
	if len(t.Networks) > 0 {
		words = append(words, fmt.Sprintf(w.FromNetworks, networks(t.Networks)))
	}
	return audit.Printable(strings.Join(words, "; "))
}

// networks are networks in a row.
func networks[N fmt.Stringer](all []N) string {
	words := make([]string, len(all))
	for i, n := range all {
		words[i] = n.String()
	}
	return strings.Join(words, ", ")
}

// tokenList shows the live ones first, the one that ends next at the top.
func (v *visit) tokenList() {
	q, ok := v.query("page")
	if !ok {
		return
	}
	all, err := v.console.deps.Tokens.List(v.r.Context())
	if err != nil {
		v.unavailable(err)
		return
	}
	now := v.console.cfg.Now()
	slices.SortStableFunc(all, func(a, b token.Token) int {
		live, other := a.LiveAt(now), b.LiveAt(now)
		switch {
		case live && other:
			return a.ExpiresAt.Compare(b.ExpiresAt)
		case live != other:
			return map[bool]int{true: -1, false: 1}[live]
		default:
			return cmp.Or(b.EndedAt.Compare(a.EndedAt), b.ExpiresAt.Compare(a.ExpiresAt))
		}
	})
	w := text.English.Console.Tokens
	page := tokensPage{sheet: titled(w.Title), T: w}
	page.KeepQuery = true
	var shown []token.Token
	shown, page.Pager = pageOf(all, q["page"], pathTokens)
	for i := range shown {
		page.Rows = append(page.Rows, v.tokenRow(&shown[i]))
	}
	if len(all) == 0 {
		page.Empty = &browser.Empty{Title: w.NoneTitle, Text: w.None}
	}
	v.show(http.StatusOK, "tokens", &page)
}

// pageOf is one page of a list that is short enough to be held: its number is
// that of the query, from 1.
func pageOf[T any](all []T, number, path string) ([]T, browser.Pager) {
	n, err := strconv.Atoi(number)
	last := max((len(all)+pageSize-1)/pageSize, 1)
	if err != nil || n < 1 || n > last {
		n = 1
	}
	from, to := (n-1)*pageSize, min(n*pageSize, len(all))
	var p browser.Pager
	if last == 1 {
		return all, p
	}
	at := func(n int) string { return Base + path + "?page=" + strconv.Itoa(n) }
	if n > 1 {
		p.Previous = at(n - 1)
	}
	if n < last {
		p.Next = at(n + 1)
	}
	p.Summary = fmt.Sprintf(text.English.Console.Reports.Summary, from+1, to, len(all))
	return all[from:to], p
}

type tokenPage struct {
	sheet

	T     text.ConsoleTokens
	R     text.ConsoleReports
	Facts browser.Facts
	// Revoke leads to the form; empty for a token that has ended.
	Revoke string
	// Records leads to what the trail has of its user.
	Records string
	Back    string
	// Action, Reason and Problem are the form's.
	Action, Reason, Problem string
}

// token finds the one of the path. It reports whether there is one; else it has
// answered.
func (v *visit) token() (*tokenPage, *token.Token, bool) {
	id, err := url.PathUnescape(v.values["id"])
	var t token.Token
	if err == nil {
		t, err = v.console.deps.Tokens.Get(v.r.Context(), id)
	} else {
		err = token.ErrUnknown
	}
	w := text.English.Console.Tokens
	switch {
	case errors.Is(err, token.ErrUnknown):
		v.say(http.StatusNotFound, w.Unknown)
		return nil, nil, false
	case err != nil:
		v.unavailable(err)
		return nil, nil, false
	}
	row := v.tokenRow(&t)
	page := &tokenPage{
		sheet: titled(fmt.Sprintf(w.OneTitle, audit.Printable(t.Name))), T: w, R: text.English.Console.Reports, Facts: tokenFacts(&row),
		Back: Base + pathTokens, Action: row.Href + "/revoke", Records: Base + pathAudit + "?" + url.Values{"user": {t.Username}, "event": {"token."}}.Encode(),
	}
	if t.EndedAt.IsZero() {
		page.Revoke = page.Action
	}
	return page, &t, true
}

func tokenFacts(t *tokenRow) browser.Facts {
	w := text.English.Console.Tokens
	list := []browser.Fact{
		{ID: "state", Label: w.State, Badge: &t.State},
		{ID: "user", Label: w.User, Value: audit.Printable(t.Username)},
		{Label: w.Owner, Value: audit.Printable(t.Owner)},
		{ID: "scope", Label: w.Scope, Value: t.Scope},
		{Label: w.Expires, Time: t.ExpiresAt},
		{Label: w.Created, Time: t.CreatedAt, Note: fmt.Sprintf(w.By, audit.Printable(t.CreatedBy))},
	}
	used := browser.Fact{Label: w.LastUsed, Time: t.LastUsed}
	switch {
	case t.LastUsed.IsZero():
		used.Value = text.English.Common.Never
	case t.LastSource.IsValid():
		used.Note = fmt.Sprintf(w.FromAddress, t.LastSource)
	}
	list = append(list, used, browser.Fact{Label: w.ID, Value: t.ID, Code: true})
	if !t.EndedAt.IsZero() {
		list = append(list, browser.Fact{Label: w.Ended, Time: t.EndedAt, Note: audit.Printable(t.EndReason)})
	}
	return browser.Facts{Label: w.Title, List: list}
}

// tokenOne shows a token.
func (v *visit) tokenOne() {
	if page, _, ok := v.token(); ok {
		v.show(http.StatusOK, "token", page)
	}
}

// tokenRevokeForm asks why.
func (v *visit) tokenRevokeForm() {
	page, t, ok := v.token()
	switch {
	case !ok:
	case !t.EndedAt.IsZero():
		v.say(http.StatusConflict, text.English.Console.Tokens.Over)
	default:
		page.Title, page.Back = text.English.Console.Tokens.RevokeTitle, Base+pathTokens+"/"+url.PathEscape(t.ID)
		v.show(http.StatusOK, "tokenrevoke", page)
	}
}

// tokenRevoke ends a token. One that has ended meanwhile is not ended again.
func (v *visit) tokenRevoke() {
	page, t, ok := v.token()
	if !ok {
		return
	}
	reason, good := readReason(v.form["reason"])
	if !good {
		page.Title, page.Back = text.English.Console.Tokens.RevokeTitle, Base+pathTokens+"/"+url.PathEscape(t.ID)
		page.Reason, page.Problem = v.form["reason"], text.English.Console.Reports.BadReason
		v.show(http.StatusUnprocessableEntity, "tokenrevoke", page)
		return
	}
	_, err := v.console.deps.Tokens.Revoke(v.r.Context(), t.ID, v.session.Username, reason)
	switch {
	case errors.Is(err, token.ErrRevoked):
		v.say(http.StatusConflict, text.English.Console.Tokens.Over)
	case errors.Is(err, token.ErrUnknown):
		v.say(http.StatusNotFound, text.English.Console.Tokens.Unknown)
	case err != nil:
		v.unavailable(err)
	default:
		v.done(pathTokens, "token-revoked")
	}
}

// duration is a length of time for people.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(max(d.Milliseconds(), 1), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	default:
		return d.Round(time.Second).String()
	}
}
