package model_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
	"mfaserver/internal/store/sqlite"
)

// play lets rapid choose what happens.
func play(t *testing.T, h house) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, h)
		defer m.leave()
		rt.Repeat(map[string]func(*rapid.T){
			"":                m.check,
			"first call":      m.first,
			"another login":   m.first,
			"second call":     m.second,
			"another call":    m.second,
			"deny":            m.deny,
			"callback":        m.callback,
			"portal sign-in":  m.signIn,
			"portal callback": m.back,
			"portal sign-out": m.signOut,
			"sign-in code":    m.useCode,
			"push":            m.push,
			"make glass":      m.makeGlass,
			"break-glass":     m.breakGlass,
			"make token":      m.makeToken,
			"use token":       m.useToken,
			"revoke token":    m.revokeToken,
			"use":             m.use,
			"forge":           m.forge,
			"logout":          m.logout,
			"revoke":          m.revoke,
			"disable":         m.disable,
			"password":        m.passwd,
			"enable":          m.enable,
			"crash":           m.crash,
			"clock":           m.wait,
			"sweep":           m.tidy,
			"moods":           m.moods,
		})
		m.settleEngine(rt)
		m.read = 0
		m.checkSecrets(rt)
		if m.finish != nil {
			m.finish(rt, m)
		}
	})
}

// Invariants I1-I8 with the server's own directory; everything that outlives a
// process is in memory.
func TestDirectory(t *testing.T) {
	t.Parallel()
	play(t, house{open: func(_ *testing.T, m *model) { m.disk = memoryDisk() }})
}

// Invariants I1-I8 in front of an engine.
func TestGateway(t *testing.T) {
	t.Parallel()
	play(t, house{engine: true, open: func(_ *testing.T, m *model) { m.disk = memoryDisk() }})
}

// Invariants I1-I8 on the store and the trail that servers have.
func TestSQLite(t *testing.T) {
	t.Parallel()
	play(t, house{open: openFiles})
}

// openFiles puts store and trail into files, which a new process opens anew.
func openFiles(t *testing.T, m *model) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.db")
	trailPath := filepath.Join(t.TempDir(), "audit.jsonl")
	closing := func() {}
	m.reopen = func() {
		closing()
		db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Sealer: m.sealer, Logger: m.journal.logger(), Now: m.clock.Now})
		must(t, err)
		m.disk = disk{
			sessions: db.Sessions(), txs: db.Transactions(), sources: db.Sources(), codes: db.Codes(), users: db.Users(),
			tokens: db.Tokens(), signIn: db.SignInCodes(), glass: db.BreakGlass(), ledger: db.Ledger(),
		}
		real, err := audit.New(audit.Config{Path: trailPath, MAC: m.sealer.MAC, Node: "model", Now: m.clock.Now})
		must(t, err)
		m.book.next = real
		closing = func() { must(t, errors.Join(real.Close(), db.Close())) }
	}
	m.reopen()
	m.finish = func(rt *rapid.T, m *model) {
		m.server.stop(true)
		closing()
		closing = func() {}
		m.checkTrail(rt, trailPath)
	}
	m.abandon = func() { closing() }
}

// checkTrail: the chain is whole, no secret is in the file, and every session
// that somebody was given is (invariants I6 and I8).
func (m *model) checkTrail(rt *rapid.T, path string) {
	report, err := audit.Verify(m.t.Context(), audit.VerifyConfig{Path: path, MAC: m.sealer.MAC})
	if err := errors.Join(err, report.Err()); err != nil {
		rt.Fatalf("the trail is not whole: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		rt.Fatal(err)
	}
	if what := m.secrets.leak(string(text)); what != "" {
		rt.Fatalf("I6: %s is in the file of the trail", what)
	}
	for _, h := range m.sessions {
		if h.id != "" && !strings.Contains(string(text), h.key.Handle()) {
			rt.Fatalf("I8: the session %s of %s is not in the file of the trail", h.key.Handle(), h.user)
		}
	}
}
