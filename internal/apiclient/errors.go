package apiclient

import (
	"errors"
	"fmt"
	"time"

	"mfaserver/internal/mirth"
)

var (
	// ErrConfig is matched by every error of [New].
	ErrConfig = errors.New("apiclient: cannot be used")
	// ErrRefused means that the server did not accept the login. The error is a
	// [*RefusedError].
	ErrRefused = errors.New("apiclient: login refused")
	// ErrServerURL means that the server does not know the URL that the browser
	// was to come back to, or does not allow it. It matches [ErrRefused] too.
	ErrServerURL = errors.New("apiclient: the way back is refused")
	// ErrNoSession means that the server does not know the session (any longer).
	ErrNoSession = errors.New("apiclient: no such session")
	// ErrUnavailable means that no useful answer came.
	ErrUnavailable = errors.New("apiclient: the server cannot be used")
	// ErrUntrusted means that the server's certificate is not trusted; nothing
	// was sent. It matches [ErrUnavailable].
	ErrUntrusted = fmt.Errorf("%w: its certificate is not trusted", ErrUnavailable)
	// ErrMalformed means that an answer came that is none of this API. It
	// matches [ErrUnavailable].
	ErrMalformed = fmt.Errorf("%w: that was no answer of the login API", ErrUnavailable)
	// ErrJar means that a file is no cookie jar, or cannot be one.
	ErrJar = errors.New("apiclient: cookie jar")
)

// RefusedError is the server's no. Message is its own words for the person at
// the terminal and may hold anything.
type RefusedError struct {
	Status  mirth.Status
	Message string
	// RetryAfter is how long to wait before another try; 0 when the server
	// does not say.
	RetryAfter time.Duration
	serverURL  bool
}

// Error is the server's message.
func (e *RefusedError) Error() string {
	text := e.Message
	if text == "" {
		text = "the login was refused (" + string(e.Status) + ")"
	}
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" (in %s)", e.RetryAfter)
	}
	return "apiclient: " + text
}

// Is matches [ErrRefused], and [ErrServerURL] where that is the reason.
func (e *RefusedError) Is(target error) bool {
	return target == ErrRefused || target == ErrServerURL && e.serverURL
}
