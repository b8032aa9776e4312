package model_test

import (
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"mfaserver/internal/store/sqlite"
)

// play lets rapid choose what happens.
func play(t *testing.T, h house) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, h)
		defer func() { m.server.stop(true) }()
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
	})
}

// Invariants I1-I8 with the server's own directory; everything that outlives a
// process is in memory.
func TestDirectory(t *testing.T) {
	t.Parallel()
	play(t, house{open: func(_ *testing.T, w *world) func() {
		w.disk = memoryDisk()
		return nil
	}})
}

// Invariants I1-I8 in front of an engine.
func TestGateway(t *testing.T) {
	t.Parallel()
	play(t, house{engine: true, open: func(_ *testing.T, w *world) func() {
		w.disk = memoryDisk()
		return nil
	}})
}

// Invariants I1-I8 on the store that servers have.
func TestSQLite(t *testing.T) {
	t.Parallel()
	play(t, house{open: openSQLite})
}

func openSQLite(t *testing.T, w *world) func() {
	t.Helper()
	folder := t.TempDir()
	var db *sqlite.DB
	open := func() {
		if db != nil {
			must(t, db.Close())
		}
		var err error
		db, err = sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: w.sealer, Logger: w.journal.logger(), Now: w.clock.Now})
		must(t, err)
		w.disk = disk{
			sessions: db.Sessions(), txs: db.Transactions(), sources: db.Sources(), codes: db.Codes(), users: db.Users(),
			tokens: db.Tokens(), signIn: db.SignInCodes(), glass: db.BreakGlass(), ledger: db.Ledger(),
		}
	}
	open()
	return open
}
