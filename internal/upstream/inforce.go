package upstream

import (
	"context"
	"sync/atomic"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
)

// InForce is the client of the engine for those who outlive a configuration:
// the next one may trust other authorities. The zero value is of no use before
// Use. It is safe for concurrent use, and closes nothing.
type InForce struct{ current atomic.Pointer[engine.Client] }

var _ Engine = (*InForce)(nil)

// Use makes c the client of every call that begins from now on.
func (f *InForce) Use(c *engine.Client) { f.current.Store(c) }

// Client returns the client in force.
func (f *InForce) Client() *engine.Client { return f.current.Load() }

// Login implements [Engine].
func (f *InForce) Login(ctx context.Context, username string, password secret.Secret) (engine.Login, error) {
	return f.Client().Login(ctx, username, password)
}

// CurrentUser implements [Engine].
func (f *InForce) CurrentUser(ctx context.Context, cookie secret.Secret) (mirth.User, error) {
	return f.Client().CurrentUser(ctx, cookie)
}

// Logout implements [Engine].
func (f *InForce) Logout(ctx context.Context, cookie secret.Secret) error {
	return f.Client().Logout(ctx, cookie)
}
