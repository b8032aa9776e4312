package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/internal/selfservice"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// lastRecords is how many records the page of a user shows.
const lastRecords = 10

// Devices is what Duo says of one user now; [selfservice.Desk] is one.
type Devices interface {
	AccountNow(ctx context.Context, username string) (*selfservice.Account, error)
}

// Records are those of the audit trail.
type Records interface {
	// Last returns the newest records about a user, the newest first.
	Last(ctx context.Context, username string, most int) ([]audit.Entry, error)
}

func (c *Console) usersSection() section {
	w := text.English.Console.Users
	notice := func(words string) browser.Notice { return browser.Notice{Kind: browser.Good, Text: words} }
	return section{
		label: w.Title, path: "/users", icon: "users",
		routes: append([]route{
			get("/users", (*visit).users),
			post("/users/refresh", (*visit).refreshUsers),
			get("/users/{user}", named((*visit).user)),
		}, confirmed(
			get("/users/{user}/bypass", named((*visit).bypassForm)),
			post("/users/{user}/bypass", named((*visit).bypass), "reason", "valid", "keep"),
			get("/users/{user}/enrol", named((*visit).enrolForm)),
			post("/users/{user}/enrol", named((*visit).enrol), "reason", "deliver", "phone", "email"),
			get("/users/{user}/reset", named((*visit).resetForm)),
			post("/users/{user}/reset", named((*visit).reset), "reason"),
			get("/users/{user}/lock", named((*visit).lockForm)),
			post("/users/{user}/lock", named((*visit).lock), "reason", "version"),
			get("/users/{user}/account", named((*visit).accountForm)),
			post("/users/{user}/account", named((*visit).account), "reason", "version"),
			get("/users/{user}/end-sessions", named((*visit).endAllForm)),
			post("/users/{user}/end-sessions", named((*visit).endAll), "reason"),
		)...),
		notices: map[string]browser.Notice{
			"users-refreshing": {Kind: browser.Info, Text: w.Refreshing},
			"users-sent":       notice(w.Sent),
			"users-active":     {Kind: browser.Info, Text: w.PhoneActive},
			"users-reset":      notice(w.ResetDone),
			"users-locked":     notice(w.Locked),
			"users-unlocked":   notice(w.Unlocked),
			"users-disabled":   notice(w.Disabled),
			"users-enabled":    notice(w.Enabled),
			"users-ended":      notice(w.Ended),
		},
	}
}

// named serves pages of one user: what is not the path of one is no page.
func named(serve func(*visit)) func(*visit) {
	return func(v *visit) {
		name, ok := nameOf(v.values["user"])
		if !ok {
			v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
			return
		}
		v.values["user"] = name
		serve(v)
	}
}

type usersPage struct {
	sheet

	T       text.ConsoleUsers
	Match   string
	Rows    []userRow
	Pager   browser.Pager
	Empty   browser.Empty
	State   people.State
	Local   bool
	Refresh string
}

type userRow struct {
	Name, Path, FullName string
	Role                 string
	State, Duo           *browser.Badge
	Devices, Sessions    int
	LastLogin            time.Time
}

// users lists the users, page by page.
func (v *visit) users() {
	q, ok := v.query("match", "after", "before")
	if !ok {
		return
	}
	ctx, house := v.r.Context(), v.console.deps.People
	list, err := house.List(ctx, primary.PageQuery{Match: q["match"], After: q["after"], Before: q["before"], Max: pageSize + 1})
	if err != nil {
		v.unavailable(err)
		return
	}
	w := text.English.Console.Users
	data := usersPage{sheet: titled(w.Title), T: w, Match: q["match"], State: house.Snapshot(), Local: house.Local(), Refresh: Base + "/users/refresh"}
	data.KeepQuery = true
	list, data.Pager = paged(list, q, func(p people.Person) string { return p.Username }, Base+"/users")
	live, err := house.Live(ctx, list)
	if err != nil {
		v.unavailable(err)
		return
	}
	for i := range list {
		data.Rows = append(data.Rows, userRowOf(&list[i], live[list[i].Username], data.State))
	}
	data.Empty = browser.Empty{Title: w.NobodyTitle, Text: w.Nobody}
	if data.Match != "" {
		data.Empty = browser.Empty{Title: w.NotFoundTitle, Text: w.NotFound, Link: w.All, Href: Base + "/users"}
	}
	v.show(http.StatusOK, "users", &data)
}

// paged cuts a list that has one row more than a page, and makes the links to
// the parts beside it. q holds the parameters of the list, after and before
// among them.
func paged[T any](list []T, q map[string]string, name func(T) string, path string) ([]T, browser.Pager) {
	back := q["before"] != ""
	more := len(list) > pageSize
	if more && back {
		list = list[len(list)-pageSize:]
	} else if more {
		list = list[:pageSize]
	}
	var p browser.Pager
	link := func(key, value string) string {
		query := url.Values{key: {value}}
		for k, v := range q {
			if k != "after" && k != "before" && v != "" {
				query.Set(k, v)
			}
		}
		return path + "?" + query.Encode()
	}
	if len(list) == 0 {
		return list, p
	}
	if more && !back || back {
		p.Next = link("after", name(list[len(list)-1]))
	}
	if back && more || q["after"] != "" {
		p.Previous = link("before", name(list[0]))
	}
	return list, p
}

func userRowOf(p *people.Person, live int, state people.State) userRow {
	w := text.English.Console.Users
	row := userRow{Name: p.Username, Path: Base + "/users/" + pathName(p.Username), Sessions: live}
	if p.Account != nil {
		row.Role, row.LastLogin, row.State = role(p.Account.Role), p.Account.LastLogin, accountBadge(p.Account)
		row.FullName = fullName(p.Account)
	}
	switch {
	case p.Duo != nil:
		row.Duo, row.Devices = duoBadge(p.Duo.Status, p.Duo.Enrolled), p.Duo.Devices
		if p.Account == nil {
			row.LastLogin = p.Duo.LastLogin
		}
	case !state.At.IsZero():
		row.Duo = &browser.Badge{Kind: browser.Warn, Text: w.DuoUnknown}
	}
	return row
}

func fullName(u *primary.User) string {
	if u.FirstName == "" || u.LastName == "" {
		return u.FirstName + u.LastName
	}
	return u.FirstName + " " + u.LastName
}

func role(r primary.Role) string {
	if r == primary.RoleAdmin {
		return text.English.Console.Users.RoleAdmin
	}
	return text.English.Console.Users.RoleUser
}

func accountBadge(u *primary.User) *browser.Badge {
	w := text.English.Console.Users
	switch {
	case u.Disabled:
		return &browser.Badge{Kind: browser.Bad, Text: w.StateDisabled}
	case u.Bootstrap:
		return &browser.Badge{Kind: browser.Warn, Text: w.StateOneTime}
	default:
		return &browser.Badge{Kind: browser.Good, Text: w.StateEnabled}
	}
}

// duoBadge is a user's state at Duo.
func duoBadge(status string, enrolled bool) *browser.Badge {
	w := text.English.Console.Users
	switch {
	case status == "disabled":
		return &browser.Badge{Kind: browser.Bad, Text: w.DuoDisabled}
	case status == "locked out":
		return &browser.Badge{Kind: browser.Bad, Text: w.DuoLockedOut}
	case status == "bypass":
		return &browser.Badge{Kind: browser.Warn, Text: w.DuoBypass}
	case !enrolled:
		return &browser.Badge{Kind: browser.Warn, Text: w.DuoUnenrolled}
	case status == "active":
		return &browser.Badge{Kind: browser.Good, Text: w.DuoActive}
	default:
		return &browser.Badge{Kind: browser.Info, Text: status}
	}
}

// refreshUsers asks Duo for everybody in the background.
func (v *visit) refreshUsers() {
	v.console.deps.People.Refresh()
	v.done("/users", "users-refreshing")
}

type userPage struct {
	sheet

	T            text.ConsoleUsers
	Facts        browser.Facts
	Duo          browser.Facts
	DuoProblem   string
	Devices      []deviceRow
	Sessions     []sessionRow
	Records      []recordRow
	RecordsPath  string
	Path         string
	Locked       bool
	Disabled     bool
	Local, AtDuo bool
	Self         bool
	SessionCols  text.ConsoleSessions
	MoreSessions string
}

type deviceRow struct {
	Kind, Name, Number, About string
	State                     browser.Badge
	LastSeen                  time.Time
}

type recordRow struct {
	At            time.Time
	Event, Path   string
	Outcome       browser.Badge
	Reason, Actor string
	From          string
}

// user shows one user: the account, what Duo says now, the sessions, and what
// the trail has last.
func (v *visit) user() {
	name, ctx, deps := v.values["user"], v.r.Context(), v.console.deps
	v.patience(deedTime)
	one, err := deps.People.Get(ctx, name)
	if err != nil {
		v.noUser(err)
		return
	}
	live, err := deps.SessionList.List(ctx, name)
	if err != nil {
		v.unavailable(err)
		return
	}
	records, err := deps.Records.Last(ctx, name, lastRecords)
	if err != nil {
		v.unavailable(err)
		return
	}
	w := text.English.Console.Users
	data := userPage{
		sheet: titled(name), T: w, Path: Base + "/users/" + pathName(name), Local: one.Account != nil, Self: name == v.session.Username,
		SessionCols: text.English.Console.Sessions, RecordsPath: Base + pathAudit + "?" + url.Values{"user": {name}}.Encode(),
	}
	data.Facts = browser.Facts{Label: w.AccountTitle, List: accountFacts(&one)}
	data.Disabled = one.Account != nil && one.Account.Disabled
	v.duoFacts(name, &data)
	if len(live) > pageSize {
		live, data.MoreSessions = live[:pageSize], Base+"/sessions?"+url.Values{"user": {name}}.Encode()
	}
	for i := range live {
		data.Sessions = append(data.Sessions, v.sessionRowOf(&live[i]))
	}
	for i := range records {
		data.Records = append(data.Records, recordRowOf(&records[i]))
	}
	v.show(http.StatusOK, "user", &data)
}

// noUser answers where a user cannot be had.
func (v *visit) noUser(err error) {
	w := text.English.Console.Users
	switch {
	case errors.Is(err, people.ErrUnknown):
		v.say(http.StatusNotFound, w.NoSuchUser)
	case errors.Is(err, people.ErrSilent):
		v.log("duo cannot be asked for a user", err)
		v.say(http.StatusBadGateway, w.SilentDuo)
	default:
		v.unavailable(err)
	}
}

func accountFacts(p *people.Person) []browser.Fact {
	w := text.English.Console.Users
	facts := []browser.Fact{{ID: "username", Label: w.Username, Value: p.Username}}
	u := p.Account
	if u == nil {
		return append(facts, browser.Fact{Label: w.Account, Value: w.Elsewhere})
	}
	facts = append(facts,
		browser.Fact{Label: w.FullName, Value: fullName(u)},
		browser.Fact{Label: w.Email, Value: u.Email},
		browser.Fact{ID: "role", Label: w.Role, Value: role(u.Role)},
		browser.Fact{ID: "account-state", Label: w.Account, Badge: accountBadge(u)},
		browser.Fact{ID: "last-login", Label: w.LastLogin, Time: u.LastLogin},
		browser.Fact{Label: w.PasswordSet, Time: u.PasswordChangedAt},
		browser.Fact{Label: w.Created, Time: u.CreatedAt},
	)
	for i := range facts {
		if f := &facts[i]; f.Value == "" && f.Badge == nil && f.Time.IsZero() && f.Label != w.FullName && f.Label != w.Email {
			f.Value = text.English.Common.Never
		}
	}
	return facts
}

// duoFacts asks Duo for the user as he is now.
func (v *visit) duoFacts(name string, data *userPage) {
	w := text.English.Console.Users
	account, err := v.console.deps.Devices.AccountNow(v.r.Context(), name)
	switch {
	case errors.Is(err, selfservice.ErrNotOffered):
		data.DuoProblem = w.NoAdminAPI
		return
	case errors.Is(err, selfservice.ErrUnknown):
		data.AtDuo, data.DuoProblem = true, w.NotAtDuo
		return
	case err != nil:
		v.log("duo cannot be asked for a user", err)
		data.DuoProblem = w.DuoSilent
		return
	}
	data.AtDuo, data.Locked = true, account.Status == "disabled"
	data.Duo = browser.Facts{Label: w.DuoTitle, List: []browser.Fact{
		{ID: "duo-username", Label: w.DuoUsername, Value: account.Username},
		{ID: "duo-state", Label: w.DuoState, Badge: duoBadge(account.Status, account.Enrolled)},
	}}
	if account.Status == "bypass" {
		data.Duo.List = append(data.Duo.List, v.bypassFact(name))
	}
	for _, d := range account.Devices {
		data.Devices = append(data.Devices, deviceRowOf(&d))
	}
}

func deviceRowOf(d *selfservice.Device) deviceRow {
	w := text.English.Console.Users
	row := deviceRow{Name: d.Name, Number: d.Number, About: d.Platform, LastSeen: d.LastSeen}
	switch d.Kind {
	case selfservice.Tablet:
		row.Kind = w.Tablet
	case selfservice.HardwareToken:
		row.Kind, row.About = w.HardwareToken, d.Serial
	case selfservice.SecurityKey:
		row.Kind, row.About = w.SecurityKey, d.Model
	default:
		row.Kind = w.Phone
	}
	if d.Model != "" && d.Model != row.About {
		row.About += " " + d.Model
	}
	row.State = browser.Badge{Kind: browser.Good, Text: w.DeviceActive}
	if !d.Active {
		row.State = browser.Badge{Kind: browser.Warn, Text: w.DevicePending}
	}
	return row
}

func recordRowOf(e *audit.Entry) recordRow {
	row := recordRow{
		At: e.Time, Event: eventWords(e.Name), Path: Base + pathRecord + strconv.FormatUint(e.Sequence, 10), Outcome: outcomeBadge(e.Outcome),
		Reason: audit.Printable(e.Reason), Actor: audit.Printable(e.Actor),
	}
	if e.Source.IsValid() {
		row.From = e.Source.String()
	}
	return row
}

// SessionList lists and ends sessions; [session.Manager] is one.
type SessionList interface {
	List(ctx context.Context, username string) ([]session.Session, error)
	Page(ctx context.Context, after session.Key, most int) ([]session.Session, error)
	ByHandle(ctx context.Context, handle string) (session.Session, error)
	Revoke(ctx context.Context, key session.Key, reason string) (session.Session, error)
	EndAll(ctx context.Context, username string, before time.Time, reason string) ([]session.Session, error)
}
