package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"mfaserver/internal/config"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/standing"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/gateway"
	"mfaserver/web/gateway/access"
)

// behind is what stands behind a gateway.
type behind struct {
	client *engine.Client
	// trust is the digest of the authorities that client was given.
	trust    [sha256.Size]byte
	engine   *upstream.InForce
	upstream *upstream.Upstream
	standing *standing.Sessions
	guard    *access.Guard
	// gateway is nil until there is a handler: commands have none.
	gateway *gateway.Gateway
}

// openEngine makes the client of the engine and what keeps its sessions. It
// asks the engine nothing.
func (a *app) openEngine(context.Context) error {
	limiter, err := a.passwordCounters("upstream")
	if err != nil {
		return err
	}
	if a.before != nil {
		return a.followEngine()
	}
	a.passwords = limiter
	client, trust, err := newEngine(a.cfg)
	if err != nil {
		return err
	}
	inForce := &upstream.InForce{}
	inForce.Use(client)
	a.closers = append(a.closers, func() error { inForce.Client().Close(); return nil })
	sealed, err := a.sealer("upstream.key")
	if err != nil {
		return err
	}
	name, err := node(a.cfg)
	if err != nil {
		return err
	}
	keeper, err := upstream.New(upstream.Config{
		Engine: inForce, Ledger: a.db.Ledger(), Node: name, Sealer: sealed, Limiter: limiter,
		MaxFailures: a.cfg.Primary.Upstream.MaxFailures * a.cfg.LimitsFactor,
		Recorder:    a.recorder, Logger: a.logger, Now: now,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { return closeUpstream(keeper) }) //nolint:contextcheck // runs at the stop, when ctx is over
	tokens, err := standing.New(standing.Config{Upstream: keeper, Credentials: a.tokens, Logger: a.logger, Now: now})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { tokens.Close(context.Background()); return nil }) //nolint:contextcheck // as above
	a.behind = &behind{client: client, trust: trust, engine: inForce, upstream: keeper, standing: tokens}
	return nil
}

// upstreamClose bounds how long a stop waits for the engine's logouts. What is
// left is logged out at the next start.
const upstreamClose = 5 * time.Second

func closeUpstream(u *upstream.Upstream) error {
	ctx, cancel := context.WithTimeout(context.Background(), upstreamClose)
	defer cancel()
	return u.Close(ctx)
}

// newEngine makes the client of the configured engine; trust is the digest of
// the authorities that it was given.
func newEngine(cfg *config.Config) (client *engine.Client, trust [sha256.Size]byte, err error) {
	u := cfg.Primary.Upstream
	c := engine.Config{URL: u.URL, PinSHA256: u.PinSHA256, AllowHTTP: u.AllowHTTP}
	if u.CAFile != "" {
		pem, err := os.ReadFile(u.CAFile)
		if err != nil {
			return nil, trust, fmt.Errorf("primary.upstream.ca_file: %w", err)
		}
		trust = sha256.Sum256(pem)
		c.CA = x509.NewCertPool()
		if !c.CA.AppendCertsFromPEM(pem) {
			return nil, trust, fmt.Errorf("%w: primary.upstream.ca_file: no certificate in it", config.ErrInvalid)
		}
	}
	client, err = engine.New(c)
	if err != nil {
		return nil, trust, errors.Join(config.ErrInvalid, err)
	}
	return client, trust, nil
}

// recoverEngine ends, before the first login, what an earlier process left
// half-open at the engine (threat T013).
func (a *app) recoverEngine(ctx context.Context) error {
	left, err := a.behind.upstream.Recover(ctx)
	if err != nil {
		return err
	}
	logins := 0
	if a.file != nil {
		// Nobody else uses the store. Where other nodes do, a login whose
		// session at the engine was ended is refused at its second call.
		if logins, err = a.flow.EndUnfinished(ctx); err != nil {
			return err
		}
	}
	if left+logins > 0 {
		a.logger.WarnContext(ctx, "ending what an earlier process left at the engine",
			slog.Int("sessions", left), slog.Int("logins", logins))
	}
	return nil
}

// release logs a session of ours that has ended out at the engine too, with
// the cookie that the engine gave it last.
func (b *behind) release(ctx context.Context, s session.Session) {
	if b.gateway != nil {
		if cookie, rotated := b.gateway.Forget(s); rotated {
			// A carry that is gone has nothing to log out.
			_ = b.upstream.Rotate(s.Username, s.Carry, cookie)
		}
	}
	b.upstream.Release(ctx, s.Username, s.Carry)
}

// carries shows the flow the engine's sessions.
type carries struct{ upstream *upstream.Upstream }

// Release implements [mfa.Releaser].
func (c carries) Release(ctx context.Context, username string, carry mfa.Carry) {
	c.upstream.Release(ctx, username, carry)
}

// Verify implements [mfa.Carries].
func (c carries) Verify(ctx context.Context, username string, carry mfa.Carry) error {
	err := c.upstream.Verify(ctx, username, carry)
	if errors.Is(err, upstream.ErrGone) || errors.Is(err, upstream.ErrDrift) || errors.Is(err, upstream.ErrCarry) {
		return errors.Join(mfa.ErrCarryGone, err)
	}
	return err
}

// engineAccounts stands for the accounts of an engine. Whether one is what it
// was at the first call, the session that the password opened says: see
// [carries.Verify].
type engineAccounts struct{}

// Unchanged implements [mfa.Accounts].
func (engineAccounts) Unchanged(context.Context, string, time.Time) (bool, error) { return true, nil }
