package model_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/seal"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/standing"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web"
	"mfaserver/web/gateway"
	"mfaserver/web/gateway/access"
	"mfaserver/web/portal"
)

const (
	public = "https://mirth.example.org:8443"
	// The limits of the server under test: small, so that they are met.
	idle      = 30 * time.Minute
	absolute  = 2 * time.Hour
	perUser   = 3
	perClient = 4
	lifetime  = 10 * time.Minute
	plenty    = 1000 // how much more than usual the brakes on guessing allow
)

// clock is the wall clock, and the server's only one.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// plainHasher spares the model the cost of a real hash.
type plainHasher struct{}

func (plainHasher) Hash(p string) (string, error)          { return "h:" + p, nil }
func (plainHasher) Inspect(string) (bool, error)           { return true, nil }
func (plainHasher) Verify(p, encoded string) (bool, error) { return encoded == "h:"+p, nil }

// world is what outlives the server's process.
type world struct {
	gate    *gate
	clock   *clock
	disk    disk
	book    *book
	journal *journal
	second  mfa.SecondFactor
	duo     *duoFake
	engine  *engineFake // nil: the server has a directory of its own
	sealer  *seal.Sealer
}

// server is one process.
type server struct {
	w         *world
	handler   http.Handler
	directory *primary.Local
	tokens    *token.Tokens
	codes     *token.Codes
	glass     *token.BreakGlass
	flow      *mfa.Flow
	sessions  *session.Manager
	upstream  *upstream.Upstream
	standing  *standing.Sessions
	set       *rules.Set
}

// exemptNet is where the exempt user has to come from.
var exemptNet = netip.MustParsePrefix("192.0.2.0/24")

func modelRules() rules.Config {
	return rules.Config{
		Rules: []rules.Rule{{
			Name: "pushers", Users: []string{"paula"}, Allow: []rules.Mode{rules.Push, rules.Prompt, rules.Passcode, rules.Code},
			Clients: []rules.ClientRule{{Header: "X-Mirth-Server-Url", Mode: rules.Prompt}},
		}},
		Exemptions: []rules.Exemption{{
			Name: "backup", Users: []string{"svc"}, Networks: []netip.Prefix{exemptNet}, Owner: "alice", Reason: "nightly",
			Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Paths: []string{"/users/current"}, Methods: []string{"GET"},
		}},
	}
}

func newSealer(tb testing.TB) *seal.Sealer {
	tb.Helper()
	key, err := seal.NewKey()
	must(tb, err)
	s, err := seal.New(key)
	must(tb, err)
	return s
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// passive marks the model's own looks, which keep no session alive.
const passive = "X-Model-Look"

// open starts a process on what is there, as the command does.
func (w *world) open(tb testing.TB) *server {
	tb.Helper()
	w.gate.revive()
	s := &server{w: w}
	var err error
	s.set, err = rules.New(modelRules())
	must(tb, err)
	s.tokens, err = token.NewTokens(token.TokensConfig{Store: tokensAt{w.disk.tokens, w.gate}, Sealer: w.sealer, Recorder: w.book, Now: w.clock.Now})
	must(tb, err)
	s.codes, err = token.NewCodes(token.CodesConfig{Store: signInAt{w.disk.signIn, w.gate}, Recorder: w.book, Now: w.clock.Now})
	must(tb, err)
	s.glass, err = token.NewBreakGlass(token.BreakGlassConfig{Store: glassAt{w.disk.glass, w.gate}, Recorder: w.book, Now: w.clock.Now})
	must(tb, err)
	if w.engine == nil {
		s.openDirectory(tb)
	} else {
		s.openUpstream(tb)
	}
	s.openSessions(tb)
	s.openFlow(tb)
	s.openWeb(tb)
	return s
}

func (s *server) openDirectory(tb testing.TB) {
	tb.Helper()
	limits := primary.LoginLimits(plenty)
	limits.Now = s.w.clock.Now
	limiter, err := throttle.New(limits)
	must(tb, err)
	s.directory, err = primary.NewLocal(primary.LocalConfig{
		Users: usersAt{s.w.disk.users, s.w.gate}, Limiter: limiter, Hasher: plainHasher{}, Now: s.w.clock.Now, Logger: s.w.journal.logger(),
	})
	must(tb, err)
}

func (s *server) openUpstream(tb testing.TB) {
	tb.Helper()
	limits := upstream.LoginLimits(3, plenty)
	limits.Now = s.w.clock.Now
	limiter, err := throttle.New(limits)
	must(tb, err)
	s.upstream, err = upstream.New(upstream.Config{
		Engine: s.w.engine, Ledger: ledgerAt{s.w.disk.ledger, s.w.gate}, Sealer: s.w.sealer, Limiter: limiter, MaxFailures: 3 * plenty,
		Recorder: s.w.book, RefusalTime: -1, Logger: s.w.journal.logger(), Now: s.w.clock.Now,
	})
	must(tb, err)
	s.standing, err = standing.New(standing.Config{Upstream: s.upstream, Credentials: s.tokens, Logger: s.w.journal.logger(), Now: s.w.clock.Now})
	must(tb, err)
}

func (s *server) openSessions(tb testing.TB) {
	tb.Helper()
	var err error
	s.sessions, err = session.New(session.Config{
		Store: sessionsAt{s.w.disk.sessions, s.w.gate}, Recorder: s.w.book, Idle: idle, Absolute: absolute, PerUser: perUser,
		Passive: func(r *http.Request) bool { return r.Header.Get(passive) != "" },
		Source:  web.ClientAddr(nil), Now: s.w.clock.Now,
		OnEnd: func(ctx context.Context, v session.Session) {
			if s.upstream != nil && len(v.Carry) > 0 {
				s.upstream.Release(ctx, v.Username, v.Carry)
			}
		},
	})
	must(tb, err)
}

// carries and glassCodes are as the command makes them.
type carries struct{ u *upstream.Upstream }

func (c carries) Release(ctx context.Context, username string, carry mfa.Carry) {
	c.u.Release(ctx, username, carry)
}

func (c carries) Verify(ctx context.Context, username string, carry mfa.Carry) error {
	err := c.u.Verify(ctx, username, carry)
	if errors.Is(err, upstream.ErrGone) || errors.Is(err, upstream.ErrDrift) || errors.Is(err, upstream.ErrCarry) {
		return errors.Join(mfa.ErrCarryGone, err)
	}
	return err
}

type glassCodes struct{ codes *token.BreakGlass }

func (g glassCodes) Spend(ctx context.Context, username, code string) (string, error) {
	handle, err := g.codes.Spend(ctx, username, code)
	if errors.Is(err, token.ErrRefused) {
		err = errors.Join(mfa.ErrBreakGlassCode, err)
	}
	return handle, err
}

type engineAccounts struct{}

func (engineAccounts) Unchanged(context.Context, string, time.Time) (bool, error) { return true, nil }

func (s *server) openFlow(tb testing.TB) {
	tb.Helper()
	w := s.w
	c := mfa.Config{
		SecondFactor: w.second, Transactions: txsAt{w.disk.txs, w.gate}, Sources: sourcesAt{w.disk.sources, w.gate}, Codes: codesAt{w.disk.codes, w.gate},
		Recorder: w.book, Prover: w.duo, BreakGlass: glassCodes{s.glass}, Lifetime: lifetime,
		Limits: mfa.Limits{PerClient: perClient, Total: 1 << 20}, Logger: w.journal.logger(), Now: w.clock.Now,
	}
	if s.upstream == nil {
		c.Accounts = s.directory
	} else {
		c.Accounts, c.Releaser, c.Carries = engineAccounts{}, carries{s.upstream}, carries{s.upstream}
	}
	var err error
	s.flow, err = mfa.New(c)
	must(tb, err)
}

func (s *server) openWeb(tb testing.TB) {
	tb.Helper()
	w := s.w
	second, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 20 * plenty, Window: time.Minute}, Now: w.clock.Now})
	must(tb, err)
	pd := portal.Deps{Login: s.flow, Sessions: s.sessions, Codes: s.codes, Recorder: w.book, Rules: s.set}
	d := web.Deps{
		Login: s.flow, Prompts: s.flow, Sessions: s.sessions, SessionKeeper: s.sessions, SecondCalls: second, Recorder: w.book,
		Rules: s.set, Proofs: s.flow, Tokens: s.tokens, Codes: s.codes,
	}
	if s.upstream == nil {
		d.Authenticator, d.Directory, d.Notes, d.Accounts = s.directory, s.directory, s.directory, s.directory
		pd.Authenticator, pd.Directory, pd.Notes = s.directory, s.directory, s.directory
	} else {
		d.Authenticator, d.Notes, d.Upstream, d.TokenCarries = s.upstream, s.upstream, s.upstream, s.standing
		d.Accounts, d.Carries, d.Gateway = engineAccounts{}, carries{s.upstream}, s.openGateway(tb)
		pd.Authenticator, pd.Notes, pd.Releaser = s.upstream, s.upstream, s.upstream
	}
	pages, err := portal.New(portal.Config{PublicURLs: []string{public}, Client: web.Clients(nil), Logger: w.journal.logger(), Now: w.clock.Now}, pd)
	must(tb, err)
	d.Rooms = []web.Room{{Path: web.PortalPath, Handler: pages}}
	s.handler, err = web.New(web.Config{PublicURLs: []string{public}, ServerVersion: "4.5.2", Now: w.clock.Now, Logger: w.journal.logger()}, d)
	must(tb, err)
}

func (s *server) openGateway(tb testing.TB) *gateway.Gateway {
	tb.Helper()
	w := s.w
	guard, err := access.New(access.Config{Rules: s.set, Approver: s.flow, Client: web.Clients(nil), Logger: w.journal.logger(), Now: w.clock.Now})
	must(tb, err)
	g, err := gateway.New(gateway.Config{
		Target: &url.URL{Scheme: "https", Host: "engine.example.org"}, Transport: w.engine, Engine: w.engine,
		Client: web.ClientAddr(nil), RequestID: web.RequestID, Cookies: s.upstream, Sessions: s.sessions, Access: guard,
		Stale:    func(ctx context.Context, v session.Session) { s.standing.Stale(ctx, v.Token, v.Carry) },
		Recorder: w.book, Logger: w.journal.logger(), Now: w.clock.Now,
	})
	must(tb, err)
	return g
}

// stop ends the process: killed is without a word, as by kill -9.
func (s *server) stop(killed bool) {
	if killed {
		s.w.gate.die()
	}
	if s.upstream == nil {
		return
	}
	s.standing.Close(context.Background())
	if err := s.upstream.Close(context.Background()); err != nil && !killed {
		s.w.journal.logger().Warn("close", slog.Any("err", err))
	}
}

// recover is what the command does before the first login behind which an
// engine stands.
func (s *server) recover(ctx context.Context) error {
	if s.upstream == nil {
		return nil
	}
	_, err := s.upstream.Recover(ctx)
	_, err2 := s.flow.EndUnfinished(ctx)
	return errors.Join(err, err2)
}

// sweep does all duties of the server once.
func (s *server) sweep(ctx context.Context) error {
	_, err := s.sessions.Sweep(ctx)
	_, err2 := s.flow.Sweep(ctx)
	expired, err3 := s.codes.Sweep(ctx)
	_, err4 := s.tokens.Sweep(ctx)
	var err5 error
	if s.upstream != nil {
		for _, p := range expired {
			s.upstream.Release(ctx, p.Username, p.Carry)
		}
		_, err5 = s.upstream.Sweep(ctx)
		s.standing.Sweep(ctx)
	}
	return errors.Join(err, err2, err3, err4, err5)
}
