package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"mfaserver/duoclient"
	"mfaserver/mfa"
)

// ways is what the model knows of the ways in with one call, and of what all
// logins carry.
type ways struct {
	made     []string
	grants   map[string]int // by carry
	proof    string
	proofs   int // questions that reached a phone
	quiet    map[string]time.Time
	codes    map[string]bool // break-glass codes, unspent
	carryErr error
}

func newWays(r *rig) ways {
	w := ways{grants: make(map[string]int), quiet: make(map[string]time.Time), codes: make(map[string]bool), proof: "approve"}
	for _, user := range modelUsers {
		r.glass.Add(user, "glass of "+user)
		w.codes[user] = true
	}
	return w
}

// carrying is an accepted password that opened an upstream session.
func (m *model) carrying(user string) mfa.BeginRequest {
	b := asUser(user)
	carry := fmt.Sprintf("upstream session %d", len(m.made))
	m.made = append(m.made, carry)
	b.Carry = mfa.Carry(carry)
	return b
}

func (m *model) granted(rt *rapid.T, g *mfa.Grant) {
	m.grants[string(g.Carry)]++
	if len(g.Carry) == 0 {
		rt.Fatalf("grant %+v lost its carry", g)
	}
}

// check: nothing is released twice, granted twice, or both.
func (m *model) check(rt *rapid.T) {
	ends := make(map[string]int)
	for _, carry := range m.r.released.Released() {
		ends[carry]++
	}
	for carry, n := range m.grants {
		ends[carry] += n
	}
	for carry, n := range ends {
		if n > 1 {
			rt.Fatalf("%s came to %d ends (granted: %d)", carry, n, m.grants[carry])
		}
	}
}

// settleAll: once all has expired everything came to one end.
func (m *model) settleAll(rt *rapid.T) {
	m.r.clock.Add(24 * time.Hour)
	m.sweep(rt)
	m.check(rt)
	if ends := len(m.r.released.Released()) + len(m.grants); ends != len(m.made) {
		rt.Fatalf("%d carries came to an end, want all %d", ends, len(m.made))
	}
}

// phone chooses what the next proofs end in.
func (m *model) phone(rt *rapid.T) {
	m.proof = rapid.SampledFrom([]string{"approve", "approve", "deny", "fraud", "timeout", "bypass", "odd", "down", "not sent", "gone"}).Draw(rt, "phone")
}

// engine chooses what becomes of upstream sessions.
func (m *model) engine(rt *rapid.T) {
	m.carryErr = rapid.SampledFrom([]error{nil, nil, mfa.ErrCarryGone, errFault}).Draw(rt, "engine")
	m.r.carries.Fail(m.carryErr)
}

// duoProves scripts one proof; gone is how the client leaves.
func (m *model) duoProves(gone func()) {
	m.r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
		m.proofs++
		switch m.proof {
		case "approve":
			return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
		case "bypass":
			return mfa.ProofResult{Result: "allow", Status: "bypass"}, nil
		case "odd":
			return mfa.ProofResult{Result: "allow", Status: "deny"}, nil
		case "down":
			return mfa.ProofResult{}, duoclient.ErrOutage
		case "not sent":
			m.proofs--
			return mfa.ProofResult{}, errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage)
		case "gone":
			gone()
			return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
		default:
			return mfa.ProofResult{Result: "deny", Status: m.proof}, nil
		}
	})
}

// rings says by the rules what one question did: whether the phone rang, and
// until when it is quiet at least.
func (m *model) rings(rt *rapid.T, user string, before int, err error) {
	now := m.r.clock.Now()
	if m.proofs > before && now.Before(m.quiet[user]) {
		rt.Fatalf("the phone of %s rang %v too early (%v)", user, m.quiet[user].Sub(now), err)
	}
	if errors.Is(err, mfa.ErrPushBraked) == (m.proofs > before) && m.proof != "not sent" {
		rt.Fatalf("the phone rang: %t, and the error is %v", m.proofs > before, err)
	}
	if m.proofs == before {
		return
	}
	switch m.proof {
	case "deny", "gone", "down", "odd":
		m.quiet[user] = now.Add(time.Minute)
	case "fraud":
		m.quiet[user] = now.Add(15 * time.Minute)
	}
}

func (m *model) prove(rt *rapid.T) {
	user := rapid.SampledFrom(modelUsers).Draw(rt, "user")
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	m.duoProves(cancel)
	before := m.proofs
	g, err := m.r.Prove(ctx, m.carrying(user), push)
	m.rings(rt, user, before, err)
	m.oneCall(rt, user, g, err, m.proofs > before && m.proof == "approve" && !m.changed[user] && m.carryErr == nil)
}

func (m *model) approve(rt *rapid.T) {
	user := rapid.SampledFrom(modelUsers).Draw(rt, "user")
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	m.duoProves(cancel)
	before := m.proofs
	at, err := m.r.Approve(ctx, mfa.ApproveRequest{Username: user})
	m.rings(rt, user, before, err)
	if approved := m.proofs > before && m.proof == "approve"; approved != (err == nil) || approved != at.Equal(m.r.clock.Now()) {
		rt.Fatalf("Approve = %v, %v, want it approved: %t", at, err, approved)
	}
}

func (m *model) breakGlass(rt *rapid.T) {
	user, owner := rapid.SampledFrom(modelUsers).Draw(rt, "user"), rapid.SampledFrom(modelUsers).Draw(rt, "owner")
	g, err := m.r.BreakGlass(m.t.Context(), m.carrying(user), "glass of "+owner)
	mayGrant := user == owner && m.codes[user] && !m.changed[user] && m.carryErr == nil
	m.codes[user] = m.codes[user] && !mayGrant
	m.oneCall(rt, user, g, err, mayGrant)
}

func (m *model) exempt(rt *rapid.T) {
	user := rapid.SampledFrom(modelUsers).Draw(rt, "user")
	b := m.carrying(user)
	b.Administrator = rapid.Bool().Draw(rt, "administrator")
	g, err := m.r.Exempt(m.t.Context(), b, "backup")
	m.oneCall(rt, user, g, err, !b.Administrator && !m.changed[user] && m.carryErr == nil)
	if g != nil && (g.Exemption != "backup" || !g.ApprovedAt.IsZero()) {
		rt.Fatalf("exempt grant is %+v", g)
	}
}

func (m *model) oneCall(rt *rapid.T, user string, g *mfa.Grant, err error, mayGrant bool) {
	if (g != nil) != mayGrant || (err == nil) != mayGrant {
		rt.Fatalf("login of %s = %v, %v, want a grant: %t (phone: %s)", user, g, err, mayGrant, m.proof)
	}
	if g == nil {
		return
	}
	m.granted(rt, g)
	if g.Username != user {
		rt.Fatalf("login of %s let %s in", user, g.Username)
	}
}

// crash: the process is killed, and the next one clears up.
func (m *model) crash(rt *rapid.T) {
	if rapid.IntRange(0, 4).Draw(rt, "luck") > 0 {
		return
	}
	m.r.restart(m.t)
	if _, err := m.r.EndUnfinished(m.t.Context()); err != nil {
		rt.Fatalf("EndUnfinished = %v, want nil", err)
	}
	clear(m.quiet)
	for _, l := range m.logins {
		l.dead = true
	}
	m.check(rt)
	if ends := len(m.r.released.Released()) + len(m.grants); ends != len(m.made) {
		rt.Fatalf("%d carries came to an end after a crash, want all %d", ends, len(m.made))
	}
}
