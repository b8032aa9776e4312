package model_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
	"mfaserver/session"
)

// one is a login within one call: it is let in exactly when may says so.
func (m *model) one(rt *rapid.T, p plan, c call, h held, may bool, carried *held, needs ...audit.Name) outcome {
	o := m.try(rt, p, c)
	id := o.cookie(apiCookie)
	if id != "" && !may {
		rt.Fatalf("I1: a login in one call %v let %s in: %d", c.form, h.user, o.status)
	}
	if o.clean() && (id != "") != may {
		rt.Fatalf("a login in one call %v = %d %s, want a session: %t", c.form, o.status, o.body, may)
	}
	m.settled(rt, o)
	in := id != "" && !o.dead()
	if in {
		m.letIn(rt, h, id, carried, o)
		for _, name := range needs {
			if !m.book.has(audit.Event{Name: name, Username: h.user}) {
				rt.Fatalf("I8: %s is let in, and %s is not on the trail", h.user, name)
			}
		}
	}
	if !o.clean() {
		var left *held
		if may && !in && o.mayLeave() {
			left = &h
		}
		touched := m.ofUser(h.user)
		if carried != nil {
			touched = append(touched, carried)
		}
		m.resolve(rt, left, nil, touched)
	}
	return o
}

// exemptCall is the login of the exempt user from his network.
func (m *model) exemptCall(rt *rapid.T, p *person, c call, carried *held) {
	right := c.form.Get("username") == p.name && c.form.Get("password") == p.password && !p.disabled && !m.changed(p, m.clock.Now())
	if c.form.Get("username") != p.name {
		delete(c.header, "X-Mirth-Server-Url")
	}
	m.one(rt, drawPlan(rt), c, held{user: p.name, exempt: true}, right, carried, audit.MFAExempt)
}

// push is a login whose user is asked on his phone, or has typed a passcode.
func (m *model) push(rt *rapid.T) {
	m.step("push")
	p := m.people[2]
	c := call{method: "POST", path: loginPath, from: rapid.SampledFrom(addresses).Draw(rt, "from"), cookies: map[string]string{}, header: map[string]string{}}
	password := p.password
	right := rapid.IntRange(0, 3).Draw(rt, "wrong") > 0
	if !right {
		password = "Geheimnis-ist-falsch"
	}
	if rapid.Bool().Draw(rt, "passcode") {
		password += ",123456"
	}
	c.form = url.Values{"username": {p.name}, "password": {password}}
	carried := m.presentSession(rt, c.cookies)
	m.duo.set(m.answer, m.phone)
	before := m.duo.phones()
	plan := drawPlan(rt)
	o := m.try(rt, plan, c)
	asked, id := m.duo.phones() > before, o.cookie(apiCookie)
	may := right && asked && m.phone == approves && !m.changed(p, m.clock.Now())
	switch {
	case asked && (!right || p.disabled):
		rt.Fatalf("T037: a wrong password made a phone ring")
	case id != "" && !may, o.clean() && (id != "") != may:
		rt.Fatalf("I1: push of %s (right: %t, asked: %t, phone: %s) = %d %s", p.name, right, asked, m.phone, o.status, o.body)
	case o.clean() && !asked && right && !p.disabled && p.unanswered == 0:
		rt.Fatalf("nobody was asked: %d %s", o.status, o.body)
	case asked && !m.book.has(audit.Event{Name: audit.PrimaryOK, Username: p.name}):
		rt.Fatalf("I8: a phone rang before the password was on the trail")
	}
	if asked && m.phone != approves || !o.clean() {
		p.unanswered++
	}
	m.settled(rt, o)
	h := held{user: p.name}
	if id != "" && !o.dead() {
		m.letIn(rt, h, id, carried, o)
		m.sessions[len(m.sessions)-1].handle = m.transactionOf(rt, id)
	}
	m.afterOne(rt, o, h, may, id, carried)
}

func (m *model) afterOne(rt *rapid.T, o outcome, h held, may bool, id string, carried *held) {
	if o.clean() {
		return
	}
	var left *held
	if may && (id == "" || o.dead()) && o.mayLeave() {
		left = &h
	}
	touched := m.ofUser(h.user)
	if carried != nil {
		touched = append(touched, carried)
	}
	m.resolve(rt, left, nil, touched)
}

// transactionOf is the handle of the login behind a session, by the trail: the
// allowance and the start have to be of the same one.
func (m *model) transactionOf(rt *rapid.T, id string) string {
	for _, e := range m.book.all(0) {
		if e.Name == audit.SessionStarted && e.Session == session.KeyOf(id).Handle() {
			if !m.book.has(audit.Event{Name: audit.MFAAllowed, Username: e.Username, Transaction: e.Transaction}) {
				rt.Fatalf("I8: login %s of %s is nowhere allowed", e.Transaction, e.Username)
			}
			return e.Transaction
		}
	}
	return ""
}

// makeGlass gives somebody break-glass codes, in the place of those he has.
func (m *model) makeGlass(rt *rapid.T) {
	m.step("break-glass made")
	p := m.person(rt)
	m.gate.begin(drawPlan(rt))
	codes, err := m.server.glass.Make(m.t.Context(), p.name, 2, "root", "model")
	fired, _ := m.gate.end()
	if err == nil && !m.gate.isDead() {
		clear(p.glass)
	}
	for _, c := range codes {
		m.secrets.add("a break-glass code", c.Reveal())
		p.glass[c.Reveal()] = true
	}
	if err == nil && !m.book.has(audit.Event{Name: audit.BreakGlassCreated, Username: p.name}) {
		rt.Fatalf("I8: codes of %s were made, and it is not on the trail", p.name)
	}
	m.settled(rt, outcome{fired: fired})
	if fired != nothing {
		m.resolveGlass(rt, p)
	}
}

// resolveGlass asks the store which codes are unspent. None comes back.
func (m *model) resolveGlass(rt *rapid.T, p *person) {
	list, err := m.disk.glass.List(m.t.Context(), p.name)
	if err != nil {
		rt.Fatal(err)
	}
	live := make(map[string]bool)
	for _, r := range list {
		live[r.Key.Handle()] = r.SpentAt.IsZero()
	}
	for value, was := range p.glass {
		now := live[keyOf(value).Handle()]
		if now && !was {
			rt.Fatalf("I7: a break-glass code of %s lives again", p.name)
		}
		p.glass[value] = now
	}
}

// breakGlass is a login with a code from the envelope.
func (m *model) breakGlass(rt *rapid.T) {
	m.step("break-glass")
	p, owner := m.person(rt), m.person(rt)
	if rapid.Bool().Draw(rt, "own") {
		owner = p
	}
	var values []string
	for v := range owner.glass {
		values = append(values, v)
	}
	if len(values) == 0 {
		rt.Skip("no codes")
	}
	value := rapid.SampledFrom(sorted(values)).Draw(rt, "code")
	password := rapid.SampledFrom([]string{p.password, p.password, "Geheimnis-ist-falsch"}).Draw(rt, "password")
	right := password == p.password && !p.disabled
	unchanged := !m.changed(p, m.clock.Now())
	may := right && unchanged && owner == p && p.glass[value] && p.wrongGlass < 5
	c := call{
		method: "POST", path: loginPath, from: rapid.SampledFrom(addresses).Draw(rt, "from"), cookies: map[string]string{},
		form: url.Values{"username": {p.name}, "password": {password + "," + value}},
	}
	if right && unchanged && !may {
		p.wrongGlass++
	}
	if p.wrongGlass >= 5 {
		rt.Skip("the brake is nobody's to foretell")
	}
	carried := m.presentSession(rt, c.cookies)
	o := m.one(rt, drawPlan(rt), c, held{user: p.name}, may, carried, audit.BreakGlassUsed)
	if o.clean() {
		if may {
			p.glass[value] = false
		}
		return
	}
	was := p.glass[value]
	m.resolveGlass(rt, owner)
	if o.cookie(apiCookie) != "" && was && !o.dead() && owner.glass[value] {
		rt.Fatalf("I2: a break-glass code let %s in, and is unspent", p.name)
	}
}

// makeToken makes a service token.
func (m *model) makeToken(rt *rapid.T) {
	m.step("token made")
	p := rapid.SampledFrom([]*person{m.people[3], m.people[0]}).Draw(rt, "user")
	expires := m.clock.Now().Add(rapid.SampledFrom([]time.Duration{time.Hour, 24 * time.Hour}).Draw(rt, "life"))
	m.gate.begin(drawPlan(rt))
	made, value, err := m.server.tokens.Create(m.t.Context(), token.New{
		Name: "deploy", Username: p.name, UserID: m.numberOf(rt, p), Owner: "alice", By: "root", Expires: expires, Credential: secret.New(p.password),
	})
	fired, _ := m.gate.end()
	dead := m.gate.isDead()
	m.settled(rt, outcome{fired: fired})
	if err != nil || dead {
		return
	}
	m.secrets.add("a service token", value.Reveal())
	m.keys = append(m.keys, &key{id: made.ID, value: value.Reveal(), user: p, expires: expires})
	if !m.book.has(audit.Event{Name: audit.TokenCreated, Username: p.name}) {
		rt.Fatalf("I8: a token of %s was made, and it is not on the trail", p.name)
	}
}

// useToken logs in with a token, or calls with it.
func (m *model) useToken(rt *rapid.T) {
	m.step("token used")
	k := pick(rt, "token", m.keys)
	good := !m.tokenOver(k.id)
	from := rapid.SampledFrom(addresses).Draw(rt, "from")
	if rapid.Bool().Draw(rt, "login") {
		name := rapid.SampledFrom([]string{k.user.name, k.user.name, "bob"}).Draw(rt, "name")
		c := call{method: "POST", path: loginPath, from: from, cookies: map[string]string{}, form: url.Values{"username": {name}, "password": {k.value}}}
		carried := m.presentSession(rt, c.cookies)
		m.one(rt, drawPlan(rt), c, held{user: k.user.name, token: k.id}, good && name == k.user.name, carried)
		return
	}
	header := rapid.SampledFrom([]string{"Bearer " + k.value, "Basic " + base64.StdEncoding.EncodeToString([]byte(k.user.name+":"+k.value))}).Draw(rt, "header")
	o := m.try(rt, drawPlan(rt), call{method: "GET", path: whoPath, from: from, header: map[string]string{"Authorization": header}})
	who := element(o.body, "username")
	in := o.status == http.StatusOK
	if o.clean() && in != good && (m.engine == nil || in) || in && (!good || who != k.user.name) {
		rt.Fatalf("I1: a token of %s (good: %t) is answered with %d %q", k.user.name, good, o.status, who)
	}
	if m.engine != nil {
		for _, name := range m.engine.took() {
			if !good || name != k.user.name {
				rt.Fatalf("I5: a request with a token of %s (good: %t) reached the engine as %s", k.user.name, good, name)
			}
		}
	}
	m.settled(rt, o)
}

// revokeToken ends a token, and with it what rests on it.
func (m *model) revokeToken(rt *rapid.T) {
	m.step("token revoked")
	k := pick(rt, "token", m.keys)
	m.gate.begin(drawPlan(rt))
	_, err := m.server.tokens.Revoke(m.t.Context(), k.id, "root", "model")
	fired, _ := m.gate.end()
	dead := m.gate.isDead()
	m.settled(rt, outcome{fired: fired})
	if err == nil && !dead {
		k.over = true
		if !m.book.has(audit.Event{Name: audit.TokenRevoked, Username: k.user.name}) {
			rt.Fatalf("I8: a token of %s was revoked, and it is not on the trail", k.user.name)
		}
	}
	if fired != nothing {
		m.resolveToken(rt, k)
	}
}

func (m *model) resolveToken(rt *rapid.T, k *key) {
	r, err := m.disk.tokens.Get(m.t.Context(), k.id)
	if err != nil && !errors.Is(err, token.ErrUnknown) {
		rt.Fatal(err)
	}
	over := err != nil || !r.LiveAt(m.clock.Now())
	if k.over && !over {
		rt.Fatalf("I7: a token of %s lives again", k.user.name)
	}
	k.over = over
}
