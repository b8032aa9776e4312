package primary

import "time"

// Reason is why a password was not accepted: for the audit trail alone.
type Reason string

// The reasons.
const (
	ReasonEmptyPassword  Reason = "empty_password"
	ReasonLongPassword   Reason = "long_password"
	ReasonBadUsername    Reason = "bad_username"
	ReasonUnknownUser    Reason = "unknown_user"
	ReasonWrongPassword  Reason = "wrong_password"
	ReasonDisabled       Reason = "disabled"
	ReasonOneTimeExpired Reason = "one_time_expired"
	ReasonBadHash        Reason = "bad_hash"
	// ReasonUpstreamLocked: the engine behind us has locked the account.
	ReasonUpstreamLocked Reason = "upstream_locked"
	// ReasonUpstreamRefused: the engine let nobody in for a reason of its own.
	ReasonUpstreamRefused Reason = "upstream_refused"
	// ReasonBadCanonical: the engine calls the user by a name that nobody can
	// have.
	ReasonBadCanonical Reason = "bad_canonical_name"
)

// RefusedError is a refusal with its reason, which never reaches the client.
// All refusals read the same, and match [ErrRefused].
type RefusedError struct{ Reason Reason }

func (e *RefusedError) Error() string { return ErrRefused.Error() }

// Is implements the errors.Is contract.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// ScopeBusy is the scope of a [ThrottledError] of an attempt that waited too
// long for its turn.
const ScopeBusy = "busy"

// ThrottledError says when to try again. It matches [ErrThrottled].
type ThrottledError struct {
	RetryAfter time.Duration
	// Scope is the limit that was met: account, source, global or busy. It is
	// for the audit trail alone.
	Scope string
}

func (e *ThrottledError) Error() string { return ErrThrottled.Error() }

// Is implements the errors.Is contract.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// ExpiredError is the refusal of a right password that is too old. Unlike any
// other refusal it may be told to the client. It matches [ErrPasswordExpired]
// and [ErrRefused].
type ExpiredError struct {
	// Message is what the directory wants the user to read, for clients.
	Message string
}

func (e *ExpiredError) Error() string { return ErrPasswordExpired.Error() }

// Is implements the errors.Is contract.
func (e *ExpiredError) Is(target error) bool {
	return target == ErrPasswordExpired || target == ErrRefused
}
