package duotest

import (
	"net/http"
	"slices"
	"time"
)

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
