package token

import (
	"errors"
	"fmt"
)

// Refusals of values. Callers answer all of them alike; they differ in the
// audit trail only. Each also matches [ErrRefused].
var (
	ErrRefused = errors.New("token: refused")
	// ErrUnknown: no such value, malformed or not; also the answer of stores.
	ErrUnknown = rule("unknown")
	// ErrExpired: its time is over.
	ErrExpired = rule("expired")
	// ErrRevoked: it was taken back, or replaced by a later one.
	ErrRevoked = rule("revoked")
	// ErrNetwork: it may not be used from this address.
	ErrNetwork = rule("not from this network")
	// ErrSpent: it worked before.
	ErrSpent = rule("used before")
	// ErrWrongUser: it is another user's.
	ErrWrongUser = rule("of another user")
	// ErrThrottled: too many wrong ones for this user.
	ErrThrottled = rule("too many attempts")
)

// Errors of making and keeping.
var (
	// ErrUnavailable: the store or the audit trail failed.
	ErrUnavailable = errors.New("token: store or audit trail unavailable")
	// ErrConfig: the configuration is incomplete.
	ErrConfig = errors.New("token: configuration refused")
	// ErrExists: a store holds this key or id already.
	ErrExists = errors.New("token: exists already")
	// ErrArgument: what was asked for cannot be made; the text says what to
	// change.
	ErrArgument = errors.New("token: argument refused")
	// ErrNoCredential: no upstream credential was given with the token, or it
	// ended with the token.
	ErrNoCredential = errors.New("token: no upstream credential")
)

func rule(text string) error { return fmt.Errorf("%w: %s", ErrRefused, text) }

func unavailable(what string, cause error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, cause)
}

func argument(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrArgument, fmt.Sprintf(format, args...))
}
