package engine

import (
	"context"
	"fmt"
	"net/http"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// CurrentUser asks whose session cookie is (GET users/current). A session that
// the engine does not know is [ErrNoSession].
func (c *Client) CurrentUser(ctx context.Context, cookie secret.Secret) (mirth.User, error) {
	if cookie.IsZero() {
		return mirth.User{}, ErrNoSession
	}
	a, err := c.ask(ctx, question{
		method: http.MethodGet, path: "/api/users/current", accept: acceptLogin, cookie: cookie, limit: maxSmall,
	}, c.config.Timeout)
	if err != nil {
		return mirth.User{}, err
	}
	switch a.status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return mirth.User{}, ErrNoSession
	default:
		return mirth.User{}, a.unexpected()
	}
	user, err := mirth.ParseUser(a.body, a.contentType)
	if err != nil {
		return mirth.User{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return user, nil
}

// Logout ends a session (POST users/_logout). One that the engine does not
// know has ended already: that is no error.
func (c *Client) Logout(ctx context.Context, cookie secret.Secret) error {
	if cookie.IsZero() {
		return nil
	}
	a, err := c.ask(ctx, question{
		method: http.MethodPost, path: "/api/users/_logout", accept: acceptLogin, cookie: cookie, limit: maxSmall,
	}, c.config.Timeout)
	if err != nil {
		return err
	}
	if a.status != http.StatusNoContent && a.status != http.StatusUnauthorized {
		return a.unexpected()
	}
	return nil
}
