package mfa_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mfaserver/duoclient"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// modelLogin is what the rules say about one login.
type modelLogin struct {
	login
	user    string
	address string
	begunAt time.Time
	dead    bool
	misses  int
	grants  int
	unsent  string // the code that this login may bring again
}

// model plays users, a thief, an administrator and a fickle Duo against the
// flow, and knows by a few plain rules what every second call must give.
type model struct {
	t       *testing.T
	r       *rig
	logins  []*modelLogin
	spent   map[string]time.Time // until when
	changed map[string]bool
	answer  string
	asked   bool
	ways
}

var (
	modelUsers     = []string{"alice", "bob", "a:b"}
	modelAddresses = []string{"192.0.2.1", "198.51.100.9"}
)

func newModel(t *testing.T) *model {
	t.Helper()
	m := &model{t: t, spent: make(map[string]time.Time), changed: make(map[string]bool), answer: "approve"}
	m.r = newRig(t, func(c *mfa.Config) { c.Limits = mfa.Limits{Total: 1 << 20}; c.Logger = nil })
	m.ways = newWays(m.r)
	m.r.duo.OnExchange(func(_ context.Context, q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		m.asked = true
		return m.duoSays(q)
	})
	return m
}

func (m *model) duoSays(q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
	switch m.answer {
	case "not sent":
		return nil, errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage)
	case "cut off":
		return nil, duoclient.ErrOutage
	case "deny":
		return nil, duoclient.ErrCodeRefused
	}
	owner := slices.IndexFunc(m.r.duo.Prompts(), func(p duoclient.AuthRequest) bool { return q.Code == "code-"+p.State })
	if owner < 0 || m.r.duo.Prompts()[owner].Nonce != q.Nonce {
		return nil, duoclient.ErrBadToken
	}
	id := mfatest.Approved(q)
	if m.answer == "bypass" {
		id.Context.Reason = "bypass_user"
	}
	return id, nil
}

func (m *model) begin(rt *rapid.T) {
	l := &modelLogin{
		user: rapid.SampledFrom(modelUsers).Draw(rt, "user"), address: rapid.SampledFrom(modelAddresses).Draw(rt, "address"),
		begunAt: m.r.clock.Now(),
	}
	if m.changed[l.user] {
		return // his password is refused
	}
	b := m.carrying(l.user)
	b.Client = from(l.address)
	l.login = m.r.begin(m.t, b)
	m.logins = append(m.logins, l)
}

func (m *model) pick(rt *rapid.T, label string) *modelLogin {
	if len(m.logins) == 0 {
		rt.Skip("no login yet")
	}
	return rapid.SampledFrom(m.logins).Draw(rt, label)
}

func (m *model) over(l *modelLogin) bool { return m.r.clock.Now().Sub(l.begunAt) >= 10*time.Minute }

// redeem makes a second call, right or with something wrong in it.
func (m *model) redeem(rt *rapid.T) {
	l, other := m.pick(rt, "login"), m.pick(rt, "other login")
	q := l.second
	wrong := rapid.SampledFrom([]string{"", "", "", "form", "header", "status", "redirect", "code", "state"}).Draw(rt, "wrong")
	switch wrong {
	case "form":
		q.FormUsername = "admin"
	case "header":
		q.HeaderUsername = []string{"admin"}
	case "status":
		q.Primary = grace
	case "redirect":
		q.RedirectURI += "/"
	case "code":
		q.Code = other.second.Code
	case "state":
		q.State = "made up"
	}
	q.Client = from(rapid.SampledFrom(modelAddresses).Draw(rt, "from"))
	if rapid.Bool().Draw(rt, "cookie") {
		q.Client.Binding = l.begun.Binding
	}
	bound := q.Client.Binding != "" || q.Client.Addr == from(l.address).Addr
	want := m.expect(l, q, wrong, bound)
	m.asked = false
	g, err := m.r.Redeem(m.t.Context(), q)
	m.settle(rt, l, q, g, err, want)
}

// The outcomes of a second call.
const (
	nothing = "nothing changes"
	miss    = "a miss"
	ends    = "the login ends"
	asks    = "Duo is asked"
)

// expect says by the rules what a second call does.
func (m *model) expect(l *modelLogin, q mfa.RedeemRequest, wrong string, bound bool) string {
	switch {
	case wrong == "state" || l.dead:
		return nothing
	case m.over(l):
		return ends
	case !bound:
		return nothing
	case wrong != "" && wrong != "code":
		return miss
	case m.changed[l.user] || m.r.clock.Now().Before(m.spent[q.Code]) && l.unsent != q.Code:
		return ends
	default:
		return asks
	}
}

func (m *model) settle(rt *rapid.T, l *modelLogin, q mfa.RedeemRequest, g *mfa.Grant, err error, want string) {
	mayGrant := want == asks && m.answer == "approve" && q.Code == l.second.Code && m.carryErr == nil
	if m.asked != (want == asks) {
		rt.Fatalf("Duo asked: %t, want %q (%v)", m.asked, want, err)
	}
	if (g != nil) != mayGrant || (err == nil) != mayGrant {
		rt.Fatalf("Redeem = %v, %v, want a grant: %t (%q)", g, err, mayGrant, want)
	}
	switch want {
	case miss:
		l.misses++
		l.dead = l.misses == 3
	case ends:
		l.dead = true
	case asks:
		if !m.r.clock.Now().Before(m.spent[q.Code]) {
			m.spent[q.Code] = m.r.clock.Now().Add(10 * time.Minute)
		}
		l.dead = m.answer != "not sent"
		l.unsent = q.Code
	}
	if g == nil {
		return
	}
	l.grants++
	m.granted(rt, g)
	if g.Username != l.user || g.Transaction != l.begun.Transaction || l.grants != 1 {
		rt.Fatalf("grant %d of %s's login is %+v", l.grants, l.user, g)
	}
}

func (m *model) deny(rt *rapid.T) {
	l := m.pick(rt, "login")
	err := m.r.Deny(m.t.Context(), l.state, from("203.0.113.1"))
	if !l.dead && !m.over(l) && err != nil {
		rt.Fatalf("Deny = %v, want nil", err)
	}
	l.dead = true
}

func (m *model) wait(rt *rapid.T) {
	m.r.clock.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, "seconds")) * time.Second)
}

func (m *model) sweep(rt *rapid.T) {
	if _, err := m.r.Sweep(m.t.Context()); err != nil {
		rt.Fatalf("Sweep = %v, want nil", err)
	}
	m.forgetOld()
}

// forgetOld: a swept login is as dead as can be; so is an expired one.
func (m *model) forgetOld() {
	for _, l := range m.logins {
		if m.r.clock.Now().Sub(l.begunAt) > 15*time.Minute {
			l.dead = true
		}
	}
}

// Invariants I1-I4: whatever users, thieves, administrators, engines and Duo do,
// in any order, a grant is the one its login deserves, once, and what is
// carried ends in a grant or is released, once (threat T013).
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t)
		rt.Repeat(map[string]func(*rapid.T){
			"begin":  m.begin,
			"redeem": m.redeem,
			"again":  m.redeem,
			"deny":   m.deny,
			"wait":   m.wait,
			"sweep":  m.sweep,
			"":       m.check,
			"prove":  m.prove,
			"glass":  m.breakGlass,
			"exempt": m.exempt,
			"step":   m.approve,
			"crash":  m.crash,
			"phone":  m.phone,
			"engine": m.engine,
			"duo": func(rt *rapid.T) {
				m.answer = rapid.SampledFrom([]string{"approve", "approve", "deny", "bypass", "cut off", "not sent"}).Draw(rt, "answer")
			},
			"disable": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "luck") == 0 {
					user := rapid.SampledFrom(modelUsers).Draw(rt, "user")
					m.changed[user] = true
					m.r.accounts.Change(user)
				}
			},
		})
		m.settleAll(rt)
	})
}
