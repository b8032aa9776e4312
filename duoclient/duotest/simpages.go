package duotest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxRows is how many users the list of phones shows at once, maxHistory how
// many pushes a phone's page does.
const (
	maxRows    = 200
	maxHistory = 50
)

// phoneRow is a user in the list of phones.
type phoneRow struct {
	Name, Link, Status string
	Phones, Waiting    int
}

// phoneView is one phone on its owner's page.
type phoneView struct {
	Name, Passcode, Activate string
	Activated                bool
}

// pushView is one push on its phone's page. Suffix makes the ids of the second
// one and those after it unique.
type pushView struct {
	Push

	Suffix, Device, Outcome, When string
	AskCode, ShowCode             bool
}

// simRoute finds the pages of the virtual phone.
func (s *Server) simRoute(found route, known bool, path string) (route, bool) {
	if known {
		return found, true
	}
	name, value, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if name == "sim" {
		var inner string
		inner, value, _ = strings.Cut(value, "/")
		name += "/" + inner
	}
	value, err := url.PathUnescape(value)
	if err != nil {
		return found, false
	}
	get, both := []string{http.MethodGet}, []string{http.MethodGet, http.MethodPost}
	page := func(methods []string, serve func(x *exchange, value string)) (route, bool) {
		return route{methods: methods, serve: func(x *exchange) {
			if err := new(http.CrossOriginProtection).Check(x.r); err != nil || x.badForm != nil {
				s.page(x, http.StatusForbidden, "message", pageData{Title: "Not from another site"})
				return
			}
			serve(x, value)
		}}, true
	}
	switch {
	case name == "sim/phones" && value == "":
		return page(get, s.phoneList)
	case name == "sim/phones":
		return page(both, s.phonePage)
	case name == "sim/install" && value == "":
		return page(get, s.installPage)
	case name == "activate" && value != "":
		return page(both, s.activatePage)
	case name == "portal" && value == "":
		return page(both, s.portalPage)
	case name == "frame" && value == "qr":
		return page(get, s.qrCode)
	default:
		return found, false
	}
}

func phoneLink(name string) string { return "/sim/phones/" + url.PathEscape(name) }

// phoneList shows everybody who has a phone that could ring, those whose phone
// does ring first.
func (s *Server) phoneList(x *exchange, _ string) {
	query := strings.ToLower(strings.TrimSpace(x.form.Get("q")))
	data := pageData{Title: "Virtual phones", Query: x.form.Get("q")}
	s.mu.Lock()
	a := x.account
	var rows []phoneRow
	for _, u := range a.users.all() {
		if query != "" && !strings.Contains(strings.ToLower(strings.Join(append(u.allNames(), u.realName, u.email), "\n")), query) {
			continue
		}
		rows = append(rows, phoneRow{Name: u.name, Link: phoneLink(u.name), Status: a.statusOf(u), Phones: len(u.phones)})
	}
	waiting := map[string]int{}
	for _, p := range a.pushes.entries {
		if u := a.users.get(p.userID); u != nil && p.pending(x.now) {
			waiting[u.name]++
		}
	}
	if a == s.account {
		for _, child := range s.children.all() {
			data.Children = append(data.Children, [2]string{child.name, "https://" + child.apiHost + "/sim/phones"})
		}
	}
	s.mu.Unlock()
	for i := range rows {
		rows[i].Waiting = waiting[rows[i].Name]
	}
	slices.SortStableFunc(rows, func(a, b phoneRow) int { return b.Waiting - a.Waiting })
	data.More = len(rows) - maxRows
	data.Rows = rows[:min(len(rows), maxRows)]
	s.page(x, http.StatusOK, "phones", data, x.baseURL())
}

// phonePage shows the phones of one user: what rings, what they show, what
// rang. A post answers a push.
func (s *Server) phonePage(x *exchange, name string) {
	s.mu.Lock()
	u := x.account.find(name)
	if u == nil {
		s.mu.Unlock()
		s.page(x, http.StatusNotFound, "message", pageData{Title: "No such user", Text: "Nobody here has that name."})
		return
	}
	data := pageData{Title: "Phones of " + u.name, Person: u.name}
	if x.r.Method == http.MethodPost {
		data.Message = s.pressed(x, u)
		if data.Message == "" {
			s.mu.Unlock()
			x.redirect(phoneLink(u.name))
			return
		}
		data.Bad = true
	}
	data.Phones, data.Waiting, data.History = x.account.phoneViews(x, u)
	data.Refresh = len(data.Waiting) == 0 && !data.Bad
	s.mu.Unlock()
	s.page(x, http.StatusOK, "phone", data, x.baseURL())
}

// pressed answers the push that a form is about, and returns what was wrong
// with that.
func (s *Server) pressed(x *exchange, u *user) (sorry string) {
	answer := Answer(x.form.Get("answer"))
	if !slices.Contains([]Answer{AnswerApprove, AnswerDeny, AnswerFraud}, answer) {
		return "That is no answer."
	}
	for _, p := range x.account.pendingPushes(u.id, x.now) {
		if p.ID != x.form.Get("push") {
			continue
		}
		if answer == AnswerApprove && p.Code != "" && !p.shown && strings.ReplaceAll(x.form.Get("code"), " ", "") != p.Code {
			return "That is not the code that the application shows."
		}
		p.end(answer, x.now)
		return ""
	}
	return "That request does not wait any more."
}

// phoneViews are what a user's page shows. The caller holds the mutex.
func (a *account) phoneViews(x *exchange, u *user) (phones []phoneView, waiting, past []pushView) {
	for _, p := range a.devices(u) {
		view := phoneView{Name: p.deviceName(), Passcode: p.passcode(), Activated: p.Activated}
		for _, act := range a.activations {
			if act.phoneID == p.ID && act.open(x.now) {
				view.Activate = "/activate/" + act.code
			}
		}
		phones = append(phones, view)
	}
	for _, p := range a.pushes.entries {
		if p.userID != u.id {
			continue
		}
		view := pushView{
			Push: p.Push, Device: p.Phone.deviceName(), When: p.At.UTC().Format("2006-01-02 15:04:05"), Outcome: outcome(p.Answer),
			AskCode: p.Code != "" && !p.shown, ShowCode: p.shown,
		}
		switch {
		case p.pending(x.now):
			if len(waiting) > 0 {
				view.Suffix = "-" + p.ID
			}
			waiting = append(waiting, view)
		case p.Answer == "":
			view.Outcome = outcome(AnswerTimeout)
			past = append(past, view)
		default:
			past = append(past, view)
		}
	}
	slices.Reverse(past)
	return phones, waiting, past[:min(len(past), maxHistory)]
}

// outcome is what the history calls an answer.
func outcome(a Answer) string {
	return map[Answer]string{
		AnswerApprove: "approved", AnswerDeny: "denied", AnswerFraud: "reported as fraud",
		AnswerTimeout: "not answered", AnswerCancelled: "cancelled",
	}[a]
}
