package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

const (
	cookieName = "JSESSIONID"
	// lateTimeout is how long a login that nobody waits for any more may go on
	// before it is cut off.
	lateTimeout = time.Minute
	// maxCookies is how many sessions of one odd answer are logged out.
	maxCookies = 2
)

// cookieValue is what Jetty makes session ids of, and so cannot smuggle
// anything into a header.
var cookieValue = regexp.MustCompile(`^[A-Za-z0-9._-]{8,256}$`)

// outcome is how a login ended.
type outcome struct {
	login Login
	err   error
}

// Login asks the engine whether password is username's (POST users/_login). It
// succeeds only if the status code is 200 and the body is one well-formed
// LoginStatus that says SUCCESS or SUCCESS_GRACE_PERIOD and a session cookie
// came with it (threats T012, T017). A refusal is a [*RefusedError]; all else
// is [ErrUnavailable] or an error that matches it.
//
// A login cannot be taken back by hanging up: where ctx or the timeout ends
// first, the exchange goes on for at most a minute, holding its turn, and a
// session that it opens is logged out (threat T013).
func (c *Client) Login(ctx context.Context, username string, password secret.Secret) (Login, error) {
	wait, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	if err := enter(wait, c.logins); err != nil {
		return Login{}, err
	}
	done := make(chan outcome)
	if !c.begin(func() {
		defer leave(c.logins)
		long, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.Timeout+lateTimeout)
		defer cancel()
		defer context.AfterFunc(c.ctx, cancel)() //nolint:contextcheck // Close ends it too
		login, err := c.login(long, username, password)
		select {
		case done <- outcome{login, err}:
		case <-wait.Done():
			c.drop(long, login.Cookie)
		}
	}) {
		leave(c.logins)
		return Login{}, ErrClosed
	}
	select {
	case o := <-done:
		return o.login, o.err
	case <-wait.Done():
		return Login{}, fmt.Errorf("%w: %w", ErrUnavailable, wait.Err())
	}
}

func (c *Client) login(ctx context.Context, username string, password secret.Secret) (Login, error) {
	a, err := c.send(ctx, question{
		method: http.MethodPost,
		path:   "/api/users/_login",
		accept: acceptLogin,
		form:   url.Values{"username": {username}, "password": {password.Reveal()}},
		limit:  maxSmall,
	})
	cookies, cookieErr := sessionCookies(a.header)
	var login Login
	if err == nil {
		login, err = judge(a)
	}
	if err == nil {
		err = cookieErr
	}
	if err != nil {
		if !errors.Is(err, ErrRefused) {
			for _, cookie := range cookies {
				c.drop(ctx, cookie) // whatever it said, it may have opened a session
			}
		}
		return Login{}, err
	}
	login.Cookie = cookies[0]
	return login, nil
}

// judge decides what an answer to a login means, but for its cookie.
func judge(a answer) (Login, error) {
	if a.status != http.StatusOK && a.status != http.StatusUnauthorized {
		return Login{}, a.unexpected()
	}
	parsed, err := mirth.ParseLoginStatus(a.body, a.contentType)
	if err != nil {
		return Login{}, fmt.Errorf("%w: HTTP %d: %w", ErrMalformed, a.status, err)
	}
	status, ok := parsed.(mirth.LoginStatus)
	switch {
	case !ok:
		return Login{}, ErrOwnMFA
	case a.status == http.StatusOK && status.Status.Accepted():
		return Login{Status: status.Status, Message: status.Message}, nil
	case a.status == http.StatusUnauthorized && !status.Status.Accepted():
		return Login{}, &RefusedError{Status: status.Status, Message: status.Message}
	default:
		return Login{}, fmt.Errorf("%w: HTTP %d with status %s", ErrMalformed, a.status, status.Status)
	}
}

// sessionCookies finds the session cookies of an answer. A login has one; with
// an error come those that could be sent back.
func sessionCookies(h http.Header) ([]secret.Secret, error) {
	var found []secret.Secret
	var err error
	for _, c := range (&http.Response{Header: h}).Cookies() {
		switch {
		case c.Name != cookieName:
		case !cookieValue.MatchString(c.Value):
			err = fmt.Errorf("%w: session cookie of other than an engine's characters", ErrMalformed)
		case len(found) < maxCookies && (len(found) == 0 || found[0].Reveal() != c.Value):
			found = append(found, secret.New(c.Value))
		}
	}
	switch {
	case err != nil:
		return found, err
	case len(found) == 0:
		return nil, fmt.Errorf("%w: no session cookie", ErrMalformed)
	case len(found) > 1:
		return found, fmt.Errorf("%w: two session cookies", ErrMalformed)
	default:
		return found, nil
	}
}

// drop logs out a session that nobody will have.
func (c *Client) drop(ctx context.Context, cookie secret.Secret) {
	_ = c.Logout(ctx, cookie) // the engine ends it itself in time
}
