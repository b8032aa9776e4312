package duotest

import (
	"net/http"
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
	request  authRequest
	access   accessDevice
	expires  time.Time
	pushed   string // the phone that is being asked
	message  string // what happened last
	bad      bool   // the message is bad news
	finished bool
}

// verdict is how an authentication ended well.
type verdict struct {
	event, factor, reason string
	device                *Phone
	deviceName            string
}

// standing is what Duo thinks of a user before anything is proved.
type standing string

const (
	standingAuth   standing = "auth"
	standingAllow  standing = "allow"
	standingDeny   standing = "deny"
	standingEnroll standing = "enroll"
)

// preauth decides what a user has to do, and why. The caller holds the mutex.
func (s *Server) preauth(name string) (st standing, reason string) {
	u := s.account.find(name)
	switch {
	case u != nil && u.status == StatusBypass:
		return standingAllow, "bypass_user"
	case u != nil && u.status == StatusDisabled:
		return standingDeny, "user_disabled"
	case u != nil && u.status == StatusLocked:
		return standingDeny, "locked_out"
	case u != nil && u.status != StatusActive:
		return standingDeny, "user_disabled"
	case u != nil && len(u.phones) > 0:
		return standingAuth, ""
	}
	switch s.config.EnrollPolicy {
	case PolicyAllow:
		return standingAllow, "allow_unenrolled_user"
	case PolicyDeny:
		return standingDeny, "deny_unenrolled_user"
	default:
		return standingEnroll, ""
	}
}

// answerPrompt begins an authentication: by itself, by redirects alone, or with
// the page.
func (s *Server) answerPrompt(x *exchange, req authRequest) {
	p := &prompt{
		id: randomText(alphanumeric, 43), txid: newUUID(), request: req,
		access: accessDeviceOf(x.r), expires: x.now.Add(promptLife),
	}
	s.mu.Lock()
	st, reason := s.preauth(req.username)
	mode := s.modeFor(req.username)
	s.mu.Unlock()
	switch {
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

// modeFor is the user's own mode or else the server's. The caller holds the
// mutex.
func (s *Server) modeFor(name string) Mode {
	mode := s.mode
	if u := s.account.find(name); u != nil && u.auto != "" {
		mode = u.auto
	}
	if _, err := ParseMode(string(mode)); err != nil {
		return Ask
	}
	return mode
}

// autoAnswer answers for the person.
func (s *Server) autoAnswer(x *exchange, p *prompt, mode Mode) {
	switch mode {
	case Approve:
		s.allow(x, p, s.autoVerdict(p.request.username))
	case Timeout:
		if !s.wait(x.r.Context(), s.config.AutoTimeout) {
			panic(http.ErrAbortHandler) // nobody is there to answer
		}
		s.refuse(x, p, "no_response", "Login timed out.")
	default:
		s.refuse(x, p, "user_cancelled", "Login request denied.")
	}
}

// autoVerdict approves with the user's first phone; a user without any is
// enrolled with a made-up one.
func (s *Server) autoVerdict(name string) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.account.find(name)
	if u == nil || len(u.phones) == 0 {
		device := s.enroll(name, Smartphone("+1734555"+randomText(digits, 4)))
		return verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: &device}
	}
	devices := s.account.devices(u)
	for _, d := range devices {
		if d.Activated {
			device := d.snapshot()
			return verdict{event: "authentication", factor: "duo_push", reason: "user_approved", device: &device}
		}
	}
	device := devices[0].snapshot()
	return verdict{event: "authentication", factor: "phone_call", reason: "user_approved", device: &device}
}

// enroll gives a phone to a user who may not exist yet. The caller holds the
// mutex.
func (s *Server) enroll(name string, p Phone) Phone {
	u := s.account.find(name)
	view := User{Name: name}
	if u != nil {
		view = s.account.snapshot(u)
	}
	view.Phones = append(view.Phones, p)
	if u == nil {
		u = s.account.put(view, s.config.Now())
	} else {
		s.account.apply(u, view)
	}
	devices := s.account.devices(u)
	return devices[len(devices)-1].snapshot()
}

// allow ends an authentication with a code.
func (s *Server) allow(x *exchange, p *prompt, v verdict) {
	s.mu.Lock()
	p.finished = true
	u := s.account.find(p.request.username)
	if u != nil {
		u.failures, u.lastLogin = 0, x.now
	}
	context := s.authContext(x, p, u, v)
	s.mu.Unlock()
	s.config.Logger.Info("prompt allowed", "username", p.request.username, "reason", v.reason, "factor", v.factor)
	s.sendCode(x, p.request, context)
}

// refuse ends an authentication with error=access_denied.
func (s *Server) refuse(x *exchange, p *prompt, reason, description string) {
	s.mu.Lock()
	p.finished = true
	s.mu.Unlock()
	s.config.Logger.Info("prompt refused", "username", p.request.username, "reason", reason)
	s.sendError(x, p.request, "access_denied", description)
}
