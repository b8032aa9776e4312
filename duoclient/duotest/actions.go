package duotest

import (
	"net/http"
	"slices"
	"strings"
)

// promptActions are the page's buttons.
func (s *Server) promptActions() map[string]func(*exchange) {
	routes := map[string]func(*exchange){}
	for name, act := range map[string]func(*exchange, *prompt){
		"push":     s.actPush,
		"approve":  s.actApprove,
		"deny":     s.actDeny,
		"fraud":    s.actFraud,
		"continue": s.actContinue,
		"passcode": s.actPasscode,
		"bypass":   s.actBypass,
		"enroll":   s.actEnroll,
		"cancel":   s.actCancel,
		"call":     s.actCall,
		"sms":      s.actSMS,
		"key":      s.actKey,
		"touch":    s.actTouch,
		"scan":     s.actScan,
	} {
		routes["/prompt/"+name] = func(x *exchange) { s.act(x, act) }
	}
	return routes
}

// act finds the prompt by the secret in the form. One that is over, or that
// nobody knows, cannot be answered any more.
func (s *Server) act(x *exchange, act func(*exchange, *prompt)) {
	s.mu.Lock()
	p := s.prompts[x.form.Get("tx")]
	live := x.badForm == nil && p != nil && !p.finished && x.now.Before(p.expires)
	if live {
		x.call.note(p.request)
		p.remember = x.form.Get("remember") == "yes"
	}
	tooLate := live && p.expirePush(x.now) && slices.Contains([]string{"/prompt/approve", "/prompt/deny", "/prompt/fraud"}, x.call.Endpoint)
	answered, enrolled := live && p.answered(), live && p.enrolled != nil
	s.mu.Unlock()
	switch {
	case !live:
		s.overPage(x)
	case enrolled:
		s.settleEnrolment(x, p)
	case answered:
		s.settlePush(x, p)
	case tooLate:
		s.promptPage(x, p)
	default:
		act(x, p)
	}
}

func (s *Server) overPage(x *exchange) { s.sorry(x, http.StatusGone, noticeOver()) }

// showPrompt keeps the prompt and shows its first page, with a push on its way
// if a phone can take one.
func (s *Server) showPrompt(x *exchange, p *prompt, st standing, reason string) {
	s.mu.Lock()
	s.sweep(x.now)
	full := len(s.prompts) >= maxPrompts
	if !full {
		s.prompts[p.id] = p
	}
	u := p.account.find(p.request.username)
	if st == standingAuth && !u.noAutoPrompt {
		s.push(x, p, firstPushable(p.account, u), false)
	}
	if st == standingDeny {
		p.account.record(p.login(x.now, verdict{event: "authentication", reason: reason}, "denied"))
	}
	s.mu.Unlock()
	switch {
	case full:
		s.sorry(x, http.StatusServiceUnavailable, noticeFull())
	case st == standingDeny:
		s.blockedPage(x, p, reason)
	case st == standingEnroll:
		s.enrollPage(x, p, http.StatusOK, "")
	default:
		s.promptPage(x, p)
	}
}

// firstPushable is the first activated phone, or "". The caller holds the
// mutex.
func firstPushable(a *account, u *user) string {
	for _, d := range a.devices(u) {
		if d.Activated {
			return d.ID
		}
	}
	return ""
}

// say tells the person about something that did not work.
func (p *prompt) say(text string) { p.message, p.bad = text, true }

func (s *Server) actPasscode(x *exchange, p *prompt) {
	code := strings.ReplaceAll(x.form.Get("passcode"), " ", "")
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		if code == "" {
			p.say(sayNoPasscode)
			return v, false, false
		}
		v, ok = p.account.spend(u, code, x.now)
		if !ok {
			p.say(sayPasscode)
		}
		return v, ok, !ok
	}, false)
}

func (s *Server) actBypass(x *exchange, p *prompt) {
	code := strings.ReplaceAll(x.form.Get("bypass_code"), " ", "")
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		if code == "" {
			p.say(sayNoBypass)
			return v, false, false
		}
		if !u.spendBypass(code, x.now) {
			p.say(sayBypass)
			return verdict{event: "authentication", factor: "passcode", reason: "invalid_passcode"}, false, true
		}
		return verdict{event: "authentication", factor: "bypass_code", reason: "valid_passcode", deviceName: "Bypass Code"}, true, false
	}, false)
}

// settle runs one try to prove who it is, counts failures, and shows what came
// of it. The try runs with the mutex held, so that of two requests at once
// only one spends anything.
func (s *Server) settle(x *exchange, p *prompt, try func(*user) (v verdict, ok, failed bool), redirectFailure bool) {
	s.mu.Lock()
	u := p.account.find(p.request.username)
	st, reason := s.preauth(p.account, p.request.client, p.request.username)
	if p.finished || u == nil || (st != standingAuth && (st != standingEnroll || len(u.bypass) == 0)) {
		s.mu.Unlock()
		s.blockedPage(x, p, reason) // something changed since the page was shown
		return
	}
	v, ok, failed := try(u)
	if ok {
		p.finish(x.now)
	}
	if failed {
		result := "denied"
		if v.reason == "user_marked_fraud" {
			result = "fraud"
		}
		if !redirectFailure { // which makes an entry of its own
			p.account.record(p.login(x.now, v, result))
		}
		p.account.failed(u, x.now)
		st, reason = s.preauth(p.account, p.request.client, p.request.username)
	}
	s.mu.Unlock()
	switch {
	case ok:
		s.allow(x, p, v)
	case failed && redirectFailure:
		s.refuse(x, p, "user_cancelled", textDenied)
	case st == standingEnroll:
		s.mu.Lock()
		sorry := p.message
		s.mu.Unlock()
		s.enrollPage(x, p, http.StatusOK, sorry)
	case st != standingAuth:
		s.blockedPage(x, p, reason)
	default:
		s.promptPage(x, p)
	}
}

func (s *Server) actEnroll(x *exchange, p *prompt) {
	number, ok := normalNumber(x.form.Get("phone_number"))
	if !ok {
		s.enrollPage(x, p, http.StatusBadRequest, sayNumber)
		return
	}
	s.mu.Lock()
	st, reason := s.preauth(p.account, p.request.client, p.request.username)
	if st != standingEnroll || p.finished {
		s.mu.Unlock()
		s.blockedPage(x, p, reason)
		return
	}
	p.finish(x.now)
	device := s.enroll(p.account, p.request.username, Smartphone(number))
	s.mu.Unlock()
	s.allow(x, p, verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: &device})
}

func (s *Server) actCancel(x *exchange, p *prompt) {
	s.mu.Lock()
	late := p.finished
	p.finish(x.now)
	s.mu.Unlock()
	if late {
		s.overPage(x)
		return
	}
	s.refuse(x, p, "user_cancelled", "The user cancelled the login.")
}
