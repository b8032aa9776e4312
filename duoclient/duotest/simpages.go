package duotest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// phoneListView is the list of users.
type phoneListView struct {
	Query    string
	Rows     []phoneRow
	More     int
	Children [][2]string
}

// phoneRow is a user in the list of phones.
type phoneRow struct {
	Name, Link, Status string
	Phones, Waiting    int
}

// phonePageView is what the phones of one user show. Version changes with
// everything on the page.
type phonePageView struct {
	Name, Version    string
	Phones           []phoneView
	Waiting, History []pushView
	Remembered       int
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

	Suffix, Device, Outcome, When, Clock string
	AskCode, ShowCode                    bool
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
				s.tell(x, http.StatusForbidden, noticeForeign())
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
	list := &phoneListView{Query: x.form.Get("q")}
	query := strings.ToLower(strings.TrimSpace(list.Query))
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
			list.Children = append(list.Children, [2]string{child.name, "https://" + child.apiHost + "/sim/phones"})
		}
	}
	s.mu.Unlock()
	for i := range rows {
		rows[i].Waiting = waiting[rows[i].Name]
	}
	slices.SortStableFunc(rows, func(a, b phoneRow) int { return b.Waiting - a.Waiting })
	list.More = len(rows) - maxRows
	list.Rows = rows[:min(len(rows), maxRows)]
	s.page(x, http.StatusOK, "phones", pageData{Title: s.pages.words.PhonesTitle, List: list}, x.baseURL())
}

// phonePage shows the phones of one user: what rings, what they show, what
// rang. A post answers a push.
func (s *Server) phonePage(x *exchange, name string) {
	s.mu.Lock()
	u := x.account.find(name)
	if u == nil {
		s.mu.Unlock()
		s.tell(x, http.StatusNotFound, noticeNobody())
		return
	}
	data := pageData{Title: say(s.pages.words.PhonesOf, "name", u.name)}
	if x.r.Method == http.MethodPost {
		data.Message = s.pressed(x, u)
		if data.Message == "" {
			s.mu.Unlock()
			x.redirect(phoneLink(u.name))
			return
		}
		data.Bad = true
	}
	data.Phone = x.account.phonePageOf(x, u)
	s.mu.Unlock()
	s.page(x, http.StatusOK, "phone", data, x.baseURL())
}

// pressed answers the push that a form is about, and returns what was wrong
// with that.
func (s *Server) pressed(x *exchange, u *user) (sorry string) {
	answer := Answer(x.form.Get("answer"))
	if answer == "forget" {
		x.account.distrust(u)
		return ""
	}
	if !slices.Contains([]Answer{AnswerApprove, AnswerDeny, AnswerFraud}, answer) {
		return sayNoAnswer
	}
	for _, p := range x.account.pendingPushes(u.id, x.now) {
		if p.ID != x.form.Get("push") {
			continue
		}
		if answer == AnswerApprove && !p.takes(x.form.Get("code")) {
			return sayWrongCode
		}
		p.end(answer, x.now)
		return ""
	}
	return sayGone
}

// phonePageOf is what a user's page shows. The caller holds the mutex.
func (a *account) phonePageOf(x *exchange, u *user) *phonePageView {
	out := &phonePageView{Name: u.name, Remembered: a.rememberedBy(u, x.now)}
	for _, p := range a.devices(u) {
		view := phoneView{Name: p.deviceName(), Passcode: p.passcode(), Activated: p.Activated}
		for _, act := range a.activations {
			if act.phoneID == p.ID && act.open(x.now) {
				view.Activate = "/activate/" + act.code
			}
		}
		out.Phones = append(out.Phones, view)
	}
	for _, p := range a.pushes.entries {
		if p.userID != u.id {
			continue
		}
		view := viewOfPush(p)
		switch {
		case p.pending(x.now):
			if len(out.Waiting) > 0 {
				view.Suffix = "-" + p.ID
			}
			out.Waiting = append(out.Waiting, view)
		case p.Answer == "":
			view.Outcome = outcome(AnswerTimeout)
			out.History = append(out.History, view)
		default:
			out.History = append(out.History, view)
		}
	}
	slices.Reverse(out.History)
	out.History = out.History[:min(len(out.History), maxHistory)]
	shown := sha256.Sum256(fmt.Appendf(nil, "%+v", *out))
	out.Version = hex.EncodeToString(shown[:8])
	return out
}

// viewOfPush is how a phone shows a push.
func viewOfPush(p *push) pushView {
	return pushView{
		Push: p.Push, Device: p.Phone.deviceName(), Outcome: outcome(p.Answer), AskCode: p.Code != "" && !p.shown, ShowCode: p.shown,
		When: p.At.UTC().Format("2006-01-02 15:04:05"), Clock: p.At.UTC().Format("15:04:05 UTC"),
	}
}
