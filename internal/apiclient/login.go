package apiclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// How long the calls may take. The first one may be waiting for the answer to
// a push.
const (
	firstTimeout  = 4 * time.Minute
	secondTimeout = time.Minute
	logoutTimeout = 20 * time.Second
)

// Session is a login that is done.
type Session struct {
	// Username is the user's name as the server has it.
	Username string
	Status   mirth.Status
	// Message is for the person who signed in, for example that the password
	// ends soon; mostly empty.
	Message string
	Cookie  Cookie
}

// Started is what the call with the password leads to: one of the two.
type Started struct {
	Session   *Session
	Challenge *Challenge
}

// Start makes the call with the password. wayBack is where the browser comes
// back to after a prompt: the server's own URL, or http://127.0.0.1:PORT of
// this machine. A server that asks for the second factor by other means than
// a prompt answers when that is given.
//
// A refusal is a [*RefusedError]; all else matches [ErrUnavailable].
func (c *Client) Start(ctx context.Context, username string, password secret.Secret, wayBack string) (Started, error) {
	ctx, cancel := context.WithTimeout(ctx, firstTimeout)
	defer cancel()
	form := url.Values{"username": {username}, "password": {password.Reveal()}}
	a, err := c.post(ctx, "/api/users/_login", form, http.Header{"X-Mirth-Server-Url": {wayBack}})
	if err != nil {
		return Started{}, err
	}
	parsed, err := a.loginStatus()
	if err != nil {
		return Started{}, err
	}
	if duo, ok := parsed.(mirth.DuoLoginStatus); ok {
		challenge, err := newChallenge(a, duo, username, wayBack)
		return Started{Challenge: challenge}, err
	}
	session, err := a.session(parsed, username)
	return Started{Session: session}, err
}

// Finish makes the second call with login data, the value of
// X-Mirth-Login-Data. It is refused when they are not those of the challenge.
// Errors as of [Client.Start].
func (c *Client) Finish(ctx context.Context, ch *Challenge, loginData secret.Secret) (*Session, error) {
	if err := ch.Check(loginData); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, secondTimeout)
	defer cancel()
	form := url.Values{"username": {ch.username}}
	a, err := c.post(ctx, "/api/users/_login", form, http.Header{"X-Mirth-Login-Data": {loginData.Reveal()}})
	if err != nil {
		return nil, err
	}
	parsed, err := a.loginStatus()
	if err != nil {
		return nil, err
	}
	return a.session(parsed, ch.username)
}

// Logout ends a session. [ErrNoSession]: there was none (any longer); all else
// matches [ErrUnavailable].
func (c *Client) Logout(ctx context.Context, session secret.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	c.carry(session)
	a, err := c.post(ctx, "/api/users/_logout", nil, nil)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusUnauthorized:
		return ErrNoSession
	case a.status/100 != 2:
		return a.unexpected()
	default:
		return nil
	}
}

// loginStatus reads the body of an answer to a login. 503 is an outage
// whatever the body says.
func (a answer) loginStatus() (mirth.AnyLoginStatus, error) {
	parsed, err := mirth.ParseLoginStatus(a.body, a.header.Get("Content-Type"))
	switch {
	case err == nil && a.status == http.StatusServiceUnavailable:
		return nil, fmt.Errorf("%w: %s", ErrUnavailable, parsed.Plain().Message)
	case err != nil, a.status != http.StatusOK && a.status != http.StatusUnauthorized && a.status != http.StatusTooManyRequests:
		return nil, a.unexpected()
	default:
		return parsed, nil
	}
}

// session decides whether a login is done.
func (a answer) session(parsed mirth.AnyLoginStatus, username string) (*Session, error) {
	status, plain := parsed.(mirth.LoginStatus)
	switch {
	case !plain:
		return nil, fmt.Errorf("%w: it asks for a second factor that only the engine's own client can show", ErrMalformed)
	case a.status == http.StatusOK && status.Status.Accepted():
		cookie, err := a.cookie()
		if err != nil {
			return nil, err
		}
		s := &Session{Username: username, Status: status.Status, Message: status.Message, Cookie: cookie}
		if status.UpdatedUsername != "" {
			s.Username = status.UpdatedUsername
		}
		return s, nil
	case a.status != http.StatusOK && !status.Status.Accepted():
		return nil, a.refused(status)
	default:
		return nil, fmt.Errorf("%w: HTTP %d with status %s", ErrMalformed, a.status, status.Status)
	}
}

func (a answer) refused(status mirth.LoginStatus) error {
	return &RefusedError{
		Status: status.Status, Message: status.Message, RetryAfter: a.retryAfter(),
		// The hint of a server names the header, or the switch.
		serverURL: strings.Contains(status.Message, "X-Mirth-Server-Url") || strings.Contains(status.Message, "allow_loopback_redirect"),
	}
}

// unexpected is the error of a status code that the call has no use for.
func (a answer) unexpected() error {
	if a.status >= http.StatusInternalServerError {
		return fmt.Errorf("%w: HTTP %d", ErrUnavailable, a.status)
	}
	return fmt.Errorf("%w: HTTP %d", ErrMalformed, a.status)
}
