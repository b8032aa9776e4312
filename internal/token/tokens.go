package token

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
)

// DefaultMaxLife is how long a service token may live.
const DefaultMaxLife = 365 * 24 * time.Hour

// TokensConfig is what [Tokens] needs. Store, Sealer and Recorder are
// required.
type TokensConfig struct {
	Store ServiceTokens
	// Sealer seals the upstream credentials.
	Sealer   *seal.Sealer
	Recorder audit.Recorder
	// MaxLife bounds the life of new tokens; 0 means [DefaultMaxLife].
	MaxLife time.Duration
	// Logger defaults to none.
	Logger *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Tokens makes, checks and revokes service tokens. It is safe for concurrent
// use.
type Tokens struct{ TokensConfig }

// NewTokens returns Tokens, or [ErrConfig].
func NewTokens(c TokensConfig) (*Tokens, error) {
	if c.Store == nil || c.Sealer == nil || c.Recorder == nil {
		return nil, fmt.Errorf("%w: store, sealer and recorder are needed", ErrConfig)
	}
	return &Tokens{c}, nil
}

// Create makes a token and returns it with its value, which is nowhere else
// and not shown again. Errors: [ErrArgument], [ErrUnavailable].
func (s *Tokens) Create(ctx context.Context, n New) (Token, secret.Secret, error) {
	return Token{}, secret.Secret{}, ErrUnavailable
}

// List returns all tokens, ended ones too until [Tokens.Sweep] removes them,
// the earliest first.
func (s *Tokens) List(ctx context.Context) ([]Token, error) { return nil, ErrUnavailable }

// Get returns the token of an id, live or not; [ErrUnknown].
func (s *Tokens) Get(ctx context.Context, id string) (Token, error) { return Token{}, ErrUnavailable }

// Revoke ends a token at once and for ever, and drops its credential. by is
// who does it. [ErrUnknown], or [ErrRevoked] when it has ended already.
func (s *Tokens) Revoke(ctx context.Context, id, by, reason string) (Token, error) {
	return Token{}, ErrUnavailable
}

// Check returns the token of a value that is used from addr now. Errors:
// [ErrUnknown], [ErrExpired], [ErrRevoked], [ErrNetwork], all of them
// [ErrRefused], and [ErrUnavailable].
func (s *Tokens) Check(ctx context.Context, value string, addr netip.Addr) (Token, error) {
	return Token{}, ErrUnavailable
}

// CheckID is Check for a session that a token began: whether the token of the
// id is still good, from addr.
func (s *Tokens) CheckID(ctx context.Context, id string, addr netip.Addr) (Token, error) {
	return Token{}, ErrUnavailable
}

// Credential returns the upstream password behind a live token;
// [ErrNoCredential], or as Check.
func (s *Tokens) Credential(ctx context.Context, id string) (secret.Secret, error) {
	return secret.Secret{}, ErrUnavailable
}

// Sweep ends tokens whose time is over, dropping their credentials, seals
// credentials anew that are under an earlier key, and removes tokens that
// ended long ago. It returns how many ended. Call it about once an hour.
func (s *Tokens) Sweep(ctx context.Context) (int, error) { return 0, ErrUnavailable }
