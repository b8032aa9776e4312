package model_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
)

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}

// keyOf is the key under which a code is stored: its prefix in small letters,
// the rest in capitals and without hyphens.
func keyOf(value string) token.Key {
	prefix, body, _ := strings.Cut(value, "-")
	return sha256.Sum256([]byte(prefix + "-" + strings.ReplaceAll(body, "-", "")))
}

func (m *model) addUser(p *person) error {
	_, err := m.server.directory.Add(m.t.Context(), primary.NewUser{Username: p.name, Role: primary.RoleUser, Password: secret.New(p.password)})
	return err
}

func (m *model) numberOf(rt *rapid.T, p *person) int {
	if m.engine != nil {
		return m.engine.numbers[p.name]
	}
	u, _, err := m.disk.users.Find(m.t.Context(), p.name)
	if err != nil {
		rt.Fatal(err)
	}
	return u.ID
}

// change changes an account the way the command does: on the trail first, then
// the account, then what rests on it.
func (m *model) change(ctx context.Context, name audit.Name, p *person, do func() error) error {
	if err := m.book.Record(ctx, audit.Event{Name: name, Outcome: audit.OK, Username: p.name, Actor: "root"}); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	_, err := m.server.sessions.EndUser(ctx, p.name, string(name))
	return err
}

// disable shuts an account and reports whether that was acknowledged.
func (m *model) disablePerson(p *person) bool {
	ctx := m.t.Context()
	if m.engine != nil {
		m.engine.drop(p.name)
		p.dropped = true
		m.castAdrift(p)
		p.disabled = true
		return true
	}
	err := m.change(ctx, audit.UserDisabled, p, func() error {
		_, err := m.server.directory.Disable(ctx, p.name)
		if err == nil {
			_, err = m.server.tokens.RevokeUser(ctx, p.name, "root", "disabled")
		}
		return err
	})
	return err == nil && !m.gate.isDead()
}

func (e *engineFake) drop(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.passwords, name)
	for cookie, who := range e.sessions {
		if who == name {
			delete(e.sessions, cookie)
		}
	}
}

// castAdrift marks what carries a session that the engine has forgotten.
func (m *model) castAdrift(p *person) {
	for _, h := range m.sessions {
		if h.user == p.name && !h.page && h.token == "" {
			h.adrift = true
		}
	}
	for _, l := range m.logins {
		l.adrift = l.adrift || l.user == p
	}
	for _, c := range m.papers {
		c.adrift = c.adrift || c.user == p
	}
}

func (m *model) setPassword(p *person, password string) bool {
	ctx := m.t.Context()
	if m.engine != nil {
		return false
	}
	err := m.change(ctx, audit.UserPassword, p, func() error {
		_, err := m.server.directory.SetPassword(ctx, p.name, secret.New(password))
		return err
	})
	return err == nil && !m.gate.isDead()
}

// disable shuts an account under a plan.
func (m *model) disable(rt *rapid.T) {
	m.step("disable")
	p := m.person(rt)
	m.administer(rt, p, "", func() bool { return m.disablePerson(p) })
}

func (m *model) passwd(rt *rapid.T) {
	m.step("password")
	if m.engine != nil {
		rt.Skip("passwords are the engine's")
	}
	p := m.person(rt)
	fresh := "Geheimnis-von-" + p.name + "-" + strconv.Itoa(m.counts["password"])
	m.secrets.add("a password", fresh)
	m.administer(rt, p, fresh, func() bool { return m.setPassword(p, fresh) })
}

// administer changes an account under a plan, and takes over what came of it.
// What was acknowledged has ended the sessions of the user (invariant I7).
func (m *model) administer(rt *rapid.T, p *person, fresh string, do func() bool) {
	m.gate.begin(drawPlan(rt))
	done := do()
	fired, where := m.gate.end()
	m.settled(rt, outcome{fired: fired})
	if fired == nothing && !done {
		rt.Fatalf("the account of %s could not be changed", p.name)
	}
	m.changedBy(rt, p, fresh, done)
	if done {
		return
	}
	m.resolve(rt, nil, nil, m.ofUser(p.name))
	_ = where
}

// changedBy reads the account, and ends in the model what an acknowledged
// change has ended.
func (m *model) changedBy(rt *rapid.T, p *person, fresh string, done bool) {
	if m.engine != nil {
		return
	}
	u, hash, err := m.disk.users.Find(m.t.Context(), p.name)
	if err != nil {
		rt.Fatal(err)
	}
	p.disabled = u.Disabled
	if fresh != "" && hash == "h:"+fresh {
		p.password, p.changed = fresh, u.PasswordChangedAt
	}
	for _, k := range m.keys {
		if k.user == p {
			m.resolveToken(rt, k)
		}
	}
	if !done {
		return
	}
	if fresh == "" && !p.disabled || fresh != "" && p.password != fresh {
		rt.Fatalf("I7: a change to the account of %s was acknowledged and is not there", p.name)
	}
	for _, h := range m.ofUser(p.name) {
		if !h.over {
			h.over, h.cause = true, "all sessions of its user were ended"
		}
	}
}

// enable opens an account again.
func (m *model) enable(rt *rapid.T) {
	m.step("enable")
	p := m.person(rt)
	if !p.disabled {
		rt.Skip("it is open")
	}
	p.disabled = false
	if m.engine != nil {
		m.engine.mu.Lock()
		m.engine.passwords[p.name] = p.password
		m.engine.mu.Unlock()
		return
	}
	if _, err := m.server.directory.Enable(m.t.Context(), p.name); err != nil {
		rt.Fatal(err)
	}
}

// logout ends a session by its user.
func (m *model) logout(rt *rapid.T) {
	m.step("logout")
	m.logoutOf(rt, pick(rt, "session", m.withID(false)), drawPlan(rt))
}

func (m *model) logoutOf(rt *rapid.T, h *held, p plan) bool {
	path := rapid.SampledFrom([]string{"/api/users/_logout", "/api/4.5.2/users/_logout", "/api/users/_inactivityLogout"}).Draw(rt, "path")
	o := m.try(rt, p, call{method: "POST", path: path, from: addresses[0], cookies: map[string]string{apiCookie: h.id}})
	return m.loggedOut(rt, h, o, http.StatusNoContent)
}

// loggedOut judges the answer to a logout.
func (m *model) loggedOut(rt *rapid.T, h *held, o outcome, yes int) bool {
	acknowledged := o.status == yes && !o.dead()
	if o.clean() && o.status != yes && !h.over {
		rt.Fatalf("the logout of %s = %d", h.user, o.status)
	}
	recorded := m.book.has(audit.Event{Name: audit.SessionEnded, Session: h.key.Handle(), Reason: session.ReasonLogout})
	m.settled(rt, o)
	switch {
	case h.over:
		if !h.page && acknowledged {
			rt.Fatalf("I7: the logout of a session that is over (%s) = %d", h.cause, o.status)
		}
		return false
	case acknowledged:
		h.over, h.cause = true, "its user had logged out"
		if !recorded && o.clean() {
			rt.Fatalf("I8: the logout of %s is acknowledged, and it is not on the trail", h.user)
		}
	case !o.clean():
		m.resolve(rt, nil, nil, []*held{h})
	}
	return acknowledged
}

// revoke ends one session, all of a user, or those begun before a moment, by
// an administrator.
func (m *model) revoke(rt *rapid.T) {
	m.step("revoke")
	h := pick(rt, "session", m.sessions)
	touched := []*held{h}
	one := false
	var err error
	which := rapid.SampledFrom([]string{"one", "one", "user", "user before", "before"}).Draw(rt, "which")
	before := m.high.Add(-rapid.SampledFrom([]time.Duration{61 * time.Second, 10 * time.Minute, time.Hour}).Draw(rt, "before"))
	m.gate.begin(drawPlan(rt))
	switch which {
	case "one":
		one = true
		_, err = m.server.sessions.Revoke(m.t.Context(), h.key, "model")
	case "user":
		touched = m.ofUser(h.user)
		_, err = m.server.sessions.EndUser(m.t.Context(), h.user, "model")
	case "user before":
		touched = begunBefore(m.ofUser(h.user), before)
		_, err = m.server.sessions.EndAll(m.t.Context(), h.user, before, "model")
	default:
		touched = begunBefore(m.sessions, before)
		_, err = m.server.sessions.EndAll(m.t.Context(), "", before, "model")
	}
	fired, where := m.gate.end()
	dead := m.gate.isDead()
	m.settled(rt, outcome{fired: fired})
	switch {
	case err == nil && !dead:
		for _, v := range touched {
			if !v.over {
				v.over, v.cause = true, "an administrator had revoked it"
				if !m.book.has(audit.Event{Name: audit.SessionRevoked, Session: v.key.Handle()}) {
					rt.Fatalf("I8: the session %s was revoked, and it is not on the trail (%s)", v.key.Handle(), where)
				}
			}
		}
	case fired != nothing:
		m.resolve(rt, nil, nil, touched)
	case one && h.over && errors.Is(err, session.ErrNotFound):
	default:
		rt.Fatalf("revoking a session of %s (over: %t) = %v", h.user, h.over, err)
	}
}

func begunBefore(all []*held, before time.Time) []*held {
	var early []*held
	for _, h := range all {
		if h.createdAt.Before(before) {
			early = append(early, h)
		}
	}
	return early
}

// restart kills the process, if it still lives, and starts another.
func (m *model) restart(rt *rapid.T) {
	m.counts["restart"]++
	m.server.stop(true)
	m.start(rt)
}

func (m *model) start(rt *rapid.T) {
	m.gate.revive()
	if m.reopen != nil {
		m.reopen()
	} else if back := m.high.Sub(m.clock.Now()); back > 0 {
		m.clock.add(back) // memory knows no guard against clocks
	}
	m.server = m.open(m.t)
	m.high = m.clock.Now()
	m.server.sessions.HighWater()
	for _, p := range m.people {
		p.wrongGlass, p.unanswered = 0, 0
	}
	if err := m.server.recover(m.t.Context()); err != nil {
		rt.Fatalf("recover = %v", err)
	}
	if m.engine != nil {
		for _, c := range m.papers {
			c.adrift = true
		}
		m.resolve(rt, nil, m.logins, nil)
		for _, l := range m.logins {
			if l.live() {
				rt.Fatalf("T013: login %s lives on over a restart with what it carries", handleOf(l.state))
			}
		}
	}
	m.expire()
}

// crash is a restart at a quiet moment.
func (m *model) crash(rt *rapid.T) {
	m.step("crash")
	if rapid.IntRange(0, 2).Draw(rt, "luck") > 0 {
		rt.Skip("it lives")
	}
	m.restart(rt)
}

// wait lets time pass, or sets the clock back.
func (m *model) wait(rt *rapid.T) {
	m.step("clock")
	d := time.Duration(rapid.SampledFrom([]int{1, 10, 45, 119, 300, 601, 1500, 1801, 4000, -1, -30, -50}).Draw(rt, "seconds")) * time.Second
	if d < 0 && m.reopen != nil {
		return // the file has a guard of its own, which ends all that lives
	}
	m.move(d)
}

// tidy does the server's duties.
func (m *model) tidy(rt *rapid.T) {
	m.step("sweep")
	m.gate.begin(drawPlan(rt))
	err := m.server.sweep(m.t.Context())
	fired, _ := m.gate.end()
	m.settled(rt, outcome{fired: fired})
	if fired == nothing && err != nil {
		rt.Fatalf("sweep = %v", err)
	}
	// What was swept has ended; nothing that lives may be.
	for _, l := range m.logins {
		if _, err := m.disk.txs.Find(m.t.Context(), mfa.KeyOf(l.state)); errors.Is(err, mfa.ErrUnknownState) {
			if l.live() && !m.expired(l) {
				rt.Fatalf("a login of %s was swept away alive", l.user.name)
			}
			l.phase = mfa.Burned
		}
	}
}

// moods lets Duo and phones change their minds.
func (m *model) moods(rt *rapid.T) {
	m.step("moods")
	m.answer = rapid.SampledFrom([]string{approves, approves, approves, denies, bypasses, cutOff, notSent}).Draw(rt, "duo")
	m.phone = rapid.SampledFrom([]string{approves, approves, denies, bypasses, cutOff}).Draw(rt, "phone")
}
