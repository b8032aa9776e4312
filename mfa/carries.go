package mfa

import (
	"context"
	"errors"
	"time"

	"mfaserver/internal/audit"
)

// carryTimeout bounds the question about a carry, so that a second call still
// answers within 12 s where Duo was quick.
const carryTimeout = 5 * time.Second

// carryReason is the reason of mfa.account_changed records about a carry.
const carryReason = "carry"

// Carries looks after what logins carry.
type Carries interface {
	// Verify asks whether a carry still holds, and for the same user (threats
	// T019, T142). [ErrCarryGone] when it does not; every other error means
	// that it is not known. It is the last question before a grant.
	Verify(ctx context.Context, username string, c Carry) error
}

// verifyCarry asks about a carry. gone says what to do when it has ended.
func (f *Flow) verifyCarry(ctx context.Context, username string, c Carry, gone func(cause error) error) error {
	if len(c) == 0 || f.carries == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, carryTimeout)
	defer cancel()
	err := f.carries.Verify(ctx, username, c)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrCarryGone):
		return gone(err)
	default:
		return unavailable("carry", err)
	}
}

// recheckCarry refuses a claimed transaction whose carry has ended.
func (f *Flow) recheckCarry(ctx context.Context, tx *Transaction, c Client) error {
	return f.verifyCarry(ctx, tx.Username, tx.Carry, func(cause error) error {
		return f.endRefused(ctx, tx, Claimed, tx.refused(audit.MFAAccountChanged, carryReason, c), ErrCarryGone, cause)
	})
}
