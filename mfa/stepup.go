package mfa

import (
	"context"
	"time"
)

// ApproveRequest asks the user of a session for a fresh approval.
type ApproveRequest struct {
	// Username is canonical.
	Username      string
	Administrator bool
	Client        Client
	// Purpose is shown on the phone, for example the operation.
	Purpose string
	// Session is the handle of the session, for logs.
	Session string
}

// Approve asks for a push approval for something that a session is about to
// do and returns when it was given.
func (f *Flow) Approve(ctx context.Context, r ApproveRequest) (time.Time, error) {
	_, _ = ctx, r
	return time.Time{}, errSkeleton
}
