package upstream

import (
	"context"
	"net/netip"

	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
)

// Upstream checks passwords at the engine and owns the sessions that come of
// it. It is safe for concurrent use. Call Recover once before it serves, Sweep
// every few seconds, Close at the end.
type Upstream struct{ cfg Config }

var _ primary.Authenticator = (*Upstream)(nil)

// New returns an Upstream; [ErrConfig].
func New(c Config) (*Upstream, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Upstream{cfg: c}, nil
}

// Authenticate implements [primary.Authenticator].
func (u *Upstream) Authenticate(context.Context, primary.Attempt) (primary.Result, error) {
	return primary.Result{}, primary.ErrUnavailable
}

// NoteLogin notes a complete login.
func (u *Upstream) NoteLogin(context.Context, string, netip.Addr) error { return ErrUnavailable }

// Open opens a session for a token.
func (u *Upstream) Open(context.Context, string, secret.Secret) ([]byte, error) {
	return nil, ErrUnavailable
}

// Adopt takes a session out of the ledger.
func (u *Upstream) Adopt(context.Context, string, []byte) error { return ErrUnavailable }

// Cookie opens a carry.
func (u *Upstream) Cookie(string, []byte) (secret.Secret, error) {
	return secret.Secret{}, ErrUnavailable
}

// Verify asks the engine whose the session is.
func (u *Upstream) Verify(context.Context, string, []byte) error { return ErrUnavailable }

// Release ends a session.
func (u *Upstream) Release(context.Context, string, []byte) {}

// Recover ends what an earlier process left.
func (u *Upstream) Recover(context.Context) (int, error) { return 0, ErrUnavailable }

// Sweep tries again what could not be ended.
func (u *Upstream) Sweep(context.Context) (int, error) { return 0, ErrUnavailable }

// Close waits for what is under way.
func (u *Upstream) Close(context.Context) error { return nil }
