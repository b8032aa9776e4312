package token

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
)

// Bounds of sign-in codes.
const (
	// CodeLifetime is how long a sign-in code may be typed.
	CodeLifetime = 2 * time.Minute
	// codesPerUser is the most live ones of a user; the next replaces the
	// first.
	codesPerUser = 3
	// codeMisses is how many uses under a wrong name end a code.
	codeMisses = 5
)

// Proof is a complete login, password and second factor, that waits to become
// a session of another client: a grant of the flow, in its words.
type Proof struct {
	// Username is the canonical name; Typed is another name under which the
	// code may be used, what was typed at the login. May be empty.
	Username      string
	Typed         string
	UserID        int
	Administrator bool
	// Primary is how the password was accepted, Message what was said.
	Primary string
	Message string
	// Carry is the sealed upstream session.
	Carry       []byte
	Factor      string
	Reason      string
	Device      string
	TxID        string
	Transaction string
	// At is when the second factor was proved.
	At time.Time
}

// CodesConfig is what [Codes] needs. Store and Recorder are required.
type CodesConfig struct {
	Store    SignInCodes
	Recorder audit.Recorder
	// Lifetime defaults to [CodeLifetime].
	Lifetime time.Duration
	// Logger defaults to none.
	Logger *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Codes issues and redeems sign-in codes. It is safe for concurrent use.
type Codes struct{ CodesConfig }

// NewCodes returns Codes, or [ErrConfig].
func NewCodes(c CodesConfig) (*Codes, error) {
	if c.Store == nil || c.Recorder == nil {
		return nil, fmt.Errorf("%w: store and recorder are needed", ErrConfig)
	}
	return &Codes{c}, nil
}

// Issue makes a code for a proof and says when it expires. The carry is the
// code's from then on; after an error it is still the caller's. Errors:
// [ErrArgument], [ErrUnavailable].
func (s *Codes) Issue(ctx context.Context, p Proof) (secret.Secret, time.Time, error) {
	return secret.Secret{}, time.Time{}, ErrUnavailable
}

// Redeem spends a code, typed by username from addr, and returns its proof
// with the carry, once. Under another name the code is not spent; the fifth
// time it is given up. Errors: [ErrUnknown], [ErrExpired], [ErrSpent],
// [ErrRevoked], [ErrWrongUser], all of them [ErrRefused], and
// [ErrUnavailable].
func (s *Codes) Redeem(ctx context.Context, username, code string, addr netip.Addr) (Proof, error) {
	return Proof{}, ErrUnavailable
}

// Sweep removes codes that are over and returns the proofs of those that were
// never used, whose carries the caller releases; also together with an error.
// Call it every few seconds.
func (s *Codes) Sweep(ctx context.Context) (expired []Proof, err error) {
	return nil, ErrUnavailable
}
