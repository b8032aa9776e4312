package engine

import (
	"errors"
	"fmt"

	"mfaserver/internal/mirth"
)

var (
	// ErrConfig is matched by every error of [New].
	ErrConfig = errors.New("engine: configuration refused")
	// ErrRefused means that the engine did not accept the password. The error is a
	// [*RefusedError].
	ErrRefused = errors.New("engine: login refused")
	// ErrNoSession means that the engine does not know the session (any longer).
	ErrNoSession = errors.New("engine: no such session")
	// ErrUnavailable means that the engine gave no usable answer. It says nothing about
	// the password, and never counts as a success.
	ErrUnavailable = errors.New("engine: unavailable")
	// ErrBusy means that too many calls are under way already. It matches
	// [ErrUnavailable].
	ErrBusy = fmt.Errorf("%w: too many calls at a time", ErrUnavailable)
	// ErrClosed means that the client was closed. It matches [ErrUnavailable].
	ErrClosed = fmt.Errorf("%w: closed", ErrUnavailable)
	// ErrUntrusted means that the engine's certificate is not the configured one. It
	// matches [ErrUnavailable]; nothing was sent.
	ErrUntrusted = fmt.Errorf("%w: certificate not trusted", ErrUnavailable)
	// ErrMalformed means that an answer came that no engine gives. It matches
	// [ErrUnavailable].
	ErrMalformed = fmt.Errorf("%w: malformed answer", ErrUnavailable)
	// ErrTooLarge means that an answer is longer than what was asked for. It matches
	// [ErrMalformed].
	ErrTooLarge = fmt.Errorf("%w: too long", ErrMalformed)
	// ErrOwnMFA means that the engine asks for a second factor of its own, which only a
	// person can give. It matches [ErrMalformed].
	ErrOwnMFA = fmt.Errorf("%w: the engine asks for a second factor of its own", ErrMalformed)
	// ErrPath means that a path given to [Client.Get] is not one that the engine could
	// read in one way only. Nothing was sent.
	ErrPath = errors.New("engine: path refused")
	// ErrForeign means that a request given to [Client.Transport] is for another server.
	// Nothing was sent.
	ErrForeign = errors.New("engine: request for another server")
)

// RefusedError is the engine's no to a password. Status is none of the two
// that mean success. Message is what the engine wrote: it may tell whether the
// account exists and how many attempts are left, so it is for logs and never
// for clients (threat T006).
type RefusedError struct {
	Status  mirth.Status
	Message string
}

// Error names the status alone.
func (e *RefusedError) Error() string { return ErrRefused.Error() + ": " + string(e.Status) }

// Is matches [ErrRefused].
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }
