// Package standing keeps one session at the engine for each service token that
// is in use. It opens the session with the token's sealed credential at the
// first request, gives it to all that use the token, and ends it when the token
// rests, is revoked or the server stops.
package standing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mfaserver/internal/secret"
)

// Errors of the package.
var (
	// ErrConfig: the [Config] makes no sense.
	ErrConfig = errors.New("standing: configuration refused")
	// ErrClosed: the server stops.
	ErrClosed = errors.New("standing: closed")
	// ErrResting: the engine refused a moment ago; it is not asked again for a
	// while, so that no account is locked through a token.
	ErrResting = errors.New("standing: the engine refused a moment ago")
)

// Upstream opens and ends sessions at the engine.
type Upstream interface {
	// Open opens a session of the user and returns it sealed.
	Open(ctx context.Context, username string, password secret.Secret) (carry []byte, err error)
	// Release ends it. It does not block.
	Release(ctx context.Context, username string, carry []byte)
}

// Credentials keeps the passwords behind tokens.
type Credentials interface {
	// Credential returns the password at the engine of a token's user.
	Credential(ctx context.Context, id string) (secret.Secret, error)
}

// Defaults of [Config].
const (
	DefaultIdle = 10 * time.Minute
	DefaultRest = time.Minute
	// openTime bounds the login behind a token.
	openTime = 15 * time.Second
)

// Config is what [Sessions] needs. Upstream and Credentials are required.
type Config struct {
	Upstream    Upstream
	Credentials Credentials
	// Idle ends a session that no request used for so long; 0 means
	// [DefaultIdle].
	Idle time.Duration
	// Rest is how long the engine is left alone after it refused; 0 means
	// [DefaultRest].
	Rest   time.Duration
	Logger *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Sessions are the engine's sessions of service tokens. It is safe for
// concurrent use.
type Sessions struct {
	cfg Config

	mu     sync.Mutex // guards what follows
	all    map[string]*held
	closed bool
}

// held is the session of one token. What follows gate belongs to who holds it.
type held struct {
	gate     chan struct{} // one token: who opens or drops
	username string
	carry    []byte
	used     time.Time
	rest     time.Time // no login before
}

// New returns Sessions without any; [ErrConfig].
func New(c Config) (*Sessions, error) {
	if c.Upstream == nil || c.Credentials == nil {
		return nil, fmt.Errorf("%w: upstream and credentials are needed", ErrConfig)
	}
	if c.Idle == 0 {
		c.Idle = DefaultIdle
	}
	if c.Rest == 0 {
		c.Rest = DefaultRest
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return &Sessions{cfg: c, all: make(map[string]*held)}, nil
}

// Carry returns the sealed session of the token with that id, and opens one
// where there is none. Requests of one token that come at once wait for one
// login. Errors are those of Upstream and Credentials, [ErrResting],
// [ErrClosed] and the context's.
func (s *Sessions) Carry(ctx context.Context, id, username string) ([]byte, error) {
	h, err := s.enter(ctx, id)
	if err != nil {
		return nil, err
	}
	defer h.leave()
	now := s.cfg.Now()
	h.used = now
	if h.carry != nil {
		return h.carry, nil
	}
	if now.Before(h.rest) {
		return nil, ErrResting
	}
	carry, err := s.open(ctx, id, username)
	if err != nil {
		h.rest = now.Add(s.cfg.Rest)
		return nil, err
	}
	h.username, h.carry = username, carry
	return carry, nil
}

// open is brought to its end although the caller may go away: others may wait
// for the same session.
func (s *Sessions) open(ctx context.Context, id, username string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTime)
	defer cancel()
	password, err := s.cfg.Credentials.Credential(ctx, id)
	if err != nil {
		return nil, err
	}
	carry, err := s.cfg.Upstream.Open(ctx, username, password)
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "the engine took no session for a service token", slog.String("token", id), slog.Any("err", err))
		return nil, err
	}
	return carry, nil
}

// Stale drops the session because the engine no longer knows it, if it still
// is the one that the request used; the next request opens another.
func (s *Sessions) Stale(ctx context.Context, id string, carry []byte) {
	s.drop(ctx, id, func(h *held) bool { return string(h.carry) == string(carry) })
}

// End ends the session of a token that was revoked.
func (s *Sessions) End(ctx context.Context, id string) {
	s.drop(ctx, id, func(*held) bool { return true })
}

// Sweep ends the sessions that rest.
func (s *Sessions) Sweep(ctx context.Context) {
	before := s.cfg.Now().Add(-s.cfg.Idle)
	for _, id := range s.ids() {
		s.drop(ctx, id, func(h *held) bool { return h.used.Before(before) })
	}
}

// Close ends all of them. Later calls of Carry fail with [ErrClosed].
func (s *Sessions) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, id := range s.ids() {
		s.End(ctx, id)
	}
}

func (s *Sessions) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(s.all))
	for id := range s.all {
		ids = append(ids, id)
	}
	return ids
}

// enter waits for the turn at a token's session.
func (s *Sessions) enter(ctx context.Context, id string) (*held, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	h := s.all[id]
	if h == nil {
		h = &held{gate: make(chan struct{}, 1)}
		s.all[id] = h
	}
	s.mu.Unlock()
	select {
	case h.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.isClosed() {
		// Close has been here already, and nobody else will.
		h.leave()
		return nil, ErrClosed
	}
	return h, nil
}

func (s *Sessions) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (h *held) leave() { <-h.gate }

// drop ends a session that which picks. It waits for whoever opens it.
func (s *Sessions) drop(ctx context.Context, id string, which func(*held) bool) {
	s.mu.Lock()
	h := s.all[id]
	s.mu.Unlock()
	if h == nil {
		return
	}
	h.gate <- struct{}{}
	defer h.leave()
	if h.carry == nil || !which(h) {
		return
	}
	s.cfg.Upstream.Release(ctx, h.username, h.carry)
	h.carry = nil
}
