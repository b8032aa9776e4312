package duotest

import (
	"slices"
	"time"
)

// name is what the owner calls a credential, or else what it is.
func (c *WebAuthnCredential) name() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Label
}

// actKey asks for the touch of a security key, in place of a push that waits.
func (s *Server) actKey(x *exchange, p *prompt) {
	s.mu.Lock()
	u := p.account.find(p.request.username)
	if u == nil || len(p.account.credentialsOf(u)) == 0 {
		p.say(sayNoTouch)
	} else {
		p.hangUp(x.now)
		p.touching, p.message, p.bad = true, sayTouch, false
	}
	s.mu.Unlock()
	s.promptPage(x, p)
}

// actTouch stands for the touch of a key. No signature is made or checked.
func (s *Server) actTouch(x *exchange, p *prompt) {
	key := x.form.Get("key")
	s.settle(x, p, func(u *user) (v verdict, ok, failed bool) {
		keys := p.account.credentialsOf(u)
		i := slices.IndexFunc(keys, func(c *WebAuthnCredential) bool { return c.Key == key })
		if i < 0 || !p.touching {
			p.say(sayNoTouch)
			return v, false, false
		}
		keys[i].LastUsed = x.now
		return verdict{event: "authentication", factor: "webauthn_security_key", reason: "user_approved", deviceName: keys[i].name()}, true, false
	}, false)
}

// hangUp ends the push or call that may wait. The caller holds the mutex.
func (p *prompt) hangUp(now time.Time) {
	if p.push != nil {
		p.push.end(AnswerCancelled, now)
	}
	p.push, p.touching, p.message, p.bad = nil, false, "", false
}
