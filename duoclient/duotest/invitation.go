package duotest

import (
	"net/http"
	"time"
)

// The phone that scans a code has no number.
func scannedPhone() Phone {
	return Phone{Name: "Virtual phone", Platform: "Google Android", Activated: true}
}

// offer makes an activation that adds a phone for somebody without one. add
// runs with the mutex held when somebody opens the link, and says whether the
// time for that is right.
func (a *account) offerPhone(name string, now, expires time.Time, add func(now time.Time) bool) *activation {
	prune(a.activations, func(old *activation) bool { return !now.Before(old.expires) || old.lost(a) })
	act := &activation{code: randomText(alphanumeric, 20), expires: expires, person: name, add: add}
	a.activations[act.code] = act
	return act
}

// lost says that nobody can use the activation any more: its phone is gone.
func (act *activation) lost(a *account) bool { return act.add == nil && !a.phones.has(act.phoneID) }

// device is what the activation is about, in words.
func (act *activation) device(a *account, t *words) string {
	if act.add != nil {
		return say(t.ActivateNew, "name", act.person)
	}
	return a.phones.get(act.phoneID).deviceName()
}

// invitation is the code that adds a phone at a prompt; there is one as long
// as the prompt is open. The caller holds the mutex.
func (s *Server) invitation(p *prompt, now time.Time) *activation {
	if p.invited == nil {
		p.invited = p.account.offerPhone(p.request.username, now, p.expires, func(time.Time) bool {
			if st, _ := s.preauth(p.account, p.request.client, p.request.username); st != standingEnroll || p.finished {
				return false
			}
			device := s.enroll(p.account, p.request.username, scannedPhone())
			p.enrolled = &device
			return true
		})
	}
	return p.invited
}

// actScan is the camera of the virtual phone beside the prompt.
func (s *Server) actScan(x *exchange, p *prompt) {
	s.mu.Lock()
	good := p.invited != nil && p.account.complete(p.invited.code, x.now)
	st, reason := s.preauth(p.account, p.request.client, p.request.username)
	s.mu.Unlock()
	switch {
	case good:
		s.settleEnrolment(x, p)
	case st == standingEnroll:
		s.enrollPage(x, p, http.StatusOK, sayNoScan)
	default:
		s.blockedPage(x, p, reason)
	}
}

// settleEnrolment signs in somebody who has a phone now.
func (s *Server) settleEnrolment(x *exchange, p *prompt) {
	s.mu.Lock()
	late, device := p.finished, p.enrolled
	p.finish(x.now)
	s.mu.Unlock()
	if late || device == nil {
		s.overPage(x)
		return
	}
	s.allow(x, p, verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: device})
}
