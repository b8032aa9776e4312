package duotest

import (
	"net/url"
	"slices"
	"strings"
)

// maxPushInfo is how long pushinfo may be.
const maxPushInfo = 20_000

// subject finds the user that a call is about by username or user_id, of which
// there must be one. An unknown username gives nil and no error.
func (c *apiCall) subject() (*user, error) {
	name, id := c.text("username"), c.text("user_id")
	switch {
	case (name == "") == (id == ""):
		return nil, errInvalid("username")
	case name != "":
		return c.account.find(name), nil
	}
	if u := c.account.users.get(id); u != nil {
		return u, nil
	}
	return nil, errInvalid("user_id")
}

// subjectName is what the user was called by.
func (c *apiCall) subjectName(u *user) string {
	if name := c.text("username"); name != "" {
		return name
	}
	return u.name
}

// authAuth is POST /auth/v2/auth.
func (s *Server) authAuth(c *apiCall) (any, error) {
	async, err := c.flag("async", false)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	t, err := s.startAuth(c)
	if err == nil && async {
		s.sweep(c.now)
		s.transactions[t.login.txid] = t
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case async:
		return fields{"txid": t.login.txid}, nil
	}
	s.await(c.r.Context(), t, (*transaction).over)
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.response(t.last()), nil
}

// authStatus is GET /auth/v2/auth_status, which tells one state after the other
// and waits for the next one. The last one ends the transaction.
func (s *Server) authStatus(c *apiCall) (any, error) {
	id, err := c.required("txid")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	t := s.transactions[id]
	s.mu.Unlock()
	if t == nil || t.account != c.account || t.integration.Key != c.integration.Key {
		return nil, errInvalid("txid")
	}
	s.await(c.r.Context(), t, func(t *transaction) bool { return t.seen < len(t.states) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transactions[id] != t {
		return nil, errInvalid("txid") // another poll had the last state
	}
	state := t.states[min(t.seen, len(t.states)-1)]
	t.seen++
	if state.result != "waiting" {
		delete(s.transactions, id)
	}
	out := t.response(state)
	out["auth_delayed"] = false
	return out, nil
}

// startAuth begins a login; its first states are there when it returns. The
// caller holds the mutex.
func (s *Server) startAuth(c *apiCall) (*transaction, error) {
	u, err := c.subject()
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, errInvalid("username")
	}
	factor, passcode, err := c.factor()
	if err != nil {
		return nil, err
	}
	t := &transaction{
		account: c.account, integration: c.integration, userID: u.id,
		deadline: c.now.Add(pushLife), changed: make(chan struct{}),
		login: login{
			txid: newUUID(), key: c.integration.Key, application: c.integration.Name, username: c.subjectName(u),
			access: accessDevice{ip: c.text("ipaddr"), browser: "Unknown", os: "Unknown"},
		},
	}
	st, reason := s.preauth(c.account, c.integration.Key, u.name)
	v := verdict{event: "authentication", factor: "not_available", reason: reason}
	switch {
	case st == standingAllow:
		t.conclude(authState{"allow", allowStatus(reason), textAllowed}, v, c.now)
	case reason == "locked_out":
		t.conclude(authState{"deny", "locked_out", textLockedOut}, v, c.now)
	case st == standingDeny:
		t.conclude(authState{"deny", "deny", blockedTexts[reason]}, v, c.now)
	case factor == "passcode":
		s.tryPasscode(c, t, u, passcode)
	default:
		return t, s.askDevice(c, t, u, factor)
	}
	return t, nil
}

func allowStatus(reason string) string {
	if reason == "bypass_user" {
		return "bypass"
	}
	return "allow"
}

// factor reads what is asked for. duo_unix sends prompt, with one of the words
// of preauth's text or a passcode.
func (c *apiCall) factor() (factor, passcode string, err error) {
	if _, err := c.required("factor"); err != nil {
		return "", "", err
	}
	factor, err = c.oneOf("factor", "", "auto", "push", "passcode", "sms", "phone", "prompt")
	if err != nil {
		return "", "", err
	}
	switch factor {
	case "passcode":
		passcode, err = c.required("passcode")
		return factor, passcode, err
	case "prompt":
		choice, err := c.required("prompt")
		if err != nil {
			return "", "", err
		}
		word := strings.TrimRight(choice, digits)
		kind, known := map[string]string{
			"push": "push", "verified_push": "push", "voice": "phone", "phone": "phone", "smsrefresh": "sms", "sms": "sms", "auto": "auto",
		}[word]
		if !known {
			return "passcode", choice, nil
		}
		c.params.Set("device", "auto")
		return kind, "", nil
	}
	_, err = c.required("device")
	return factor, "", err
}

// tryPasscode takes what a phone or token shows, or a bypass code.
func (s *Server) tryPasscode(c *apiCall, t *transaction, u *user, code string) {
	code = strings.ReplaceAll(code, " ", "")
	v, ok := c.account.spend(u, code, c.now)
	if ok {
		t.conclude(authState{"allow", "allow", textAllowed}, v, c.now)
		return
	}
	c.account.failed(u, c.now)
	t.conclude(authState{"deny", "deny", textPasscode}, v, c.now)
}

// device finds the device that a factor goes to.
func (c *apiCall) device(u *user, capability string) (*phone, error) {
	devices := c.account.devices(u)
	if id := c.text("device"); id != "auto" {
		i := slices.IndexFunc(devices, func(p *phone) bool { return p.ID == id })
		if i < 0 {
			return nil, errInvalid("device")
		}
		devices = devices[i : i+1]
	}
	for _, p := range devices {
		if slices.Contains(p.capabilities(), capability) {
			return p, nil
		}
	}
	return nil, errInvalid("no capable device")
}

// askDevice sends a push, calls, or sends passcodes.
func (s *Server) askDevice(c *apiCall, t *transaction, u *user, factor string) error {
	p, err := c.device(u, factor)
	if err != nil {
		return err
	}
	if factor == "auto" {
		factor = "sms"
		for _, capability := range []string{"phone", "push"} {
			if slices.Contains(p.capabilities(), capability) {
				factor = capability
			}
		}
	}
	if factor == "sms" {
		p.smsSent = true
		c.account.charge(c.now, t.login.txid, "authentication", "sms", p.Number)
		view := p.snapshot()
		v := verdict{event: "authentication", factor: "sms_refresh", reason: "user_cancelled", device: &view}
		t.conclude(authState{"deny", "sent", textSent}, v, c.now)
		return nil
	}
	return s.ringFor(c, t, u, p, factor == "phone")
}

// ringFor makes a phone ring for a login and lets an automatic mode answer.
func (s *Server) ringFor(c *apiCall, t *transaction, u *user, p *phone, call bool) error {
	info, err := c.pushInfo()
	if err != nil {
		return err
	}
	code := ""
	if id := c.text("txid"); id != "" && !call {
		offer := c.account.offers[id]
		if offer.userID != u.id || !c.now.Before(offer.expires) {
			return errInvalid("txid")
		}
		delete(c.account.offers, id)
		t.login.txid, code = id, offer.code
	}
	shown, kind := c.text("display_username"), c.text("type")
	if shown == "" {
		shown = t.login.username
	}
	if kind == "" {
		kind = "Login"
	}
	mode := s.modeFor(c.account, u.name)
	if mode == Timeout {
		t.deadline = c.now.Add(s.config.AutoTimeout)
	}
	t.push = &push{
		Push: Push{
			ID: t.login.txid, Username: shown, Application: c.integration.Name, Type: kind, Phone: p.snapshot(), Info: info,
			IP: c.text("ipaddr"), Code: code, Call: call, At: c.now,
		},
		account: c.account, userID: u.id, expires: t.deadline,
		told: func(a Answer) { t.answered(a, s.now()) },
	}
	switch {
	case call:
		c.account.charge(c.now, t.login.txid, "authentication", "phone", p.Number)
		t.add(authState{"waiting", "calling", "Dialing " + masked(p.Number) + "..."})
	case c.faults.FailedPush:
		t.add(authState{"waiting", "push_failed", textUndone})
		return nil
	default:
		t.add(authState{"waiting", "pushed", textPushed})
	}
	s.ring(t.push)
	switch mode {
	case Approve:
		t.push.end(AnswerApprove, c.now)
	case Deny:
		t.push.end(AnswerDeny, c.now)
	default:
	}
	return nil
}

// pushInfo reads pushinfo, which some clients encode twice.
func (c *apiCall) pushInfo() ([][2]string, error) {
	text := c.text("pushinfo")
	if len(text) >= maxPushInfo {
		return nil, errInvalid("pushinfo")
	}
	if !strings.Contains(text, "=") {
		if again, err := url.QueryUnescape(text); err == nil {
			text = again
		}
	}
	info, err := pairs(text)
	if err != nil {
		return nil, errInvalid("pushinfo")
	}
	return info, nil
}
