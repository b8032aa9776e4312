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
		long, cancel := context.WithTimeout(c.ctx, c.config.Timeout+lateTimeout)
		defer cancel()
		login, err := c.login(long, username, password)
		select {
		case done <- outcome{login, err}:
		case <-wait.Done():
			c.drop(login.Cookie)
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
	cookie, cookieErr := sessionCookie(a.header)
	var login Login
	if err == nil {
		login, err = judge(a)
	}
	if err == nil {
		err = cookieErr
	}
	if err != nil {
		if !errors.Is(err, ErrRefused) {
			c.drop(cookie) // whatever it said, it may have opened a session
		}
		return Login{}, err
	}
	login.Cookie = cookie
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

// sessionCookie finds the one session cookie of an answer.
func sessionCookie(h http.Header) (secret.Secret, error) {
	var found secret.Secret
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if c.Name != cookieName {
			continue
		}
		if !found.IsZero() && c.Value != found.Reveal() {
			return secret.Secret{}, fmt.Errorf("%w: two session cookies", ErrMalformed)
		}
		if !cookieValue.MatchString(c.Value) {
			return secret.Secret{}, fmt.Errorf("%w: session cookie of other than an engine's characters", ErrMalformed)
		}
		found = secret.New(c.Value)
	}
	if found.IsZero() {
		return found, fmt.Errorf("%w: no session cookie", ErrMalformed)
	}
	return found, nil
}

// drop logs out a session that nobody will have.
func (c *Client) drop(cookie secret.Secret) {
	if cookie.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.config.Timeout)
	defer cancel()
	_ = c.Logout(ctx, cookie) // the engine ends it itself in time
}
