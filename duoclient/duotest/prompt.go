package duotest

import (
	"net/http"
	"slices"
	"time"
)

// promptLife is how long a prompt waits for its person, and maxPrompts how
// many may wait at once.
const (
	promptLife = 5 * time.Minute
	maxPrompts = 100_000
)

// prompt is one authentication that a person is in the middle of. Its id is
// the secret that the page's forms carry.
type prompt struct {
	id       string
	txid     string
	account  *account
	request  authRequest
	access   accessDevice
	begun    time.Time
	expires  time.Time
	push     *push  // the last one
	message  string // what happened last
	bad      bool   // the message is bad news
	touching bool   // a security key is to be touched
	remember bool   // the person wants the browser remembered
	finished bool
	invited  *activation // of somebody without a device
	enrolled *Phone      // the one that came of it
}

// verdict is how an authentication ended well.
type verdict struct {
	event, factor, reason string
	device                *Phone
	deviceName            string
}

// answerPrompt begins an authentication: by itself, by redirects alone, or with
// the page.
func (s *Server) answerPrompt(x *exchange, req authRequest) {
	p := &prompt{
		id: randomText(alphanumeric, 43), txid: newUUID(), account: x.account, request: req,
		access: accessDeviceOf(x.r), begun: x.now, expires: x.now.Add(promptLife),
	}
	s.mu.Lock()
	st, reason := s.preauth(x.account, req.client, req.username)
	mode := s.modeFor(x.account, req.username)
	remembered := st == standingAuth && mode == Ask && x.rememberedBrowser(p)
	s.mu.Unlock()
	switch {
	case remembered:
		s.allow(x, p, verdict{event: "authentication", factor: "remembered_device", reason: "remembered_device"})
	case st == standingAllow:
		s.allow(x, p, verdict{event: "authentication", factor: "not_available", reason: reason})
	case mode == Ask:
		s.showPrompt(x, p, st, reason)
	case st == standingDeny:
		s.refuse(x, p, reason, blockedTexts[reason])
	default:
		s.autoAnswer(x, p, mode)
	}
}

// autoAnswer answers for the person.
func (s *Server) autoAnswer(x *exchange, p *prompt, mode Mode) {
	switch mode {
	case Approve:
		s.allow(x, p, s.autoVerdict(p))
	case Timeout:
		if !s.wait(x.r.Context(), s.config.AutoTimeout) {
			panic(http.ErrAbortHandler) // nobody is there to answer
		}
		s.refuse(x, p, "no_response", textTimeout)
	default:
		s.refuse(x, p, "user_cancelled", textDenied)
	}
}

// autoVerdict approves with the user's first phone; a user without any is
// enrolled with a made-up one.
func (s *Server) autoVerdict(p *prompt) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, name := p.account, p.request.username
	u := a.find(name)
	if u == nil || !a.enrolled(u) {
		device := s.enroll(a, name, Smartphone("+1734555"+randomText(digits, 4)))
		return verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: &device}
	}
	devices := a.devices(u)
	if i := slices.IndexFunc(devices, func(d *phone) bool { return d.Activated }); i >= 0 {
		device := devices[i].snapshot()
		s.ring(p.pushTo(u, devices[i])).end(AnswerApprove, s.now())
		return verdict{event: "authentication", factor: "duo_push", reason: "user_approved", device: &device}
	}
	if len(devices) == 0 {
		return verdict{event: "authentication", factor: "hardware_token", reason: "valid_passcode"}
	}
	device := devices[0].snapshot()
	return verdict{event: "authentication", factor: "phone_call", reason: "user_approved", device: &device}
}

// pushTo is a push for the prompt, not sent yet.
func (p *prompt) pushTo(u *user, device *phone) *push {
	return &push{
		Push: Push{
			ID: p.txid, Username: p.request.username, Application: p.request.application, Type: "Login",
			Phone: device.snapshot(), IP: p.access.ip, At: p.begun,
		},
		account: p.account, userID: u.id, expires: p.begun.Add(pushLife),
	}
}

// enroll gives a phone to a user who may not exist yet. The caller holds the
// mutex.
func (s *Server) enroll(a *account, name string, p Phone) Phone {
	u := a.find(name)
	if u == nil {
		u = a.put(User{Name: name}, s.config.Now())
	}
	id := a.putPhone(p)
	a.attach(u, id)
	return a.phones.get(id).snapshot()
}

// login is the log entry of a prompt.
func (p *prompt) login(at time.Time, v verdict, result string) login {
	return login{
		txid: p.txid, at: at, key: p.request.client, application: p.request.application,
		username: p.request.username, access: p.access, verdict: v, result: result,
	}
}

// allow ends an authentication with a code.
func (s *Server) allow(x *exchange, p *prompt, v verdict) {
	s.mu.Lock()
	p.finish(x.now)
	if u := p.account.find(p.request.username); u != nil {
		u.failures, u.lastLogin = 0, x.now
		x.rememberBrowser(p, u)
	}
	context := p.account.record(p.login(x.now, v, "success")).context()
	s.mu.Unlock()
	s.config.Logger.Info("prompt allowed", "username", p.request.username, "reason", v.reason, "factor", v.factor)
	s.sendCode(x, p.request, context)
}

// finish ends a prompt, and the push that may wait.
func (p *prompt) finish(now time.Time) {
	p.finished = true
	if p.push != nil {
		p.push.end(AnswerCancelled, now)
	}
}

// refuse ends an authentication with error=access_denied.
func (s *Server) refuse(x *exchange, p *prompt, reason, description string) {
	s.mu.Lock()
	p.finish(x.now)
	p.account.record(p.login(x.now, verdict{event: "authentication", reason: reason}, "denied"))
	s.mu.Unlock()
	s.config.Logger.Info("prompt refused", "username", p.request.username, "reason", reason)
	s.sendError(x, p.request, "access_denied", description)
}
