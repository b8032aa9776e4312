package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
)

// Open logs in with the credential of a service token, without counting
// failures: it is this server's own, not somebody's guess. A password that the
// engine called wrong is not tried again for an hour, then for two, up to a day:
// a token that outlived its password would otherwise lock its user's account.
// The session stays in the ledger, so that a crash ends it, until the caller
// releases it; it is not to be adopted. username must be the engine's own name
// for the user. Errors: [primary.ErrRefused], [primary.ErrPasswordExpired],
// [primary.ErrThrottled] when too many logins are under way, [ErrDrift],
// [primary.ErrUnavailable].
func (u *Upstream) Open(ctx context.Context, username string, password secret.Secret) ([]byte, error) {
	if u.isClosing() {
		return nil, unavailable(errClosed)
	}
	if reason := malformed(primary.Attempt{Username: username, Password: password}); reason != "" {
		return nil, &primary.RefusedError{Reason: reason}
	}
	leave, err := u.gate.enter(ctx, bucket(username))
	if err != nil {
		return nil, err
	}
	defer leave()
	key := u.cfg.Sealer.MAC("upstream credential", []byte(username+"\x00"+password.Reveal()))
	now := u.cfg.Now()
	if u.stale.has(key, now) {
		return nil, &primary.RefusedError{Reason: primary.ReasonWrongPassword}
	}
	ctx = context.WithoutCancel(ctx)
	login, err := u.cfg.Engine.Login(ctx, username, password)
	if err != nil {
		if e, ok := errors.AsType[*engine.RefusedError](err); ok && e.Status == mirth.StatusFail {
			u.stale.note(key, now)
		}
		return nil, refusal(err)
	}
	u.stale.forget(key)
	return u.open(ctx, &held{id: newID(), username: username, openedAt: now, cookie: login.Cookie}, login)
}

func (u *Upstream) open(ctx context.Context, h *held, login engine.Login) ([]byte, error) {
	username := h.username
	u.keep(h.id)
	result, err := u.accept(ctx, h, login)
	if err != nil {
		return nil, err
	}
	if result.User.Username != username {
		u.end(ctx, h, reasonDrift)
		return nil, ErrDrift
	}
	return result.Carry, nil
}

// keep marks a session that nobody will adopt.
func (u *Upstream) keep(id ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.kept[id] = struct{}{}
}

const (
	firstStale = time.Hour
	maxStale   = 24 * time.Hour
	// maxStales is how many stale credentials are remembered.
	maxStales = 4096
)

// stales remembers credentials of this server that the engine called wrong, by
// a keyed hash.
type stales struct {
	mu   sync.Mutex
	last map[[32]byte]stale
}

// stale is a credential that is left alone until a time.
type stale struct {
	until time.Time
	rest  time.Duration
}

func (s *stales) has(key [32]byte, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.last[key].until)
}

func (s *stales) note(key [32]byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := min(max(firstStale, 2*s.last[key].rest), maxStale)
	if s.last == nil || len(s.last) >= maxStales {
		s.last = make(map[[32]byte]stale)
	}
	s.last[key] = stale{until: now.Add(rest), rest: rest}
}

func (s *stales) forget(key [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.last, key)
}
