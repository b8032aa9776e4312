package model_test

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/token"
	"mfaserver/internal/upstream"
	"mfaserver/mfa"
	"mfaserver/session"
)

// disk is what outlives a process.
type disk struct {
	sessions session.Store
	txs      mfa.Transactions
	sources  mfa.Sources
	codes    mfa.Codes
	users    primary.Users
	tokens   token.ServiceTokens
	signIn   token.SignInCodes
	glass    token.BreakGlassCodes
	ledger   upstream.Ledger
}

func memoryDisk() disk {
	m := mfa.NewMemory()
	return disk{
		sessions: session.NewMemoryStore(), txs: m, sources: m, codes: m, users: primary.NewMemoryUsers(),
		tokens: token.NewMemoryTokens(), signIn: token.NewMemoryCodes(), glass: token.NewMemoryBreakGlass(),
		ledger: upstream.NewMemoryLedger(),
	}
}

// The stores as the server sees them: each call goes through the gate. What a
// store gains later passes unharmed.

type sessionsAt struct {
	session.Store
	g *gate
}

func (s sessionsAt) Create(ctx context.Context, v session.Session, limit int, now time.Time) ([]session.Session, error) {
	return through(s.g, store, "create session", func() ([]session.Session, error) { return s.Store.Create(ctx, v, limit, now) })
}

func (s sessionsAt) Find(ctx context.Context, k session.Key, now time.Time) (session.Session, error) {
	return through(s.g, store, "find session", func() (session.Session, error) { return s.Store.Find(ctx, k, now) })
}

func (s sessionsAt) Touch(ctx context.Context, k session.Key, t time.Time) error {
	return s.g.run(store, "touch session", func() error { return s.Store.Touch(ctx, k, t) })
}

func (s sessionsAt) Delete(ctx context.Context, k session.Key) (session.Session, error) {
	return through(s.g, store, "delete session", func() (session.Session, error) { return s.Store.Delete(ctx, k) })
}

func (s sessionsAt) List(ctx context.Context, name string, now time.Time) ([]session.Session, error) {
	return through(s.g, store, "list sessions", func() ([]session.Session, error) { return s.Store.List(ctx, name, now) })
}

func (s sessionsAt) DeleteUser(ctx context.Context, name string) ([]session.Session, error) {
	return through(s.g, store, "delete sessions of user", func() ([]session.Session, error) { return s.Store.DeleteUser(ctx, name) })
}

func (s sessionsAt) DeleteBefore(ctx context.Context, name string, before time.Time) ([]session.Session, error) {
	return through(s.g, store, "delete sessions before", func() ([]session.Session, error) { return s.Store.DeleteBefore(ctx, name, before) })
}

func (s sessionsAt) Sweep(ctx context.Context, now time.Time, limit int) ([]session.Session, error) {
	return through(s.g, store, "sweep sessions", func() ([]session.Session, error) { return s.Store.Sweep(ctx, now, limit) })
}

type txsAt struct {
	mfa.Transactions
	g *gate
}

func (s txsAt) Insert(ctx context.Context, t mfa.Transaction, l mfa.Limits, now time.Time) ([]mfa.Transaction, error) {
	return through(s.g, store, "insert login", func() ([]mfa.Transaction, error) { return s.Transactions.Insert(ctx, t, l, now) })
}

func (s txsAt) Find(ctx context.Context, k mfa.Key) (mfa.Transaction, error) {
	return through(s.g, store, "find login", func() (mfa.Transaction, error) { return s.Transactions.Find(ctx, k) })
}

func (s txsAt) Update(ctx context.Context, k mfa.Key, change func(*mfa.Transaction) error) (mfa.Transaction, error) {
	return through(s.g, store, "update login", func() (mfa.Transaction, error) { return s.Transactions.Update(ctx, k, change) })
}

func (s txsAt) Siblings(ctx context.Context, b [sha256.Size]byte, now time.Time) ([]mfa.Transaction, error) {
	return through(s.g, store, "siblings", func() ([]mfa.Transaction, error) { return s.Transactions.Siblings(ctx, b, now) })
}

func (s txsAt) Sweep(ctx context.Context, before time.Time, limit int) (removed int, live []mfa.Transaction, err error) {
	err = s.g.run(store, "sweep logins", func() (err error) {
		removed, live, err = s.Transactions.Sweep(ctx, before, limit)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	return removed, live, nil
}

func (s txsAt) Live(ctx context.Context, after mfa.Key, limit int) ([]mfa.Transaction, error) {
	return through(s.g, store, "live logins", func() ([]mfa.Transaction, error) {
		return s.Transactions.(mfa.Unfinished).Live(ctx, after, limit)
	})
}

type sourcesAt struct {
	mfa.Sources
	g *gate
}

func (s sourcesAt) Known(ctx context.Context, name string, addr netip.Addr, now time.Time) (bool, error) {
	return through(s.g, store, "known source", func() (bool, error) { return s.Sources.Known(ctx, name, addr, now) })
}

func (s sourcesAt) Remember(ctx context.Context, name string, addr netip.Addr, until time.Time) error {
	return s.g.run(store, "remember source", func() error { return s.Sources.Remember(ctx, name, addr, until) })
}

type codesAt struct {
	mfa.Codes
	g *gate
}

func (s codesAt) Spend(ctx context.Context, code [sha256.Size]byte, until, now time.Time) (bool, error) {
	return through(s.g, store, "spend code", func() (bool, error) { return s.Codes.Spend(ctx, code, until, now) })
}

type found struct {
	user primary.User
	hash string
}

type usersAt struct {
	primary.Users
	g *gate
}

func (s usersAt) Find(ctx context.Context, name string) (primary.User, string, error) {
	f, err := through(s.g, store, "find user", func() (found, error) {
		u, h, err := s.Users.Find(ctx, name)
		return found{u, h}, err
	})
	return f.user, f.hash, err
}

func (s usersAt) List(ctx context.Context) ([]primary.User, error) {
	return through(s.g, store, "list users", func() ([]primary.User, error) { return s.Users.List(ctx) })
}

func (s usersAt) Update(ctx context.Context, name string, change func(*primary.User, *string) error) (primary.User, error) {
	return through(s.g, store, "update user", func() (primary.User, error) { return s.Users.Update(ctx, name, change) })
}

func (s usersAt) Delete(ctx context.Context, name string) error {
	return s.g.run(store, "delete user", func() error { return s.Users.Delete(ctx, name) })
}

type tokensAt struct {
	token.ServiceTokens
	g *gate
}

func (s tokensAt) Insert(ctx context.Context, r token.Record) error {
	return s.g.run(store, "insert token", func() error { return s.ServiceTokens.Insert(ctx, r) })
}

func (s tokensAt) Find(ctx context.Context, k token.Key) (token.Record, error) {
	return through(s.g, store, "find token", func() (token.Record, error) { return s.ServiceTokens.Find(ctx, k) })
}

func (s tokensAt) Get(ctx context.Context, id string) (token.Record, error) {
	return through(s.g, store, "get token", func() (token.Record, error) { return s.ServiceTokens.Get(ctx, id) })
}

func (s tokensAt) List(ctx context.Context) ([]token.Record, error) {
	return through(s.g, store, "list tokens", func() ([]token.Record, error) { return s.ServiceTokens.List(ctx) })
}

func (s tokensAt) Update(ctx context.Context, id string, change func(*token.Record) error) (token.Record, error) {
	return through(s.g, store, "update token", func() (token.Record, error) { return s.ServiceTokens.Update(ctx, id, change) })
}

func (s tokensAt) Delete(ctx context.Context, id string) error {
	return s.g.run(store, "delete token", func() error { return s.ServiceTokens.Delete(ctx, id) })
}

type signInAt struct {
	token.SignInCodes
	g *gate
}

func (s signInAt) Insert(ctx context.Context, r token.CodeRecord, limit int, now time.Time) error {
	return s.g.run(store, "insert sign-in code", func() error { return s.SignInCodes.Insert(ctx, r, limit, now) })
}

func (s signInAt) Update(ctx context.Context, k token.Key, change func(*token.CodeRecord) error) (token.CodeRecord, error) {
	return through(s.g, store, "update sign-in code", func() (token.CodeRecord, error) { return s.SignInCodes.Update(ctx, k, change) })
}

func (s signInAt) Sweep(ctx context.Context, now time.Time, limit int) ([]token.CodeRecord, error) {
	return through(s.g, store, "sweep sign-in codes", func() ([]token.CodeRecord, error) { return s.SignInCodes.Sweep(ctx, now, limit) })
}

type glassAt struct {
	token.BreakGlassCodes
	g *gate
}

func (s glassAt) Replace(ctx context.Context, name string, codes []token.BreakGlassRecord) ([]token.BreakGlassRecord, error) {
	return through(s.g, store, "replace break-glass codes", func() ([]token.BreakGlassRecord, error) {
		return s.BreakGlassCodes.Replace(ctx, name, codes)
	})
}

func (s glassAt) Update(ctx context.Context, k token.Key, change func(*token.BreakGlassRecord) error) (token.BreakGlassRecord, error) {
	return through(s.g, store, "update break-glass code", func() (token.BreakGlassRecord, error) { return s.BreakGlassCodes.Update(ctx, k, change) })
}

type ledgerAt struct {
	upstream.Ledger
	g *gate
}

func (s ledgerAt) Add(ctx context.Context, e upstream.Entry) error {
	return s.g.run(store, "add to ledger", func() error { return s.Ledger.Add(ctx, e) })
}

func (s ledgerAt) Remove(ctx context.Context, id upstream.ID) (bool, error) {
	return through(s.g, store, "remove from ledger", func() (bool, error) { return s.Ledger.Remove(ctx, id) })
}

func (s ledgerAt) List(ctx context.Context) ([]upstream.Entry, error) {
	return through(s.g, store, "list ledger", func() ([]upstream.Entry, error) { return s.Ledger.List(ctx) })
}
