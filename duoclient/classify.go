package duoclient

import (
	"context"
	"errors"
)

// Class is whose fault an error is.
type Class int

// The classes, in the order in which [Classify] asks.
const (
	// ClassNone: no error.
	ClassNone Class = iota
	// ClassRefusal: about this login alone: code refused, token refused, not
	// allowed, arguments out of range, no such user.
	ClassRefusal
	// ClassMisconfigured: Duo refuses our credentials, or the configuration is
	// wrong.
	ClassMisconfigured
	// ClassClockSkew: the clocks differ.
	ClassClockSkew
	// ClassUntrusted: somebody else answers at Duo's address.
	ClassUntrusted
	// ClassMalformed: the answer makes no sense; also every unknown error.
	ClassMalformed
	// ClassBusy: nothing was asked, or we stopped asking: too many calls, Duo
	// asks to slow down, the caller went away.
	ClassBusy
	// ClassOutage: Duo cannot be reached or answers 5xx. The only class that
	// may be met by failing open.
	ClassOutage
)

// Classify tells the class of an error of this package. An error that matches
// several sentinels is in the class that trusts less, so that an outage is only
// what is nothing else.
func Classify(err error) Class {
	if err == nil {
		return ClassNone
	}
	for _, row := range []struct {
		class Class
		kinds []error
	}{
		{ClassRefusal, []error{ErrCodeRefused, ErrNotAllowed, ErrSecretRetired, ErrBadToken, ErrArgument, ErrInvalid, ErrBadParameter, ErrDuplicate, ErrNotFound}},
		{ClassMisconfigured, []error{ErrMisconfigured, ErrConfig}},
		{ClassClockSkew, []error{ErrClockSkew}},
		{ClassUntrusted, []error{ErrUntrustedServer}},
		{ClassMalformed, []error{ErrMalformedResponse}},
		{ClassBusy, []error{ErrBusy, ErrRateLimited, context.Canceled}},
		{ClassOutage, []error{ErrOutage}},
	} {
		for _, kind := range row.kinds {
			if errors.Is(err, kind) {
				return row.class
			}
		}
	}
	return ClassMalformed
}

// String gives the word for logs.
func (c Class) String() string {
	switch c {
	case ClassNone:
		return "none"
	case ClassRefusal:
		return "refusal"
	case ClassMisconfigured:
		return "misconfigured"
	case ClassClockSkew:
		return "clock_skew"
	case ClassUntrusted:
		return "untrusted"
	case ClassMalformed:
		return "malformed"
	case ClassBusy:
		return "busy"
	case ClassOutage:
		return "outage"
	default:
		return "unknown"
	}
}
