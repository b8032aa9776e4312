package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/rules"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

const pathExemptions = "/exemptions"

// exemptionsSection is who signs in without a second factor.
func (c *Console) exemptionsSection() section {
	if c.deps.Exemptions == nil {
		return section{}
	}
	return section{
		label: text.English.Console.Exemptions.Label, path: pathExemptions, icon: "exemption",
		routes: []route{get(pathExemptions, (*visit).exemptions)},
	}
}

type exemptionsPage struct {
	sheet

	T     text.ConsoleExemptions
	Rows  []exemptionRow
	Empty *browser.Empty
	Pager browser.Pager
	// Records leads to the logins by exemptions.
	Records string
}

type exemptionRow struct {
	rules.Exemption

	State    browser.Badge
	Whom     string
	Networks string
	Scope    string
}

// exemptions lists them, the next to end first and those that are over last.
func (v *visit) exemptions() {
	q, ok := v.query("page")
	if !ok {
		return
	}
	now := v.console.cfg.Now()
	all := slices.Clone(v.console.deps.Exemptions.Exemptions())
	slices.SortStableFunc(all, func(a, b rules.Exemption) int {
		if over, other := a.Expired(now), b.Expired(now); over != other {
			return map[bool]int{true: 1, false: -1}[over]
		}
		return a.Until.Compare(b.Until)
	})
	w := text.English.Console.Exemptions
	page := exemptionsPage{sheet: titled(w.Title), T: w, Records: Base + pathAudit + "?" + url.Values{"event": {string(audit.MFAExempt)}}.Encode()}
	page.KeepQuery = true
	shown, pager := pageOf(all, q["page"], pathExemptions)
	page.Pager = pager
	for i := range shown {
		page.Rows = append(page.Rows, newExemptionRow(&shown[i], now))
	}
	if len(all) == 0 {
		page.Empty = &browser.Empty{Title: w.NoneTitle, Text: w.None}
	}
	v.show(http.StatusOK, "exemptions", &page)
}

func newExemptionRow(e *rules.Exemption, now time.Time) exemptionRow {
	w := text.English.Console.Exemptions
	row := exemptionRow{
		Exemption: *e, State: exemptionState(e, now), Whom: audit.Printable(strings.Join(e.Users, ", ")), Networks: networks(e.Networks),
		Scope: w.Everything,
	}
	if len(e.Paths)+len(e.Methods) > 0 {
		row.Scope = audit.Printable(strings.TrimSpace(strings.Join(e.Methods, ", ") + " " + strings.Join(e.Paths, ", ")))
	}
	return row
}

func exemptionState(e *rules.Exemption, now time.Time) browser.Badge {
	w := text.English.Console.Exemptions
	switch {
	case e.Expired(now):
		return browser.Badge{Kind: browser.Plain, Text: w.Over}
	case e.Until.Sub(now) < soon:
		return browser.Badge{Kind: browser.Warn, Text: fmt.Sprintf(w.Soon, days(e.Until.Sub(now)))}
	default:
		return browser.Badge{Kind: browser.Info, Text: w.Open}
	}
}

// days is how many days are begun within d.
func days(d time.Duration) int { return int((d + 24*time.Hour - 1) / (24 * time.Hour)) }
