package console

import (
	"net/http"
	"strconv"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

const pathOrganizations = "/organizations"

// organizationsSection is the Duo accounts.
func (c *Console) organizationsSection() section {
	if c.deps.Organizations == nil {
		return section{}
	}
	w := text.English.Console.Organizations
	return section{
		label: w.Label, path: pathOrganizations, icon: "organizations",
		routes: []route{
			get(pathOrganizations, (*visit).organizations),
			post(pathOrganizations+"/refresh", (*visit).organizationsRefresh),
			get(pathOrganizations+pathState, (*visit).organizationsState),
		},
		notices: map[string]browser.Notice{"organizations-asked": {Kind: browser.Info, Text: w.Asked}},
	}
}

type organizationsPage struct {
	sheet

	T     text.ConsoleOrganizations
	Rows  []organizationRow
	Pager browser.Pager
	// Unclaimed are at Duo and not in the configuration.
	Unclaimed []Unclaimed
	Cut       int
	Seen      time.Time
	Running   bool
	Action    string
}

type organizationRow struct {
	Organization

	State browser.Badge
	Kind  string
	Sync  string
	Took  string
	// Counted: Duo was asked for the counts.
	Counted bool
}

// mostUnclaimed bounds what a page lists of them.
const mostUnclaimed = 100

// organizations shows every account as it was seen last.
func (v *visit) organizations() {
	q, ok := v.query("page")
	if !ok {
		return
	}
	all, unclaimed, at := v.console.deps.Organizations.Organizations()
	w := text.English.Console.Organizations
	page := organizationsPage{sheet: titled(w.Title), T: w, Seen: at.Ended, Running: at.Running, Action: Base + pathOrganizations + "/refresh"}
	page.KeepQuery = true
	if at.Running {
		page.Poll = Base + pathOrganizations + pathState
	}
	shown, pager := pageOf(all, q["page"], pathOrganizations)
	page.Pager = pager
	for i := range shown {
		page.Rows = append(page.Rows, newOrganizationRow(&shown[i], !at.Ended.IsZero()))
	}
	page.Unclaimed = unclaimed[:min(len(unclaimed), mostUnclaimed)]
	page.Cut = len(unclaimed) - len(page.Unclaimed)
	v.show(http.StatusOK, "organizations", &page)
}

func newOrganizationRow(o *Organization, asked bool) organizationRow {
	w := text.English.Console.Organizations
	row := organizationRow{Organization: *o, Kind: w.Own, Sync: w.NoSync, State: browser.Badge{Kind: browser.Good, Text: w.Reached}}
	row.Problem = audit.Printable(o.Problem)
	if o.AccountID != "" {
		row.Kind = w.Child
	}
	if o.Synchronised {
		row.Sync = w.Sync
	}
	row.Counted = asked && o.Administered && o.Problem == ""
	if o.Took > 0 {
		row.Took = duration(o.Took)
	}
	switch {
	case !o.Administered && !o.Authenticates:
		row.State = browser.Badge{Kind: browser.Plain, Text: w.NoKeys}
	case !asked:
		row.State = browser.Badge{Kind: browser.Plain, Text: w.NotAsked}
	case o.Problem != "":
		row.State = browser.Badge{Kind: browser.Bad, Text: w.NotReached}
	}
	return row
}

// Count is a number where Duo was asked for it.
func (r organizationRow) Count(n int) string {
	if !r.Counted {
		return "–"
	}
	return strconv.Itoa(n)
}

// organizationsRefresh asks Duo again.
func (v *visit) organizationsRefresh() {
	v.console.deps.Organizations.Refresh()
	v.done(pathOrganizations, "organizations-asked")
}

func (v *visit) organizationsState() {
	_, _, at := v.console.deps.Organizations.Organizations()
	v.polled(at)
}
