package model_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
	"mfaserver/internal/token"
	"mfaserver/mfa"
)

const (
	pageCallback = "/mfa/callback"
	codeCallback = "/mfa/callback/code"
)

// signIn is the form of the portal.
func (m *model) signIn(rt *rapid.T) {
	m.step("portal sign-in")
	p, from := m.person(rt), rapid.SampledFrom(addresses).Draw(rt, "from")
	page := m.send(rt, call{method: "GET", path: "/mfa/", from: from})
	form, want := page.cookie(formCookie), rapid.SampledFrom([]string{"code", "session"}).Draw(rt, "want")
	c := call{
		method: "POST", path: "/mfa/sign-in", from: from, header: map[string]string{"Sec-Fetch-Site": "same-origin"},
		form:    url.Values{"form": {firstMatch(formIn, page.body)}, "username": {p.name}, "password": {p.password}, "want": {want}},
		cookies: map[string]string{formCookie: form},
	}
	right := !p.disabled
	switch rapid.SampledFrom([]string{"", "", "", "wrong", "foreign", "form"}).Draw(rt, "wrong") {
	case "wrong":
		c.form.Set("password", "Geheimnis-ist-falsch")
		right = false
	case "foreign":
		c.header["Sec-Fetch-Site"] = "cross-site"
		right = false
	case "form":
		c.form.Set("form", "x")
		right = false
	}
	reused := m.presentPageBinding(rt, c.cookies)
	b := beginning{user: p, from: from, right: right, portal: true, reused: reused, redirect: public + pageCallback}
	if want == "code" {
		b.redirect = public + codeCallback
	}
	m.begun(rt, m.try(rt, drawPlan(rt), c), b)
}

func (m *model) presentPageBinding(rt *rapid.T, cookies map[string]string) *login {
	l := m.presentBinding(rt, cookies)
	if l == nil {
		return nil
	}
	delete(cookies, bindingCookie)
	cookies[pageBinding] = l.binding
	return l
}

// back is the browser coming back from Duo to the portal: the second call of a
// login that began there.
func (m *model) back(rt *rapid.T) {
	m.step("portal callback")
	l, other := pick(rt, "login", m.logins), pick(rt, "other login", m.logins)
	from := rapid.SampledFrom([]string{l.addr, addresses[1]}).Draw(rt, "from")
	path := strings.TrimPrefix(l.redirect, public)
	if !isPortal(l) || rapid.IntRange(0, 9).Draw(rt, "other path") == 0 {
		path = rapid.SampledFrom([]string{pageCallback, codeCallback}).Draw(rt, "path")
	}
	s := seconds{by: l, form: l.user.name, header: l.user.name, status: "SUCCESS", code: codeOf(l.state), state: l.state, redirect: l.redirect, from: "a browser without its cookie"}
	if rapid.IntRange(0, 9).Draw(rt, "other code") == 0 {
		s.code = codeOf(other.state)
	}
	c := call{method: "GET", path: path + "?" + url.Values{"state": {s.state}, "duo_code": {s.code}}.Encode(), from: from, cookies: map[string]string{}}
	b := rapid.SampledFrom([]*login{l, l, l, other}).Draw(rt, "binding of")
	if b.binding != "" {
		c.cookies[pageBinding] = b.binding
		s.binding = b.binding
	}
	if public+path != l.redirect {
		m.strayed(rt, c)
		return
	}
	if l.live() && m.expired(l) || s.binding != l.binding || l.binding == "" || !l.live() {
		m.strayed(rt, c) // the page says so, and nothing changes
		return
	}
	carried := m.presentPage(rt, c.cookies)
	before := len(m.sessions)
	m.redeem(rt, s, c, carried, true)
	m.takeCode(rt, l, path, before)
}

// strayed is a callback that leads nowhere.
func (m *model) strayed(rt *rapid.T, c call) {
	o := m.try(rt, drawPlan(rt), c)
	if o.cookie(pageCookie) != "" || o.clean() && o.status < http.StatusBadRequest {
		rt.Fatalf("I1: a callback that leads nowhere = %d", o.status)
	}
	m.settled(rt, o)
}

func (m *model) presentPage(rt *rapid.T, cookies map[string]string) *held {
	all := m.withID(true)
	if len(all) == 0 || rapid.IntRange(0, 2).Draw(rt, "page session") > 0 {
		return nil
	}
	h := pick(rt, "page session carried", all)
	cookies[pageCookie] = h.id
	return h
}

// takeCode keeps the sign-in code of the page, if there is one.
func (m *model) takeCode(rt *rapid.T, l *login, path string, before int) {
	value := firstMatch(codeArea, m.last.body)
	if value == "" {
		if path == codeCallback && m.last.clean() && len(m.sessions) > before {
			rt.Fatalf("no code on the page: %d", m.last.status)
		}
		return
	}
	if m.last.dead() {
		return
	}
	m.secrets.add("a sign-in code", value)
	if path != codeCallback || len(m.sessions) == before {
		rt.Fatalf("I1: a sign-in code for a login that let nobody in")
	}
	if !m.book.has(audit.Event{Name: audit.CodeIssued, Username: l.user.name, Transaction: handleOf(l.state)}) {
		rt.Fatalf("I8: a sign-in code of %s is not on the trail", l.user.name)
	}
	m.papers = append(m.papers, &paper{
		value: value, key: keyOf(value), user: l.user, handle: handleOf(l.state), issuedAt: m.clock.Now(), state: token.Live,
	})
	for _, c := range m.papers {
		m.resolvePaper(rt, c)
	}
}

var errPeek = errors.New("model: only looking")

// resolvePaper asks the store what a code is worth. None comes back.
func (m *model) resolvePaper(rt *rapid.T, c *paper) {
	was := c.state
	_, err := m.disk.signIn.Update(m.t.Context(), c.key, func(r *token.CodeRecord) error {
		c.state, c.misses = r.State, r.Misses
		return errPeek
	})
	switch {
	case errors.Is(err, token.ErrUnknown):
		c.state = token.Dead
	case !errors.Is(err, errPeek):
		rt.Fatal(err)
	}
	if was != token.Live && c.state == token.Live {
		rt.Fatalf("I7: a sign-in code of %s was %s and lives again", c.user.name, was)
	}
}

// useCode logs in with a sign-in code.
func (m *model) useCode(rt *rapid.T) {
	m.step("sign-in code")
	p := pick(rt, "code", m.papers)
	name := rapid.SampledFrom([]string{p.user.name, p.user.name, "bob", "alice"}).Draw(rt, "name")
	c := call{method: "POST", path: loginPath, from: rapid.SampledFrom(addresses).Draw(rt, "from"), cookies: map[string]string{}, form: url.Values{"username": {name}, "password": {p.value}}}
	now := m.clock.Now()
	spendable := p.state == token.Live && now.Before(p.issuedAt.Add(token.CodeLifetime)) && name == p.user.name
	may := spendable && !p.adrift && !m.changed(p.user, p.issuedAt)
	carried := m.presentSession(rt, c.cookies)
	o := m.one(rt, drawPlan(rt), c, held{user: p.user.name, handle: p.handle}, may, carried, audit.CodeUsed)
	if !o.clean() {
		m.resolvePaper(rt, p)
		if o.cookie(apiCookie) != "" && !o.dead() && p.state == token.Live {
			rt.Fatalf("I2: a sign-in code let %s in, and lives", p.user.name)
		}
		return
	}
	switch {
	case spendable:
		p.state = token.Spent
	case p.state == token.Live && now.Before(p.issuedAt.Add(token.CodeLifetime)):
		if p.misses++; p.misses == 5 {
			p.state = token.Dead
		}
	}
}

// signOut ends a session of the pages.
func (m *model) signOut(rt *rapid.T) {
	m.step("portal sign-out")
	h := pick(rt, "page session", m.withID(true))
	page := m.send(rt, call{
		method: "GET", path: "/mfa/", from: addresses[0], cookies: map[string]string{pageCookie: h.id}, header: map[string]string{passive: "1"},
	})
	o := m.try(rt, drawPlan(rt), call{
		method: "POST", path: "/mfa/sign-out", from: addresses[0], header: map[string]string{"Sec-Fetch-Site": "same-origin"},
		form: url.Values{"form": {firstMatch(formIn, page.body)}}, cookies: map[string]string{formCookie: page.cookie(formCookie), pageCookie: h.id},
	})
	m.loggedOut(rt, h, o, http.StatusSeeOther)
}

// settleEngine: once all has ended by time nothing is left at the engine, but
// for what a crash or a lost answer left nobody the cookie of.
func (m *model) settleEngine(rt *rapid.T) {
	if m.engine == nil {
		return
	}
	m.move(24 * time.Hour)
	deadline := time.Now().Add(10 * time.Second)
	unknown := m.counts["mishap: "+string(killed)] + m.counts["mishap: "+string(killedAfter)] + m.counts["mishap: "+string(lost)] + m.counts["restart"]
	for m.engine.live("") > unknown {
		if err := m.server.sweep(m.t.Context()); err != nil {
			rt.Fatal(err)
		}
		if time.Now().After(deadline) {
			rt.Fatalf("T013: %d sessions are left at the engine, and nobody holds one", m.engine.live(""))
		}
		m.move(10 * time.Minute)
		time.Sleep(time.Millisecond)
	}
	if i := slices.IndexFunc(m.logins, func(l *login) bool { return l.phase == mfa.Claimed && !m.expired(l) }); i >= 0 {
		rt.Fatalf("login %s hangs", handleOf(m.logins[i].state))
	}
}
