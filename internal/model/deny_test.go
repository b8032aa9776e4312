package model_test

import (
	"net/http"
	"net/url"

	"pgregory.net/rapid"

	"mfaserver/mfa"
)

// deny is the button on the callback page.
func (m *model) deny(rt *rapid.T) {
	m.step("deny")
	m.denyLogin(rt, pick(rt, "login", m.logins), drawPlan(rt))
}

// denial is the button's request; whoever has the link may make it.
func denial(l *login) call {
	return call{
		method: "POST", path: callbackPath, from: addresses[2], header: map[string]string{"Sec-Fetch-Site": "same-origin"},
		form: url.Values{"action": {"deny"}, "state": {l.state}},
	}
}

func (m *model) denyLogin(rt *rapid.T, l *login, p plan) {
	o := m.try(rt, p, denial(l))
	live := l.live() && !m.expired(l)
	if o.clean() && live && o.status != http.StatusOK {
		rt.Fatalf("T041: the denial of a live login = %d", o.status)
	}
	m.settled(rt, o)
	switch {
	case !o.clean():
		m.resolve(rt, nil, []*login{l}, nil)
		if o.status == http.StatusOK && !o.dead() && l.live() {
			rt.Fatalf("I7: a denial was acknowledged, and the login is %s (%s)", l.phase, o.where)
		}
	case live:
		l.phase = mfa.Denied
	case l.live():
		l.phase = mfa.Burned // it ended by time, for good
	}
}

// callback opens the callback page, which changes nothing.
func (m *model) callback(rt *rapid.T) {
	m.step("callback")
	l := pick(rt, "login", m.logins)
	c := call{method: "GET", path: callbackPath + "?" + url.Values{"state": {l.state}, "duo_code": {codeOf(l.state)}}.Encode(), from: rapid.SampledFrom(addresses).Draw(rt, "from")}
	if rapid.Bool().Draw(rt, "error") {
		c.path = callbackPath + "?" + url.Values{"state": {l.state}, "error": {"access_denied"}}.Encode()
	}
	o := m.try(rt, drawPlan(rt), c)
	if o.clean() && (o.status == http.StatusOK) != (l.live() && !m.expired(l)) {
		rt.Fatalf("T046: the callback page of a login that is %s (expired: %t) = %d", l.phase, m.expired(l), o.status)
	}
	if data := firstMatch(dataArea, o.body); data != "" && (!l.live() || c.from != l.addr) {
		rt.Fatalf("T041: the callback page gives its code to %s for a login of %s that is %s", c.from, l.addr, l.phase)
	}
	m.settled(rt, o)
}

// siblings are the other live logins under the same binding.
func (m *model) siblings(l *login) []*login {
	var all []*login
	now := m.clock.Now()
	for _, b := range m.logins {
		if b != l && l.binding != "" && b.binding == l.binding && b.live() && now.Before(b.begunAt.Add(lifetime)) {
			all = append(all, b)
		}
	}
	return all
}
