package console

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

const (
	// pageSize is how many rows a list shows.
	pageSize = 50

	pathAudit  = "/audit"
	pathRecord = "/audit/record/"
	pathLogin  = "/audit/login/"
	pathExport = "/audit/export/"
	pathVerify = "/audit/verify"
)

// auditSection is the audit trail.
func (c *Console) auditSection() section {
	if c.deps.Trail == nil {
		return section{}
	}
	w := text.English.Console.Audit
	s := section{
		label: w.Label, path: pathAudit, icon: "audit",
		routes: append([]route{
			get(pathAudit, (*visit).auditList),
			get(pathRecord+"{sequence}", (*visit).auditRecord),
			get(pathLogin+"{transaction}", (*visit).auditLogin),
		}, confirmed(
			get(pathExport+"{filter}", (*visit).auditExportForm),
			post(pathExport+"{filter}", (*visit).auditExport, "format"),
		)...),
		notices: map[string]browser.Notice{"audit-verifying": {Kind: browser.Info, Text: w.Verifying}},
	}
	if c.deps.Verification != nil {
		s.routes = append(s.routes,
			get(pathVerify, (*visit).auditVerified),
			post(pathVerify, (*visit).auditVerify),
			get(pathVerify+pathState, (*visit).auditVerifyState),
		)
	}
	return s
}

// auditNames are the parameters that choose records, beside before and after.
func auditNames() []string {
	return []string{"user", "actor", "event", "outcome", "source", "from", "to", "login", "session", "request"}
}

// filterError: a parameter cannot be read. The text says which.
type filterError struct{ text string }

func (e *filterError) Error() string { return "console: " + e.text }

// readFilter takes the parameters of a filter, and of the page that is wanted.
// The error is an [*filterError]; the filter then wants nothing.
func readFilter(q map[string]string) (audit.Filter, error) {
	f := audit.Filter{
		User: q["user"], Actor: q["actor"], Event: audit.Name(q["event"]), Outcome: audit.Outcome(q["outcome"]),
		Transaction: q["login"], Session: q["session"], Request: q["request"],
	}
	w := text.English.Console.Audit
	switch f.Outcome {
	case "", audit.OK, audit.Refused, audit.Failed:
	default:
		return audit.Filter{}, &filterError{w.BadOutcome}
	}
	var err error
	if q["source"] != "" {
		if f.Source, err = netip.ParseAddr(q["source"]); err != nil {
			return audit.Filter{}, &filterError{w.BadSource}
		}
	}
	for _, bound := range []struct {
		text string
		to   *time.Time
	}{{q["from"], &f.From}, {q["to"], &f.To}} {
		if *bound.to, err = readMoment(bound.text); err != nil {
			return audit.Filter{}, &filterError{w.BadTime}
		}
	}
	for _, bound := range []struct {
		text string
		to   *uint64
	}{{q["before"], &f.Before}, {q["after"], &f.After}} {
		if bound.text == "" {
			continue
		}
		if *bound.to, err = strconv.ParseUint(bound.text, 10, 64); err != nil {
			return audit.Filter{}, &filterError{w.BadPlace}
		}
	}
	return f, nil
}

// readMoment reads what a field for a time or a day gives, in UTC.
func readMoment(s string) (at time.Time, err error) {
	if s == "" {
		return at, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly, time.RFC3339} {
		if at, err = time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, err
}

// formValues returns q as the fields of the form take it: those for a time take
// one spelling alone, and no time zone.
func formValues(q map[string]string) map[string]string {
	values := maps.Clone(q)
	for _, name := range []string{"from", "to"} {
		at, err := readMoment(q[name])
		switch {
		case err != nil || at.IsZero():
			values[name] = ""
		case at.Second() != 0:
			values[name] = at.UTC().Format("2006-01-02T15:04:05")
		default:
			values[name] = at.UTC().Format("2006-01-02T15:04")
		}
	}
	return values
}

// auditPage is the list.
type auditPage struct {
	sheet

	T        text.ConsoleAudit
	Problem  string
	Action   string
	Q        map[string]string
	Families []eventFamily
	// Filtered: not everything is wanted. More: filters that are seldom used
	// are.
	Filtered, More bool
	Rows           []auditRow
	Empty          *browser.Empty
	Pager          browser.Pager
	Export         string
	Verify         string
	State          *browser.Badge
}

// eventFamily is the events whose names begin alike.
type eventFamily struct {
	Label  string
	Events []eventOption
}

type eventOption struct {
	Name     audit.Name
	Label    string
	Selected bool
}

// auditRow is a record in a list.
type auditRow struct {
	audit.Entry

	Words   string
	Outcome browser.Badge
	Href    string
	// Login leads to the story of its login.
	Login string
	// After is how long after the first of a story it came.
	After string
}

func newAuditRow(e *audit.Entry) auditRow {
	r := auditRow{Entry: *e, Words: eventWords(e.Name), Outcome: outcomeBadge(e.Outcome), Href: Base + pathRecord + strconv.FormatUint(e.Sequence, 10)}
	if e.Transaction != "" {
		r.Login = Base + pathLogin + url.PathEscape(e.Transaction)
	}
	return r
}

// eventWords are what people call an event; its name, where nobody gave it
// words.
func eventWords(n audit.Name) string {
	if words, ok := text.English.Console.Events[string(n)]; ok {
		return words
	}
	return string(n)
}

func outcomeBadge(o audit.Outcome) browser.Badge {
	w := text.English.Console.Audit
	switch o {
	case audit.OK:
		return browser.Badge{Kind: browser.Good, Text: w.OutcomeOK}
	case audit.Refused:
		return browser.Badge{Kind: browser.Warn, Text: w.OutcomeRefused}
	case audit.Failed:
		return browser.Badge{Kind: browser.Bad, Text: w.OutcomeError}
	}
	return browser.Badge{Kind: browser.Plain, Text: string(o)}
}

// auditList shows the latest records that the filter wants.
func (v *visit) auditList() {
	q, ok := v.query(append(auditNames(), "before", "after")...)
	if !ok {
		return
	}
	w := text.English.Console.Audit
	page := auditPage{sheet: titled(w.Title), T: w, Action: Base + pathAudit, Q: formValues(q), Families: eventFamilies(q["event"])}
	page.KeepQuery = true
	for _, name := range auditNames() {
		page.Filtered = page.Filtered || q[name] != ""
		page.More = page.More || q[name] != "" && slices.Contains([]string{"actor", "login", "session", "request"}, name)
	}
	f, err := readFilter(q)
	if bad, is := errors.AsType[*filterError](err); is {
		page.Problem = bad.text
		v.show(http.StatusBadRequest, "audit", &page)
		return
	}
	entries, newer, older, err := v.auditEntries(f)
	if err != nil {
		v.unavailable(err)
		return
	}
	for i := range entries {
		page.Rows = append(page.Rows, newAuditRow(&entries[i]))
	}
	page.Pager = auditPager(q, entries, newer, older)
	page.Export = Base + pathExport + filterSegment(q)
	if len(entries) == 0 {
		page.Empty = &browser.Empty{Title: w.NoneTitle, Text: w.None}
		if page.Filtered {
			page.Empty.Text, page.Empty.Link, page.Empty.Href = w.NoneFiltered, w.Clear, Base+pathAudit
		}
	}
	if v.console.deps.Verification != nil {
		page.Verify = Base + pathVerify
		state := v.verifiedBadge()
		page.State = &state
	}
	v.show(http.StatusOK, "audit", &page)
}

// auditEntries are a page of records, the newest first, and whether there are
// newer and older ones.
func (v *visit) auditEntries(f audit.Filter) (entries []audit.Entry, newer, older bool, err error) {
	f.Limit = pageSize + 1
	f.Newest = f.After == 0
	newer = f.Before != 0
	if entries, err = v.collect(f); err != nil {
		return nil, false, false, err
	}
	if !f.Newest && len(entries) <= pageSize {
		// The front is reached: it is shown whole.
		f.After, f.Newest = 0, true
		if entries, err = v.collect(f); err != nil {
			return nil, false, false, err
		}
	}
	if over := len(entries) > pageSize; f.Newest {
		if older = over; over {
			entries = entries[1:]
		}
	} else {
		entries, newer, older = entries[:pageSize], true, true
	}
	slices.Reverse(entries)
	return entries, newer, older, nil
}

func (v *visit) collect(f audit.Filter) ([]audit.Entry, error) {
	var all []audit.Entry
	for e, err := range v.console.deps.Trail.Search(v.r.Context(), f) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// auditPager leads by sequence, both ways.
func auditPager(q map[string]string, entries []audit.Entry, newer, older bool) browser.Pager {
	var p browser.Pager
	if len(entries) == 0 {
		return p
	}
	first, last := entries[0].Sequence, entries[len(entries)-1].Sequence
	if newer {
		p.Previous = Base + pathAudit + "?" + filterQuery(q, "after", first)
	}
	if older {
		p.Next = Base + pathAudit + "?" + filterQuery(q, "before", last)
	}
	p.Summary = fmt.Sprintf(text.English.Console.Audit.Summary, first, last)
	return p
}

// filterQuery is a filter as a query, with a place in it.
func filterQuery(q map[string]string, place string, sequence uint64) string {
	all := url.Values{}
	for _, name := range auditNames() {
		if q[name] != "" {
			all.Set(name, q[name])
		}
	}
	if place != "" {
		all.Set(place, strconv.FormatUint(sequence, 10))
	}
	return all.Encode()
}

// everything is the segment of a filter that wants it all.
const everything = "all"

// filterSegment is a filter as a segment of a path: the way through Duo keeps
// the path alone.
func filterSegment(q map[string]string) string {
	query := filterQuery(q, "", 0)
	if query == "" {
		return everything
	}
	return base64.RawURLEncoding.EncodeToString([]byte(query))
}

// readSegment reads what filterSegment wrote.
func readSegment(segment string) (q map[string]string, ok bool) {
	q = map[string]string{}
	if segment == everything {
		return q, true
	}
	query, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return nil, false
	}
	all, err := url.ParseQuery(string(query))
	if err != nil {
		return nil, false
	}
	for _, name := range auditNames() {
		q[name] = all.Get(name)
	}
	return q, filterSegment(q) == segment
}

// eventFamilies are all events there are, for choosing one.
func eventFamilies(selected string) []eventFamily {
	w := text.English.Console
	var all []eventFamily
	for _, n := range audit.Names() {
		begins := familyOf(n)
		if last := len(all) - 1; last < 0 || all[last].Events[0].Name != begins {
			all = append(all, eventFamily{Label: w.Families[string(begins)], Events: []eventOption{
				{Name: begins, Label: fmt.Sprintf(w.Audit.AllOf, w.Families[string(begins)]), Selected: selected == string(begins)},
			}})
		}
		f := &all[len(all)-1]
		f.Events = append(f.Events, eventOption{Name: n, Label: eventWords(n), Selected: selected == string(n)})
	}
	return all
}

// familyOf is an event's name up to its dot, with it.
func familyOf(n audit.Name) audit.Name {
	for i := range n {
		if n[i] == '.' {
			return n[:i+1]
		}
	}
	return n
}
