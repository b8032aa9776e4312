package portal

import (
	"net/http"
	"strconv"

	"mfaserver/web/browser"
)

// accountPage is the first page of somebody who is signed in.
type accountPage struct {
	base

	This  browser.Facts
	Tasks []task
	// Added are devices that were added in other sessions.
	Added   []addedDevice
	NotMine string
}

// task is something that people come for.
type task struct{ ID, Icon, Path, Link, Text, Figure, Of string }

func (p *Portal) account(v *visit) {
	live, err := p.deps.Sessions.List(v.r.Context(), v.session.Username)
	if err != nil {
		p.unavailable(v, err)
		return
	}
	t := p.text.Home
	data := accountPage{base: base{Frame: browser.Frame{Title: t.Title}}, This: p.thisSignIn(v)}
	of := t.SessionsN
	if len(live) == 1 {
		of = t.SessionsOne
	}
	data.Tasks = []task{
		{"to-sessions", "sessions", pathSessions, t.SessionsLink, t.SessionsText, strconv.Itoa(len(live)), of},
		{"to-devices", "device", pathDevices, t.DevicesLink, t.DevicesText, "", ""},
		{"to-code", "code", pathCode, t.CodeLink, t.CodeText, "", ""},
		{"to-clients", "help", pathSetup, t.SetupLink, t.SetupText, "", ""},
	}
	if p.consoleFor(v) {
		data.Tasks = append(data.Tasks, task{"to-console", "lock", PathConsole, t.ConsoleLink, t.ConsoleText, "", ""})
	}
	data.Added, data.NotMine = p.addedElsewhere(v), p.ask(t.NotMine)
	p.show(v, http.StatusOK, "account", &data)
}

// thisSignIn is who is signed in, and how he proved it.
func (p *Portal) thisSignIn(v *visit) browser.Facts {
	t, s := p.text.Home, v.session
	role := t.Person
	if s.Administrator {
		role = t.Administrator
	}
	proved := browser.Fact{ID: "approved-at", Label: t.When, Time: s.ApprovedAt}
	if s.ApprovedAt.IsZero() {
		proved.Badge = &browser.Badge{Kind: browser.Warn, Text: t.NotAsked}
	}
	return browser.Facts{Label: t.You, List: []browser.Fact{
		{ID: "user", Label: t.User, Value: s.Username},
		{ID: "role", Label: t.Role, Value: role},
		{ID: "factor", Label: t.Method, Value: p.proof(s.Factor, s.Reason)},
		{ID: "device", Label: t.Device, Value: s.Device},
		proved,
		{ID: "from", Label: t.From, Value: s.Source},
		{ID: "browser", Label: t.Browser, Value: p.agent(s.UserAgent)},
		{ID: "signed-in-at", Label: t.SignedIn, Time: s.CreatedAt},
		{ID: "ends-at", Label: t.Ends, Time: s.Expires, Note: t.IdleNote},
	}}
}
