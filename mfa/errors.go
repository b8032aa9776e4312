package mfa

import "errors"

// Errors of Begin.
var (
	// ErrTooManyPending: a limit on pending transactions is reached.
	ErrTooManyPending = errors.New("mfa: too many pending logins")
	// ErrSecondFactorUnavailable: Duo cannot be asked; fail closed. The
	// duoclient error that says why is joined to it.
	ErrSecondFactorUnavailable = errors.New("mfa: second factor unavailable")
)

// ErrNotEnrolled means that Duo has nothing that the user could authenticate with, and
// no rule lets him enrol during a login. Begin's, and also [ErrRefused]; a
// caller may say so, because only somebody with the password gets this far.
var ErrNotEnrolled = errors.New("mfa: user is not enrolled")

// Refusals of a login in one call, besides those of Redeem. Each also matches
// [ErrRefused].
var (
	// ErrPasscodesSent: the phone has passcodes now; the user may log in with
	// one. A caller may say so, because only somebody with the password gets
	// this far.
	ErrPasscodesSent = errors.New("mfa: passcodes were sent, log in with one")
	// ErrPushBraked: the user's phone was asked a moment ago, and is left
	// alone for a while.
	ErrPushBraked = errors.New("mfa: the phone was asked a moment ago")
	// ErrPasscodeBraked: too many wrong passcodes in a row.
	ErrPasscodeBraked = errors.New("mfa: too many wrong passcodes")
	// ErrFraud: the user says that the request is not his.
	ErrFraud = errors.New("mfa: reported as fraud by the user")
	// ErrNotAnswered: nobody answered in time.
	ErrNotAnswered = errors.New("mfa: not answered in time")
	// ErrCancelled: the caller went away while waiting.
	ErrCancelled = errors.New("mfa: caller went away")
	// ErrBreakGlassCode: no such code, or used before.
	ErrBreakGlassCode = errors.New("mfa: no such break-glass code")
	// ErrExemption: no exemption can be for this user or address.
	ErrExemption = errors.New("mfa: exemption not accepted")
	// ErrCarryGone: what the login carries has ended or is another user's.
	// Of Redeem too.
	ErrCarryGone = errors.New("mfa: what the login carries is gone")
)

// Refusals of Redeem. The caller answers all of them alike; they differ in the
// audit trail only. Each also matches [ErrRefused].
var (
	ErrRefused          = errors.New("mfa: login refused")
	ErrUnknownState     = errors.New("mfa: unknown state")
	ErrExpired          = errors.New("mfa: transaction expired")
	ErrNotPending       = errors.New("mfa: transaction already used")
	ErrBinding          = errors.New("mfa: second call is not from the client of the first")
	ErrUserMismatch     = errors.New("mfa: usernames disagree")
	ErrStatusMismatch   = errors.New("mfa: primary status disagrees")
	ErrRedirectMismatch = errors.New("mfa: redirect URI disagrees")
	ErrCodeSeen         = errors.New("mfa: code was used before")
	ErrAccountChanged   = errors.New("mfa: account changed since the first call")
	ErrPolicy           = errors.New("mfa: outcome not accepted by policy")
	ErrRelayed          = errors.New("mfa: prompt was answered from another address")
	ErrDenied           = errors.New("mfa: denied by the user")
	// ErrSecondFactorRefused: Duo, or the check of what Duo said, refused the
	// code. The duoclient error is joined to it.
	ErrSecondFactorRefused = errors.New("mfa: second factor refused")
)

// ErrNobodyAsked is what a [Prover] joins to an error after which certainly no
// phone rings.
var ErrNobodyAsked = errors.New("mfa: nobody was asked")

// Errors of all.
var (
	// ErrUnavailable: a store, the directory or the audit trail failed.
	ErrUnavailable = errors.New("mfa: store or audit trail unavailable")
	// ErrStartAgain: the exchange ended in doubt; the transaction is burned
	// and the user must begin again. Also matches
	// [ErrSecondFactorUnavailable].
	ErrStartAgain = errors.New("mfa: exchange ended in doubt, start again")
	// ErrConfig: the configuration is refused.
	ErrConfig = errors.New("mfa: configuration refused")
	// ErrArgument: the caller of Begin left out what every login has.
	ErrArgument = errors.New("mfa: argument refused")
)
