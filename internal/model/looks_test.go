package model_test

import (
	"net/http"
	"slices"

	"pgregory.net/rapid"
)

// look asks with the cookie of a session who is signed in. The answer is the
// one that the rules say, for all that ever was a session.
func (m *model) look(rt *rapid.T, h *held) {
	if h.id == "" {
		return
	}
	if h.page {
		m.lookPage(rt, h)
		return
	}
	a := m.send(rt, call{method: "GET", path: whoPath, from: addresses[0], cookies: map[string]string{apiCookie: h.id}, header: map[string]string{passive: "1"}})
	m.judgeLook(rt, h, a)
}

func (m *model) judgeLook(rt *rapid.T, h *held, a *answer) {
	want := http.StatusOK
	switch {
	case h.over, h.token != "" && m.tokenOver(h.token):
		want = http.StatusUnauthorized
	case h.adrift:
		want = http.StatusUnauthorized
		h.over, h.cause = true, "the engine had forgotten it"
	}
	if m.engine != nil && h.token != "" && want == http.StatusOK && a.status != http.StatusOK {
		m.tokenLeft(rt, h, a)
		return
	}
	who := element(a.body, "username")
	if a.status != want || want == http.StatusOK && who != h.user {
		rt.Fatalf("I1, I3, I7: the session %s of %s (over: %t, %s) is answered with %d %q, want %d", h.key.Handle(), h.user, h.over, h.cause, a.status, who, want)
	}
	m.crossed(rt, h, a.status == http.StatusOK)
}

// tokenLeft judges a session of a service token that the engine does not let
// through: it refuses the credential behind the token, or did so lately, or
// has forgotten the session that all who use the token share.
func (m *model) tokenLeft(rt *rapid.T, h *held, a *answer) {
	m.crossed(rt, h, false)
	forgotten := slices.ContainsFunc(m.people, func(p *person) bool { return p.name == h.user && p.dropped })
	switch {
	case a.status == http.StatusServiceUnavailable:
	case a.status == http.StatusUnauthorized && forgotten:
		h.over, h.cause = true, "the engine had forgotten the session of its token"
	default:
		rt.Fatalf("the session %s of a token of %s is answered with %d", h.key.Handle(), h.user, a.status)
	}
}

func (m *model) lookPage(rt *rapid.T, h *held) {
	a := m.send(rt, call{method: "GET", path: "/mfa/", from: addresses[0], cookies: map[string]string{pageCookie: h.id}, header: map[string]string{passive: "1"}})
	want := h.user
	if h.over {
		want = ""
	}
	if who := firstMatch(userIn, a.body); a.status != http.StatusOK || who != want {
		rt.Fatalf("I1, I3, I7: the page of the session %s of %s (over: %t, %s) is answered with %d %q", h.key.Handle(), h.user, h.over, h.cause, a.status, who)
	}
}

// crossed: what reached the engine is what a session was found for, in the
// name of its user (invariant I5).
func (m *model) crossed(rt *rapid.T, h *held, through bool) {
	if m.engine == nil {
		return
	}
	names := m.engine.took()
	switch {
	case through && (len(names) != 1 || names[0] != h.user):
		rt.Fatalf("I5: the request of %s reached the engine as %v", h.user, names)
	case !through && len(names) > 0:
		rt.Fatalf("I5: a request that was refused reached the engine as %v", names)
	}
}

func (m *model) checkEngine(rt *rapid.T) {
	if m.engine == nil {
		return
	}
	if names := m.engine.took(); len(names) > 0 {
		rt.Fatalf("I5: requests of %v reached the engine", names)
	}
}

func (m *model) tokenOver(id string) bool {
	for _, k := range m.keys {
		if k.id == id {
			return k.over || k.user.disabled && m.engine == nil
		}
	}
	return true
}

// use is work with a session: it keeps it alive.
func (m *model) use(rt *rapid.T) {
	m.step("use")
	h := pick(rt, "session", m.withID(false))
	from := rapid.SampledFrom(addresses).Draw(rt, "from")
	a := m.send(rt, call{method: "GET", path: whoPath, from: from, cookies: map[string]string{apiCookie: h.id}})
	if !h.over && m.high.Sub(h.lastActive) >= idle/60 {
		h.lastActive = m.high
	}
	if h.exempt && !h.over && from != addresses[0] {
		if a.status != http.StatusForbidden {
			rt.Fatalf("T014: an exempt session from elsewhere is answered with %d", a.status)
		}
		m.crossed(rt, h, false)
		return
	}
	m.judgeLook(rt, h, a)
}

// forge sends cookies that nobody was given: no one is let in, and no one is
// harmed.
func (m *model) forge(rt *rapid.T) {
	m.step("forge")
	id := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if all := append(m.withID(false), m.withID(true)...); len(all) > 0 {
		id = rapid.SampledFrom(all).Draw(rt, "session").id
	}
	header := rapid.SampledFrom([]string{
		apiCookie + "=" + id + "; " + apiCookie + "=" + id, apiCookie + "=" + id + "x", apiCookie + `="` + id + `"`,
		apiCookie + "=" + id[1:] + "A", pageCookie + "=" + id, apiCookie + "=", "", "jsessionid=" + id, apiCookie + "=" + id + ".node0",
	}).Draw(rt, "cookie")
	a := m.send(rt, call{method: rapid.SampledFrom([]string{"GET", "HEAD"}).Draw(rt, "method"), path: whoPath, from: addresses[1], header: map[string]string{"Cookie": header}})
	if a.status != http.StatusUnauthorized {
		rt.Fatalf("I1: Cookie %q is answered with %d", header, a.status)
	}
}
