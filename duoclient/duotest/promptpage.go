package duotest

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// promptView is the prompt on its page.
type promptView struct {
	Tx                    string
	Application, Username string
	Initial               string // of the application
	From, Browser         string
	Lead                  string
	Devices               []deviceView
	Ringing               *ringView
	CanPush               bool
	CanCall, CanText      bool
	CanBypass             bool
	Again                 string // what the button that pushes says
	Keys                  []keyView
	KeyNames              string
	Touching              bool
	Elsewhere             bool // a device other than the chosen ones is a second thought
	RememberDays          int
	Remember              bool
	PhoneLink             string
	Help                  string
	Watch                 bool   // something elsewhere can go on with this
	Link                  string // of the code to scan
	QR                    template.HTML
}

// deviceView is one phone at the prompt.
type deviceView struct {
	ID, Name, Passcode string
	Activated, Chosen  bool
	Reachable          bool
}

// ringView is the push or call that waits.
type ringView struct {
	pushView

	Digits string // what the prompt shows and the phone asks for
}

// keyView is one security key. Suffix makes ids of the second and later ones
// unique.
type keyView struct{ Key, Name, Suffix string }

// viewOf is what every page of a prompt shows. The caller holds the mutex.
func (s *Server) viewOf(p *prompt) *promptView {
	v := &promptView{
		Tx: p.id, Application: p.request.application, Username: p.request.username,
		From: p.access.ip, Browser: p.access.browser, PhoneLink: phoneLink(p.request.username),
		Remember: p.remember, RememberDays: p.trustedDays(),
	}
	if v.Browser == "Unknown" {
		v.Browser = ""
	}
	for _, letter := range v.Application {
		v.Initial = strings.ToUpper(string(letter))
		break
	}
	v.Help, _ = p.account.settings["helpdesk_message"].(string)
	return v
}

// show answers with a page of the prompt.
func (s *Server) show(x *exchange, status int, name string, p *prompt, data pageData) {
	s.page(x, status, name, data, p.request.redirectURI)
}

// promptPage shows the ways to prove who it is, with the phone and the key
// beside them.
func (s *Server) promptPage(x *exchange, p *prompt) {
	t := s.pages.words
	s.mu.Lock()
	v := s.viewOf(p)
	data := pageData{Title: t.ProveTitle, Message: p.message, Bad: p.bad, Prompt: v, Wide: true}
	v.Lead, v.Again = t.ProveLead, t.Push
	if u := p.account.find(p.request.username); u != nil {
		v.addDevices(p, u)
	}
	switch {
	case v.Ringing != nil && v.Ringing.Call:
		data.Title, v.Lead = t.CallTitle, t.CallLead
	case v.Ringing != nil:
		data.Title, v.Lead, v.Again = t.PushTitle, t.PushLead, t.PushAgain
	case p.touching && len(v.Keys) > 0:
		data.Title, v.Lead, v.Touching = t.KeyTitle, t.KeyLead, true
	case p.bad:
		v.Again = t.PushRetry
	}
	v.Watch = v.Ringing != nil
	v.Elsewhere = v.Watch || v.Touching
	s.mu.Unlock()
	s.show(x, http.StatusOK, "prompt", p, data)
}

// addDevices fills in what the user has. The caller holds the mutex.
func (v *promptView) addDevices(p *prompt, u *user) {
	ringing := ""
	if p.ringing() {
		ringing = p.push.Phone.ID
		v.Ringing = &ringView{pushView: viewOfPush(p.push), Digits: strings.Join(strings.Split(p.push.Code, ""), " ")}
	}
	first := -1
	for i, d := range p.account.devices(u) {
		can := d.capabilities()
		view := deviceView{
			ID: d.ID, Name: d.deviceName(), Passcode: d.passcode(), Activated: d.Activated, Chosen: d.ID == ringing,
			Reachable: len(can) > 0,
		}
		v.CanPush = v.CanPush || d.Activated
		v.CanCall = v.CanCall || slices.Contains(can, "phone")
		v.CanText = v.CanText || slices.Contains(can, "sms")
		if first < 0 || (d.Activated && !v.Devices[first].Activated) {
			first = i
		}
		v.Devices = append(v.Devices, view)
	}
	if ringing == "" && first >= 0 {
		v.Devices[first].Chosen = true
	}
	for i, c := range p.account.credentialsOf(u) {
		key := keyView{Key: c.Key, Name: c.name()}
		if i > 0 {
			key.Suffix = "-" + c.Key
			v.KeyNames += ", "
		}
		v.KeyNames += key.Name
		v.Keys = append(v.Keys, key)
	}
}

// enrollPage lets somebody without a device add a phone, with a number or by
// scanning a code.
func (s *Server) enrollPage(x *exchange, p *prompt, status int, sorry string) {
	s.mu.Lock()
	data := pageData{Title: s.pages.words.EnrollTitle, Message: sorry, Bad: sorry != "", Prompt: s.viewOf(p), Wide: true}
	if u := p.account.find(p.request.username); u != nil {
		data.Prompt.CanBypass = len(u.bypass) > 0
	}
	act := s.invitation(p, x.now)
	data.Prompt.Lead, data.Prompt.Watch = s.pages.words.EnrollLead, true
	link := act.link(p.account.apiHost)
	s.mu.Unlock()
	data.Prompt.Link, data.Prompt.QR = link, s.qrOf(link)
	s.show(x, status, "enroll", p, data)
}

func (s *Server) blockedPage(x *exchange, p *prompt, reason string) {
	s.mu.Lock()
	data := pageData{Title: s.pages.words.BlockedTitle, Text: blockedTexts[reason], Prompt: s.viewOf(p)}
	s.mu.Unlock()
	if data.Text == "" {
		data.Text = blockedOtherwise
	}
	s.show(x, http.StatusOK, "blocked", p, data)
}
