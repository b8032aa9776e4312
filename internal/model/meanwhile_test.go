package model_test

import (
	"net/http"
	"strconv"

	"pgregory.net/rapid"

	"mfaserver/session"
)

// drawMeanwhile may let something else happen in the middle of a second call
// that is about to let somebody in.
func (m *model) drawMeanwhile(rt *rapid.T, l *login, carried *held, c call) (plan, string) {
	if rapid.IntRange(0, 3).Draw(rt, "meanwhile") > 0 {
		return plan{mishap: nothing}, ""
	}
	what := rapid.SampledFrom([]string{"deny", "racer", "logout", "disable", "password"}).Draw(rt, "what")
	p := plan{mishap: meanwhile, at: rapid.IntRange(0, 15).Draw(rt, "at call")}
	m.interrupted = interruption{}
	switch what {
	case "deny":
		p.run = func() {
			a := m.send(rt, denial(l))
			m.interrupted.done = a.status == http.StatusOK
		}
	case "racer":
		p.run = func() {
			a := m.send(rt, c)
			m.interrupted.id = a.cookie(apiCookie) + a.cookie(pageCookie)
		}
	case "logout":
		if carried == nil || carried.over {
			return plan{mishap: nothing}, ""
		}
		m.interrupted.carried = carried
		p.run = func() {
			a := m.send(rt, call{method: "POST", path: "/api/users/_logout", from: addresses[0], cookies: map[string]string{apiCookie: carried.id}})
			m.interrupted.done = a.status == http.StatusNoContent
		}
	case "disable":
		p.run = func() { m.interrupted.done = m.disablePerson(l.user) }
	case "password":
		if m.engine != nil {
			return plan{mishap: nothing}, ""
		}
		fresh := "Geheimnis-von-" + l.user.name + "-meanwhile-" + strconv.Itoa(m.counts["second call"])
		m.secrets.add("a password", fresh)
		m.interrupted.fresh = fresh
		p.run = func() { m.interrupted.done = m.setPassword(l.user, fresh) }
	}
	return p, what
}

// interruption is what happened in the middle of a second call.
type interruption struct {
	done    bool
	id      string
	fresh   string
	carried *held
}

// judgeMeanwhile: what was acknowledged in the middle of a second call holds
// after it.
func (m *model) judgeMeanwhile(rt *rapid.T, what string, o outcome, l *login, id string) {
	if o.fired != meanwhile {
		return
	}
	m.counts["meanwhile "+what]++
	in := m.interrupted
	switch what {
	case "deny":
		if in.done && id != "" {
			rt.Fatalf("I7: login %s of %s was denied, that was acknowledged, and it let him in (before %s)", handleOf(l.state), l.user.name, o.where)
		}
	case "logout":
		if in.done && !in.carried.over {
			rt.Fatalf("I7: a logout in the middle of a second call was acknowledged, and the session lives (before %s)", o.where)
		}
	case "racer":
		if in.id != "" && id != "" {
			rt.Fatalf("I2: login %s of %s let in twice (before %s)", handleOf(l.state), l.user.name, o.where)
		}
	case "disable", "password":
		if !in.done {
			return
		}
		if h := m.find(session.KeyOf(id)); m.engine != nil {
			if h != nil {
				h.adrift = true
			}
			return
		}
		fresh := ""
		if what == "password" {
			fresh = in.fresh
		}
		// The session is the answer's last effect: it may be there when the
		// account changed after the server had looked at it for the last time.
		h := m.find(session.KeyOf(id))
		lives := h != nil && !h.over
		m.changedBy(rt, l.user, fresh, true)
		switch {
		case lives && !m.gate.calledLater("find user"):
			m.counts["let in after the last look"]++
			h.over = false
		case lives && what == "password" && !l.user.changed.After(l.begunAt):
			// By the clock, which was set back, the password is older.
			m.counts["let in by a clock set back"]++
			h.over = false
		case lives:
			rt.Fatalf("I1: %s of %s was acknowledged in the middle of his second call, and that let him in (before %s)", what, l.user.name, o.where)
		}
	}
}
