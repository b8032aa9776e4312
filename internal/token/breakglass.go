package token

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
)

// Bounds of break-glass codes.
const (
	// MaxBreakGlass is the most codes a user can have.
	MaxBreakGlass = 10
	// DefaultBreakGlassLife is how long they keep.
	DefaultBreakGlassLife = 365 * 24 * time.Hour
)

// BreakGlassConfig is what [BreakGlass] needs. Store and Recorder are
// required.
type BreakGlassConfig struct {
	Store    BreakGlassCodes
	Recorder audit.Recorder
	// Life defaults to [DefaultBreakGlassLife].
	Life time.Duration
	// Logger defaults to none.
	Logger *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// BreakGlass makes and spends break-glass codes: one-use second factors, made
// in advance and kept in an envelope, for the day Duo cannot be asked. It is
// safe for concurrent use.
type BreakGlass struct{ BreakGlassConfig }

// NewBreakGlass returns a BreakGlass, or [ErrConfig].
func NewBreakGlass(c BreakGlassConfig) (*BreakGlass, error) {
	if c.Store == nil || c.Recorder == nil {
		return nil, fmt.Errorf("%w: store and recorder are needed", ErrConfig)
	}
	return &BreakGlass{c}, nil
}

// Make makes count codes (1 to [MaxBreakGlass]) for a user in the place of
// those he has. They are nowhere else and not shown again. by is who does it,
// reason what for; both are required. Errors: [ErrArgument], [ErrUnavailable].
func (s *BreakGlass) Make(ctx context.Context, username string, count int, by, reason string) ([]secret.Secret, error) {
	return nil, ErrUnavailable
}

// Spend uses a code of a user and returns its handle for the audit trail.
// Errors: [ErrUnknown], [ErrWrongUser], [ErrExpired], [ErrSpent],
// [ErrThrottled], all of them [ErrRefused], and [ErrUnavailable].
func (s *BreakGlass) Spend(ctx context.Context, username, code string) (handle string, err error) {
	return "", ErrUnavailable
}

// Envelope is what may be told of a break-glass code.
type Envelope struct {
	Handle    string
	Username  string
	MadeAt    time.Time
	ExpiresAt time.Time
	// SpentAt is zero while the code was not used.
	SpentAt time.Time
	By      string
	Reason  string
}

// Count says how many codes of a user can be used now.
func (s *BreakGlass) Count(ctx context.Context, username string) (int, error) {
	return 0, ErrUnavailable
}

// List returns the codes of a user, spent and expired ones too; of everybody
// when username is empty.
func (s *BreakGlass) List(ctx context.Context, username string) ([]Envelope, error) {
	return nil, ErrUnavailable
}

// Revoke ends all codes of a user and says how many could still be used.
func (s *BreakGlass) Revoke(ctx context.Context, username, by, reason string) (int, error) {
	return 0, ErrUnavailable
}
