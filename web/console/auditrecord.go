package console

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// recordPage is one record.
type recordPage struct {
	sheet

	T      text.ConsoleAudit
	Facts  browser.Facts
	Detail *browser.Facts
	Chain  *browser.Facts
	// Links lead to what belongs to it.
	Links []link
	Pager browser.Pager
	Back  string
}

type link struct{ ID, Label, Href string }

// auditRecord shows a record whole.
func (v *visit) auditRecord() {
	sequence, err := strconv.ParseUint(v.values["sequence"], 10, 64)
	if err != nil || sequence == 0 || strconv.FormatUint(sequence, 10) != v.values["sequence"] {
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	// Its neighbours come with it.
	near, err := v.collect(audit.Filter{After: sequence - min(sequence, 2), Before: sequence + 2, Limit: 3})
	if err != nil {
		v.unavailable(err)
		return
	}
	at := slices.IndexFunc(near, func(e audit.Entry) bool { return e.Sequence == sequence })
	if at < 0 {
		v.say(http.StatusNotFound, text.English.Console.Audit.NoRecord)
		return
	}
	e := &near[at]
	w := text.English.Console.Audit
	page := recordPage{
		sheet: titled(fmt.Sprintf(w.RecordTitle, sequence)), T: w, Facts: recordFacts(e), Links: recordLinks(e), Back: Base + pathAudit,
		Pager: browser.Pager{Summary: eventWords(e.Name)},
	}
	if at+1 < len(near) {
		page.Pager.Previous = newAuditRow(&near[at+1]).Href
	}
	if at > 0 {
		page.Pager.Next = newAuditRow(&near[at-1]).Href
	}
	if len(e.Detail) > 0 {
		page.Detail = &browser.Facts{Label: w.Detail}
		for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
			page.Detail.List = append(page.Detail.List, browser.Fact{Label: name, Value: audit.Printable(e.Detail[name])})
		}
	}
	if !e.MAC.IsZero() {
		page.Chain = &browser.Facts{Label: w.Chain, List: []browser.Fact{
			{Label: w.MAC, Value: e.MAC.String(), Code: true}, {Label: w.Prev, Value: e.Prev.String(), Code: true},
		}}
	}
	v.show(http.StatusOK, "auditrecord", &page)
}

// recordFacts are the members of a record that everybody understands.
func recordFacts(e *audit.Entry) browser.Facts {
	w := text.English.Console.Audit
	outcome := outcomeBadge(e.Outcome)
	list := []browser.Fact{
		{ID: "event", Label: w.Event, Value: eventWords(e.Name), Note: string(e.Name)},
		{ID: "outcome", Label: w.Outcome, Badge: &outcome},
		{Label: w.Time, Time: e.Time},
	}
	unknown := ""
	if e.UnknownUsername != "" || e.UnknownBytes > 0 {
		unknown = fmt.Sprintf(w.Unknown, e.UnknownBytes, e.UnknownUsername)
	}
	source := ""
	if e.Source.IsValid() {
		source = e.Source.String()
	}
	for _, f := range []browser.Fact{
		{ID: "user", Label: w.User, Value: audit.Printable(e.Username)},
		{Label: w.UnknownUser, Value: unknown},
		{ID: "actor", Label: w.Actor, Value: audit.Printable(e.Actor)},
		{Label: w.Reason, Value: audit.Printable(e.Reason)},
		{Label: w.Source, Value: source},
		{Label: w.Agent, Value: audit.Printable(e.UserAgent)},
		{Label: w.Login, Value: audit.Printable(e.Transaction), Code: true},
		{Label: w.Session, Value: audit.Printable(e.Session), Code: true},
		{Label: w.Request, Value: audit.Printable(e.RequestID), Code: true},
		{Label: w.Node, Value: audit.Printable(e.Node)},
	} {
		if f.Value != "" {
			list = append(list, f)
		}
	}
	return browser.Facts{Label: w.Record, List: list}
}

// recordLinks lead from a record to those that belong to it.
func recordLinks(e *audit.Entry) []link {
	w := text.English.Console.Audit
	var all []link
	if e.Transaction != "" {
		all = append(all, link{"to-login", w.ToLogin, Base + pathLogin + url.PathEscape(e.Transaction)})
	}
	for _, l := range []struct{ id, label, name, value string }{
		{"to-user", w.ToUser, "user", e.Username},
		{"to-actor", w.ToActor, "actor", e.Actor},
		{"to-session", w.ToSession, "session", e.Session},
		{"to-request", w.ToRequest, "request", e.RequestID},
	} {
		if l.value != "" {
			all = append(all, link{l.id, l.label, Base + pathAudit + "?" + url.Values{l.name: {l.value}}.Encode()})
		}
	}
	if e.Source.IsValid() {
		all = append(all, link{"to-source", w.ToSource, Base + pathAudit + "?" + url.Values{"source": {e.Source.String()}}.Encode()})
	}
	return all
}

// storyPage is one login through all its records.
type storyPage struct {
	sheet

	T     text.ConsoleAudit
	Facts browser.Facts
	Rows  []auditRow
	// Cut is how many records are not shown.
	Cut  int
	Back string
}

// storyRows bounds what a page shows of a login: its session may have lived
// long.
const storyRows = 300

// auditLogin follows one login.
func (v *visit) auditLogin() {
	transaction, err := url.PathUnescape(v.values["transaction"])
	if err != nil {
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	story, err := v.console.deps.Trail.Story(v.r.Context(), transaction)
	switch {
	case err != nil:
		v.unavailable(err)
		return
	case len(story.Entries) == 0:
		v.say(http.StatusNotFound, text.English.Console.Audit.NoLogin)
		return
	}
	w := text.English.Console.Audit
	page := storyPage{
		sheet: titled(fmt.Sprintf(w.LoginTitle, audit.Printable(story.Username))), T: w, Facts: storyFacts(&story), Back: Base + pathAudit,
		Cut: max(0, len(story.Entries)-storyRows),
	}
	for i := range story.Entries[:len(story.Entries)-page.Cut] {
		row := newAuditRow(&story.Entries[i])
		row.After = since(story.Began, row.Time)
		page.Rows = append(page.Rows, row)
	}
	v.show(http.StatusOK, "auditlogin", &page)
}

// since is how long after the beginning something came, for people.
func since(began, at time.Time) string {
	switch d := at.Sub(began); {
	case d < time.Minute:
		return "+" + strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return "+" + d.Round(time.Second).String()
	default:
		return "+" + strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
}

func storyFacts(s *audit.Story) browser.Facts {
	w := text.English.Console.Audit
	outcome := storyOutcome(s)
	sources := make([]string, len(s.Sources))
	for i, a := range s.Sources {
		sources[i] = a.String()
	}
	list := []browser.Fact{
		{ID: "user", Label: w.User, Value: audit.Printable(s.Username)},
		{ID: "outcome", Label: w.Outcome, Badge: &outcome},
		{Label: w.Began, Time: s.Began},
		{Label: w.Ended, Time: s.Ended},
	}
	for _, f := range []browser.Fact{
		{ID: "factor", Label: w.Factor, Value: factorWords(s.Factor)},
		{ID: "device", Label: w.Device, Value: audit.Printable(s.Device)},
		{Label: w.DuoReason, Value: audit.Printable(s.DuoReason)},
		{Label: w.Reason, Value: audit.Printable(s.Reason)},
		{Label: w.Source, Value: strings.Join(sources, ", ")},
		{Label: w.Access, Value: audit.Printable(s.AccessAddress)},
		{Label: w.Login, Value: audit.Printable(s.Transaction), Code: true},
		{Label: w.Session, Value: audit.Printable(strings.Join(s.Sessions, ", ")), Code: true},
		{Label: w.TxID, Value: audit.Printable(s.TxID), Code: true},
	} {
		if f.Value != "" {
			list = append(list, f)
		}
	}
	return browser.Facts{Label: w.Story, List: list}
}

// storyOutcome is how a login ended. What a person ended on purpose is no
// failure of the server's, and yet nobody got in.
func storyOutcome(s *audit.Story) browser.Badge {
	w := text.English.Console.Audit
	if s.Outcome == "" {
		for i := range s.Entries {
			switch s.Entries[i].Name {
			case audit.UserDenied:
				return browser.Badge{Kind: browser.Warn, Text: w.StoryDenied}
			case audit.MFACancelled:
				return browser.Badge{Kind: browser.Warn, Text: w.StoryCancelled}
			case audit.TransactionExpired:
				return browser.Badge{Kind: browser.Plain, Text: w.StoryExpired}
			default:
			}
		}
		return browser.Badge{Kind: browser.Info, Text: w.StoryOpen}
	}
	return outcomeBadge(s.Outcome)
}

// factorWords are what people call one of Duo's factors.
func factorWords(factor string) string {
	if words, ok := text.English.Console.Factors[factor]; ok {
		return words
	}
	return audit.Printable(factor)
}
