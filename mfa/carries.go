package mfa

import "context"

// Carries looks after what logins carry.
type Carries interface {
	// Verify asks whether a carry still holds, and for the same user.
	// [ErrCarryGone] when it does not; every other error means that it is not
	// known.
	Verify(ctx context.Context, username string, c Carry) error
}
