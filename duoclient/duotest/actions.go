package duotest

import (
	"net/http"
	"slices"
	"strings"
	"time"
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

// push makes a phone ring, with a push or a call. The caller holds the mutex.
func (s *Server) push(x *exchange, p *prompt, device string, call bool) {
	p.hangUp(x.now)
	switch {
	case device == "":
	case x.faults.FailedPush && !call:
		p.say(sayUndelivered)
	default:
		p.begun = x.now
		push := p.pushTo(p.account.find(p.request.username), p.account.phones.get(device))
		push.Call, p.message = call, sayCalling
		if call {
			p.account.charge(x.now, p.txid, "authentication", "phone", push.Phone.Number)
		} else {
			push.Code, p.message = randomText(digits, s.config.VerifiedPush), sayPushed
		}
		p.push = s.ring(push)
	}
}

// say tells the person about something that did not work.
func (p *prompt) say(text string) { p.message, p.bad = text, true }

// actPush sends a push. Where the phone rings already nothing changes, and a
// browser keeps its page (204): a click on Approve right after must not meet a
// page that is going away.
func (s *Server) actPush(x *exchange, p *prompt) {
	s.mu.Lock()
	device := x.form.Get("device")
	ringing := p.ringing() && !p.push.Call && (device == "" || device == p.push.Phone.ID)
	a := p.account
	u := a.find(p.request.username)
	switch {
	case u == nil, ringing && !x.faults.FailedPush:
	case device == "":
		s.push(x, p, firstPushable(a, u), false)
	case slices.Contains(u.phones, device) && a.phones.get(device).Activated:
		s.push(x, p, device, false)
	default:
		p.say(sayNoPush)
	}
	keep := ringing && !p.bad
	s.mu.Unlock()
	if keep && x.r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		x.status = http.StatusNoContent
		return
	}
	s.promptPage(x, p)
}

// actCall rings the chosen phone.
func (s *Server) actCall(x *exchange, p *prompt) {
	s.mu.Lock()
	if device := p.chosen(x.form.Get("device"), "phone"); device != nil {
		s.push(x, p, device.ID, true)
	} else {
		p.say(sayNoCall)
	}
	s.mu.Unlock()
	s.promptPage(x, p)
}

// actSMS texts passcodes to the chosen phone.
func (s *Server) actSMS(x *exchange, p *prompt) {
	s.mu.Lock()
	if device := p.chosen(x.form.Get("device"), "sms"); device != nil {
		device.smsSent = true
		p.account.charge(x.now, p.txid, "authentication", "sms", device.Number)
		p.hangUp(x.now)
		p.message = saySent
	} else {
		p.say(sayNoText)
	}
	s.mu.Unlock()
	s.promptPage(x, p)
}

// chosen is the user's device with this ID, or any one for an empty ID, that
// can be asked in this way. The caller holds the mutex.
func (p *prompt) chosen(id, capability string) *phone {
	u := p.account.find(p.request.username)
	if u == nil {
		return nil
	}
	for _, d := range p.account.devices(u) {
		if (id == "" || d.ID == id) && slices.Contains(d.capabilities(), capability) {
			return d
		}
	}
	return nil
}

func (p *prompt) ringing() bool { return p.push != nil && p.push.Answer == "" }

func (s *Server) actApprove(x *exchange, p *prompt) { s.answerPush(x, p, AnswerApprove) }

func (s *Server) actDeny(x *exchange, p *prompt) { s.answerPush(x, p, AnswerDeny) }

func (s *Server) actFraud(x *exchange, p *prompt) { s.answerPush(x, p, AnswerFraud) }

// actContinue is for those who answered on the phone's own page; act has dealt
// with that already when there was an answer. It is what the Enter key does as
// well, in whichever field something was typed.
func (s *Server) actContinue(x *exchange, p *prompt) {
	s.mu.Lock()
	st, _ := s.preauth(p.account, p.request.client, p.request.username)
	s.mu.Unlock()
	switch {
	case x.form.Get("code") != "":
		s.actApprove(x, p)
	case x.form.Get("passcode") != "":
		s.actPasscode(x, p)
	case x.form.Get("bypass_code") != "":
		s.actBypass(x, p)
	case x.form.Get("phone_number") != "":
		s.actEnroll(x, p)
	case st == standingEnroll:
		s.enrollPage(x, p, http.StatusOK, sayNoScan)
	default:
		s.promptPage(x, p)
	}
}

// answerPush answers the pending push at the prompt.
func (s *Server) answerPush(x *exchange, p *prompt, answer Answer) {
	s.mu.Lock()
	wrong := p.ringing() && answer == AnswerApprove && !p.push.takes(x.form.Get("code"))
	switch {
	case wrong:
		p.say(sayWrongCode)
	case p.ringing():
		p.push.end(answer, x.now)
	}
	s.mu.Unlock()
	if wrong {
		s.promptPage(x, p)
		return
	}
	s.settlePush(x, p)
}

// answered says whether the phone was answered and the prompt does not know
// yet. The caller holds the mutex.
func (p *prompt) answered() bool {
	return p.push != nil && !p.push.settled && slices.Contains([]Answer{AnswerApprove, AnswerDeny, AnswerFraud}, p.push.Answer)
}

// expired says whether nobody answered in time and the prompt does not know
// yet. The caller holds the mutex.
func (p *prompt) expired(now time.Time) bool {
	return p.push != nil && !p.push.settled && (p.push.Answer == AnswerTimeout || (p.ringing() && !now.Before(p.push.expires)))
}

// expirePush ends a push that rang too long, and says whether it did. That is
// no failure of the person, and so it is in the log but does not count. The
// caller holds the mutex.
func (p *prompt) expirePush(now time.Time) bool {
	if !p.expired(now) {
		return false
	}
	p.push.end(AnswerTimeout, now)
	view := p.push.Phone
	v := p.push.verdict(&view)
	p.push = nil
	p.say(sayTimeout)
	p.account.record(p.login(now, v, "denied"))
	return true
}

// settlePush brings the answer of the phone to the prompt.
func (s *Server) settlePush(x *exchange, p *prompt) {
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		if !p.answered() || !slices.Contains(u.phones, p.push.Phone.ID) {
			p.say(sayNoneWaits)
			return v, false, false
		}
		push := p.push
		push.settled = true
		p.push, p.message, p.bad = nil, "", false
		view := p.account.phones.get(push.Phone.ID).snapshot()
		v = push.verdict(&view)
		switch push.Answer {
		case AnswerApprove:
			return v, true, false
		case AnswerFraud:
			p.say(sayFraud)
		default:
			p.say(sayDenied)
		}
		return v, false, true
	}, x.faults.DenyRedirects)
}

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
