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
		"passcode": s.actPasscode,
		"bypass":   s.actBypass,
		"enroll":   s.actEnroll,
		"cancel":   s.actCancel,
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
	}
	s.mu.Unlock()
	if !live {
		s.overPage(x)
		return
	}
	act(x, p)
}

func (s *Server) overPage(x *exchange) {
	s.page(x, http.StatusGone, "error", pageData{
		Title: "This sign-in is over",
		Text:  "It was answered already, or it waited too long. Go back to the application and start again.",
	})
}

// showPrompt keeps the prompt and shows its first page, with a push on its way
// if a phone can take one.
func (s *Server) showPrompt(x *exchange, p *prompt, st standing, reason string) {
	s.mu.Lock()
	s.sweep(x.now)
	full := len(s.prompts) >= maxPrompts
	if !full {
		s.prompts[p.id] = p
	}
	u := s.account.find(p.request.username)
	if st == standingAuth && !u.noAutoPrompt {
		s.push(x, p, s.firstPushable(u))
	}
	s.mu.Unlock()
	switch {
	case full:
		s.page(x, http.StatusServiceUnavailable, "error", pageData{Title: "Too many sign-ins are waiting", Text: "Try again later."})
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
func (s *Server) firstPushable(u *user) string {
	for _, d := range s.account.devices(u) {
		if d.Activated {
			return d.ID
		}
	}
	return ""
}

// push makes a phone ring. The caller holds the mutex.
func (s *Server) push(x *exchange, p *prompt, device string) {
	p.pushed, p.bad = "", false
	switch {
	case device == "":
		p.message = ""
	case x.faults.FailedPush:
		p.say("The push could not be delivered.")
	default:
		p.pushed = device
		p.message = "Pushed a login request to your device..."
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
	ringing := p.pushed != "" && (device == "" || device == p.pushed)
	u := s.account.find(p.request.username)
	switch {
	case u == nil, ringing && !x.faults.FailedPush:
	case device == "":
		s.push(x, p, s.firstPushable(u))
	case slices.Contains(u.phones, device) && s.account.phones[device].Activated:
		s.push(x, p, device)
	default:
		p.say("That device takes no push.")
	}
	keep := ringing && !p.bad
	s.mu.Unlock()
	if keep && x.r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		x.status = http.StatusNoContent
		return
	}
	s.promptPage(x, p)
}

func (s *Server) actApprove(x *exchange, p *prompt) {
	s.answerPush(x, p, func(device *phone) (verdict, bool) {
		view := device.snapshot()
		return verdict{event: "authentication", factor: "duo_push", reason: "user_approved", device: &view}, true
	})
}

func (s *Server) actDeny(x *exchange, p *prompt) {
	s.answerPush(x, p, func(*phone) (verdict, bool) {
		p.say("Login request denied.")
		return verdict{}, false
	})
}

func (s *Server) actFraud(x *exchange, p *prompt) {
	s.answerPush(x, p, func(*phone) (verdict, bool) {
		p.say("Login request denied and reported as fraud.")
		return verdict{}, false
	})
}

// answerPush settles the pending push.
func (s *Server) answerPush(x *exchange, p *prompt, answer func(*phone) (verdict, bool)) {
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		device := s.account.phones[p.pushed]
		if device == nil || !slices.Contains(u.phones, p.pushed) {
			p.say("No push is waiting for an answer.")
			return v, false, false
		}
		p.pushed, p.message = "", ""
		v, ok = answer(device)
		return v, ok, !ok
	}, x.faults.DenyRedirects)
}

func (s *Server) actPasscode(x *exchange, p *prompt) {
	code := strings.ReplaceAll(x.form.Get("passcode"), " ", "")
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		for _, d := range s.account.devices(u) {
			if !d.spendPasscode(code) {
				continue
			}
			view, factor := d.snapshot(), "duo_mobile_passcode"
			if !d.Activated {
				factor = "sms_passcode"
			}
			return verdict{event: "authentication", factor: factor, reason: "valid_passcode", device: &view}, true, false
		}
		// The service takes bypass codes in this field as well.
		return s.tryBypass(x, p, u, code, "Incorrect passcode. Please try again.")
	}, false)
}

func (s *Server) actBypass(x *exchange, p *prompt) {
	code := strings.ReplaceAll(x.form.Get("bypass_code"), " ", "")
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		return s.tryBypass(x, p, u, code, "Incorrect bypass code. Please try again.")
	}, false)
}

func (s *Server) tryBypass(x *exchange, p *prompt, u *user, code, sorry string) (v verdict, ok, failed bool) {
	if code == "" || !u.spendBypass(code, x.now) {
		p.say(sorry)
		return v, false, true
	}
	return verdict{event: "authentication", factor: "bypass_code", reason: "valid_passcode", deviceName: "Bypass Code"}, true, false
}

// settle runs one try to prove who it is, counts failures, and shows what came
// of it. The try runs with the mutex held, so that of two requests at once
// only one spends anything.
func (s *Server) settle(x *exchange, p *prompt, try func(*user) (v verdict, ok, failed bool), redirectFailure bool) {
	s.mu.Lock()
	st, reason := s.preauth(p.request.username)
	if st != standingAuth || p.finished {
		s.mu.Unlock()
		s.blockedPage(x, p, reason) // something changed since the page was shown
		return
	}
	u := s.account.find(p.request.username)
	v, ok, failed := try(u)
	if ok {
		p.finished = true
	}
	if failed {
		u.failures++
		if t := s.config.LockoutThreshold; t > 0 && u.failures >= t {
			u.status = StatusLocked
			st, reason = s.preauth(p.request.username)
		}
	}
	s.mu.Unlock()
	switch {
	case ok:
		s.allow(x, p, v)
	case failed && redirectFailure:
		s.refuse(x, p, "user_cancelled", "Login request denied.")
	case st != standingAuth:
		s.blockedPage(x, p, reason)
	default:
		s.promptPage(x, p)
	}
}

func (s *Server) actEnroll(x *exchange, p *prompt) {
	number, ok := normalNumber(x.form.Get("phone_number"))
	if !ok {
		s.enrollPage(x, p, http.StatusBadRequest, "That is not a telephone number. Write it like +1 734 555 0100.")
		return
	}
	s.mu.Lock()
	st, reason := s.preauth(p.request.username)
	if st != standingEnroll || p.finished {
		s.mu.Unlock()
		s.blockedPage(x, p, reason)
		return
	}
	p.finished = true
	device := s.enroll(p.request.username, Smartphone(number))
	s.mu.Unlock()
	s.allow(x, p, verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: &device})
}

func (s *Server) actCancel(x *exchange, p *prompt) {
	s.mu.Lock()
	late := p.finished
	p.finished = true
	s.mu.Unlock()
	if late {
		s.overPage(x)
		return
	}
	s.refuse(x, p, "user_cancelled", "The user cancelled the login.")
}
