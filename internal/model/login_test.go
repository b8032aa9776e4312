package model_test

import (
	"net/http"
	"net/url"
	"slices"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
)

// outcome is what came of a request that may have come to grief.
type outcome struct {
	*answer
	fired mishap
	where string
}

// clean: nothing went wrong, so the answer is exactly the one of the rules.
func (o outcome) clean() bool { return o.fired == nothing }

// dead: the client never saw the answer.
func (o outcome) dead() bool { return o.fired == killed || o.fired == killedAfter }

// mayLeave reports whether a session may be left that nobody was given: the
// process died over it, or the store went away and could not take it back.
func (o outcome) mayLeave() bool { return o.dead() || o.fired == down || o.fired == meanwhile }

// try makes a request under a plan.
func (m *model) try(rt *rapid.T, p plan, c call) outcome {
	m.gate.begin(p)
	a := m.send(rt, c)
	fired, where := m.gate.end()
	if fired != nothing {
		m.counts["mishap: "+string(fired)]++
	}
	m.last = outcome{answer: a, fired: fired, where: where}
	return m.last
}

// settled starts a new process when the old one has died.
func (m *model) settled(rt *rapid.T, o outcome) {
	if o.dead() {
		m.restart(rt)
	}
}

// first is the first call of a login.
func (m *model) first(rt *rapid.T) {
	m.step("first call")
	p, from := m.person(rt), rapid.SampledFrom(addresses).Draw(rt, "from")
	c := call{
		method: "POST", path: loginPath, from: from, cookies: map[string]string{},
		header: map[string]string{"X-Mirth-Server-Url": public},
		form:   url.Values{"username": {p.name}, "password": {p.password}},
	}
	right := !p.disabled
	switch rapid.SampledFrom([]string{"", "", "", "", "wrong", "another's", "empty", "stranger", "no url"}).Draw(rt, "wrong") {
	case "wrong":
		c.form.Set("password", "Geheimnis-ist-falsch")
		right = false
	case "another's":
		other := m.person(rt)
		c.form.Set("password", other.password)
		right = right && other == p
	case "empty":
		c.form.Set("password", "")
		right = false
	case "stranger":
		c.form.Set("username", "mallory")
		right = false
	case "no url":
		if p.name != "paula" { // whose phone rings then
			delete(c.header, "X-Mirth-Server-Url")
			right = false
		}
	}
	reused := m.presentBinding(rt, c.cookies)
	carried := m.presentSession(rt, c.cookies)
	if p.name == "svc" && exemptFrom(from) {
		m.exemptCall(rt, p, c, carried)
		return
	}
	o := m.try(rt, drawPlan(rt), c)
	m.begun(rt, o, beginning{user: p, from: from, right: right, reused: reused, redirect: public + callbackPath})
}

func exemptFrom(addr string) bool { return addr == addresses[0] }

// presentBinding may send along the binding of an earlier login.
func (m *model) presentBinding(rt *rapid.T, cookies map[string]string) *login {
	if len(m.logins) == 0 || rapid.IntRange(0, 3).Draw(rt, "binding") > 0 {
		return nil
	}
	l := pick(rt, "login of the binding", m.logins)
	if l.binding == "" {
		return nil
	}
	cookies[bindingCookie] = l.binding
	return l
}

// presentSession may send along the cookie of a session.
func (m *model) presentSession(rt *rapid.T, cookies map[string]string) *held {
	all := m.withID(false)
	if len(all) == 0 || rapid.IntRange(0, 3).Draw(rt, "session") > 0 {
		return nil
	}
	h := pick(rt, "session carried", all)
	cookies[apiCookie] = h.id
	return h
}

// beginning is what is known of a first call.
type beginning struct {
	user     *person
	from     string
	right    bool
	reused   *login // whose binding came along
	portal   bool
	redirect string
}

// begun judges the answer to a first call and adds the login that it began.
func (m *model) begun(rt *rapid.T, o outcome, b beginning) {
	made := m.duo.since(m.prompts)
	m.prompts += len(made)
	mine := m.pendingOf(b.user, b.from)
	authURL, binding := element(o.body, "authURL"), o.cookie(bindingCookie)
	if b.portal {
		authURL, binding = firstMatch(onward, o.header.Get("Refresh")), o.cookie(pageBinding)
	}
	told := authURL != ""
	if id := o.cookie(apiCookie); id != "" {
		rt.Fatalf("T030: a first call was given a session")
	}
	room := len(mine) < perClient || slices.ContainsFunc(mine, func(l *login) bool { return l.phase == mfa.Pending })
	if o.clean() && told != (b.right && room) || told && !b.right || len(made) > 1 || told && len(made) != 1 {
		rt.Fatalf("first call of %s from %s (right: %t) = %d, challenge: %t, prompts: %d\n%s", b.user.name, b.from, b.right, o.status, told, len(made), o.body)
	}
	var fresh *login
	if len(made) == 1 {
		fresh = &login{
			user: b.user, addr: b.from, state: made[0].State, redirect: b.redirect,
			begunAt: m.clock.Now(), phase: mfa.Pending, sessions: make(map[bool]int),
		}
		m.secrets.add("a state", made[0].State)
		m.secrets.add("a nonce", made[0].Nonce)
		m.secrets.add("a code", codeOf(made[0].State))
	}
	if told && !o.dead() {
		m.judgeBinding(rt, b, binding)
		fresh.binding = binding
		m.secrets.add("a binding", binding)
		if stateIn(authURL) != fresh.state || fresh.redirect != made[0].RedirectURI {
			rt.Fatalf("the challenge of %s is not that of its prompt: %s", b.user.name, authURL)
		}
		if !m.book.has(audit.Event{Name: audit.ChallengeIssued, Username: b.user.name, Transaction: handleOf(fresh.state)}) {
			rt.Fatalf("I8: the challenge of %s is not on the trail", b.user.name)
		}
	}
	m.settled(rt, o)
	if fresh != nil {
		m.logins = append(m.logins, fresh)
	}
	if o.clean() {
		if fresh != nil && len(mine) >= perClient {
			m.oldest(mine).phase = mfa.Burned
		}
		return
	}
	if fresh != nil {
		mine = append(mine, fresh)
	}
	m.resolve(rt, nil, mine, nil)
	if fresh != nil && !told {
		fresh.adrift = m.engine != nil // what it carries was released
	}
	if told && !o.dead() && fresh.phase != mfa.Pending {
		rt.Fatalf("the challenge of %s was given out, and its login is %s (%s)", b.user.name, fresh.phase, o.where)
	}
}

// judgeBinding: a binding is used again for another login of the same user
// from the same address, and only for that.
func (m *model) judgeBinding(rt *rapid.T, b beginning, got string) {
	again := b.reused != nil && slices.ContainsFunc(m.logins, func(l *login) bool {
		return l.binding == b.reused.binding && l.user == b.user && l.addr == b.from && l.live() && !m.expired(l)
	})
	if got == "" || again != (b.reused != nil && got == b.reused.binding) {
		rt.Fatalf("T031: the binding of %s from %s is the one presented: %t, want %t", b.user.name, b.from, !again, again)
	}
}

// pendingOf are the live logins of a user from an address.
func (m *model) pendingOf(p *person, from string) []*login {
	var all []*login
	now := m.clock.Now()
	for _, l := range m.logins {
		if l.user == p && l.addr == from && l.live() && now.Before(l.begunAt.Add(lifetime)) {
			all = append(all, l)
		}
	}
	return all
}

func (m *model) oldest(all []*login) *login {
	var first *login
	for _, l := range all {
		if l.phase == mfa.Pending && (first == nil || l.begunAt.Before(first.begunAt)) {
			first = l
		}
	}
	return first
}

// The outcomes of a second call.
const (
	leaves = "nothing changes"
	miss   = "a miss"
	ends   = "the login ends"
	asks   = "Duo is asked"
)

// second is the second call, right or with something wrong in it.
func (m *model) second(rt *rapid.T) {
	m.step("second call")
	l, other := pick(rt, "login", m.logins), pick(rt, "other login", m.logins)
	form, header, status, code, state, redirect := l.user.name, l.user.name, "SUCCESS", codeOf(l.state), l.state, l.redirect
	wrong := rapid.SampledFrom([]string{"", "", "", "", "form", "header", "both", "status", "redirect", "code", "old code", "state", "other state"}).Draw(rt, "wrong")
	c := call{method: "POST", path: loginPath, from: rapid.SampledFrom([]string{l.addr, l.addr, addresses[1]}).Draw(rt, "from"), cookies: map[string]string{}, header: map[string]string{}}
	switch wrong {
	case "form":
		form = "mallory"
	case "header":
		header = "mallory"
	case "both":
		form, header = other.user.name, other.user.name
	case "status":
		status = "SUCCESS_GRACE_PERIOD"
	case "redirect":
		redirect = public + "/api/4.5.1/extensions/mfa/duocallback"
	case "code":
		code = codeOf(other.state)
	case "old code":
		code = "Code-nobody-" + l.state[:8]
	case "state":
		state = "0123456789abcdef0123456789abcdef0123"
	case "other state":
		state, redirect = other.state, other.redirect
	}
	c.form = url.Values{"username": {form}, "password": {rapid.SampledFrom([]string{"", "", l.user.password}).Draw(rt, "password")}}
	c.header["X-Mirth-Login-Data"] = loginData(header, status, code, state, redirect)
	if rapid.Bool().Draw(rt, "bound") && l.binding != "" {
		c.cookies[bindingCookie] = l.binding
	}
	carried := m.presentSession(rt, c.cookies)
	s := seconds{by: l, form: form, header: header, status: status, code: code, state: state, redirect: redirect, from: c.from, binding: c.cookies[bindingCookie]}
	m.redeem(rt, s, c, carried, false)
}

// seconds is what a second call says.
type seconds struct {
	by                                          *login
	form, header, status, code, state, redirect string
	from, binding                               string
}

// target is the login that a second call means.
func (m *model) target(s seconds) *login {
	i := slices.IndexFunc(m.logins, func(l *login) bool { return l.state == s.state })
	if i < 0 {
		return nil
	}
	return m.logins[i]
}

// expect says by the rules what a second call does to its target.
func (m *model) expect(l *login, s seconds) string {
	bound := func() bool { return s.from == l.addr || l.binding != "" && s.binding == l.binding }
	switch {
	case l == nil || l.phase != mfa.Pending:
		return leaves
	case m.expired(l):
		return ends
	case !bound():
		return leaves
	case s.form != l.user.name || s.header != l.user.name || s.status != "SUCCESS" || s.redirect != l.redirect:
		return miss
	case m.changed(l.user, l.begunAt):
		return ends
	case m.clock.Now().Before(m.spent[s.code]) && l.unsent != s.code:
		return ends
	default:
		return asks
	}
}

// redeem makes a second call, of a client or, with page set, of the portal's
// callback, and judges what comes of it.
func (m *model) redeem(rt *rapid.T, s seconds, c call, carried *held, page bool) {
	l := m.target(s)
	want := m.expect(l, s)
	if l != nil && isPortal(l) != page {
		want = leaves
	}
	mine := l != nil && s.code == codeOf(l.state)
	may := want == asks && m.answer == approves && mine && !l.adrift
	p := drawPlan(rt)
	var meant string
	if p.mishap == nothing && want == asks {
		p, meant = m.drawMeanwhile(rt, l, carried, c)
	}
	before := m.duo.exchanges()
	m.duo.set(m.answer, m.phone)
	o := m.try(rt, p, c)
	asked := m.duo.exchanges() > before
	name := apiCookie
	if page {
		name = pageCookie
	}
	id := o.cookie(name)
	if id != "" && !may {
		rt.Fatalf("I1: the second call %+v from login %s of %s let somebody in: %d (%s, Duo: %s)", s, handleOf(s.by.state), s.by.user.name, o.status, want, m.answer)
	}
	if o.clean() {
		if vague := m.vague[s.code]; (asked != (want == asks && m.answer != notSent)) && !vague {
			rt.Fatalf("Duo asked: %t, want %q: %d %s", asked, want, o.status, o.body)
		}
		if (id != "") != may && !m.vague[s.code] {
			rt.Fatalf("the second call %+v = %d %s, want a session: %t (%s, %s)", s, o.status, o.body, may, want, m.answer)
		}
	}
	m.settled(rt, o)
	h := held{page: page}
	if l != nil {
		h.user, h.handle = l.user.name, handleOf(l.state)
	}
	if id != "" && !o.dead() {
		m.letIn(rt, h, id, carried, o)
	}
	m.afterSecond(rt, o, l, s, want, asked, id != "" && !o.dead(), h, carried, may)
	m.judgeMeanwhile(rt, meant, o, l, id)
}

func isPortal(l *login) bool { return l.redirect != public+callbackPath }

// letIn adds the session of an answer and looks for the story that has to be
// on the trail before it (invariants I1 and I8).
func (m *model) letIn(rt *rapid.T, h held, id string, carried *held, o outcome) {
	m.counts["let in"]++
	// Who is signed in at the portal stays so when the code for his client
	// cannot be made.
	noCode := h.page && !o.clean() && o.status == http.StatusServiceUnavailable
	if o.status != http.StatusOK && o.status != http.StatusSeeOther && !noCode {
		rt.Fatalf("I4: an answer %d has a session", o.status)
	}
	if who := element(o.body, "updatedUsername"); !h.page && who != h.user {
		rt.Fatalf("I3: the answer to %s lets %s in", h.user, who)
	}
	m.grant(rt, h, id, carried)
	handle := session.KeyOf(id).Handle()
	for _, e := range m.story(h, handle) {
		if !m.book.has(e) {
			rt.Fatalf("I8: the session %s of %s is given, and %s is not on the trail", handle, h.user, e.Name)
		}
	}
}

func (m *model) story(h held, handle string) []audit.Event {
	all := []audit.Event{{Name: audit.SessionStarted, Outcome: audit.OK, Username: h.user, Session: handle, Transaction: h.handle}}
	if h.token != "" {
		return append(all, audit.Event{Name: audit.TokenUsed, Username: h.user})
	}
	all = append(all, audit.Event{Name: audit.PrimaryOK, Username: h.user})
	if h.handle != "" {
		all = append(all, audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK, Username: h.user, Transaction: h.handle})
	}
	return all
}

// afterSecond does to the model what the second call did.
func (m *model) afterSecond(rt *rapid.T, o outcome, l *login, s seconds, want string, asked, in bool, h held, carried *held, may bool) {
	if l == nil {
		return
	}
	siblings := m.siblings(l)
	l.asked = l.asked || asked
	if !o.clean() || m.vague[s.code] {
		var left *held
		if may && !in && o.mayLeave() {
			left = &h
		}
		touched := m.ofUser(l.user.name)
		if carried != nil {
			touched = append(touched, carried)
		}
		m.resolve(rt, left, append(siblings, l), touched)
		m.spentMaybe(s.code, want, asked)
		if in && l.phase != mfa.Redeemed {
			rt.Fatalf("I2: login %s of %s is %s after it let him in", handleOf(l.state), l.user.name, l.phase)
		}
		return
	}
	switch want {
	case miss:
		if l.misses++; l.misses == 3 {
			l.phase = mfa.Burned
		}
	case ends:
		l.phase = mfa.Burned
	case asks:
		m.spent[s.code] = laterOf(m.spent[s.code], m.clock.Now().Add(lifetime))
		if m.answer == notSent {
			l.unsent = s.code
			return
		}
		l.phase = mfa.Burned
		if in {
			l.phase = mfa.Redeemed
			for _, b := range siblings {
				b.phase = mfa.Burned
			}
		}
	}
}

// spentMaybe notes that a code may be spent.
func (m *model) spentMaybe(code, want string, asked bool) {
	if want != asks {
		return
	}
	if asked {
		m.spent[code] = laterOf(m.spent[code], m.clock.Now().Add(lifetime))
		return
	}
	m.vague[code] = true
}
