package mfa

import (
	"context"
	"errors"

	"mfaserver/internal/audit"
)

// Deny ends a live transaction because the person at the prompt says that it
// is not his. Whoever holds the state may do so: it is in the browser that
// answered the prompt (threat T041). A second Deny is no error.
//
// Refusals match [ErrRefused] and [ErrUnknownState], [ErrExpired] or
// [ErrNotPending]; [ErrUnavailable] when a store or the audit trail failed. A
// denial stands even when it could not be recorded.
func (f *Flow) Deny(ctx context.Context, state string, c Client) error {
	c = c.normal()
	tx, err := f.find(ctx, state)
	if errors.Is(err, ErrUnknownState) {
		e := clientEvent(audit.LoginDataUnknown, audit.Refused, c)
		e.Reason = "deny"
		return f.refuse(ctx, e, ErrUnknownState)
	}
	if err != nil {
		return err
	}
	if tx.Phase.Live() && tx.over(f.now()) {
		return f.expired(ctx, &tx, c, tx.Phase)
	}
	carry, err := f.finish(ctx, &tx, Denied, Pending, Claimed)
	switch {
	case errors.Is(err, ErrDenied):
		return nil
	case isRule(err):
		return f.refuse(ctx, tx.refused(audit.MFAReplay, "deny", c), err)
	case err != nil:
		return err
	}
	f.release(ctx, tx.Username, carry)
	return f.record(ctx, tx.event(audit.UserDenied, audit.OK, c))
}

// View returns what the callback page may show of a transaction in any phase.
// It changes nothing, however often it is called (threat T046), and records
// nothing.
//
// Refusals match [ErrRefused] and [ErrUnknownState] or, for a live transaction
// that has ended by time, [ErrExpired]; [ErrUnavailable] when the store failed.
func (f *Flow) View(ctx context.Context, state string, c Client) (View, error) {
	tx, err := f.find(ctx, state)
	if isRule(err) {
		return View{}, errRefusal(err)
	}
	if err != nil {
		return View{}, err
	}
	if tx.Phase.Live() && tx.over(f.now()) {
		return View{}, errRefusal(ErrExpired)
	}
	v := View{
		Username: tx.Username, Primary: tx.Primary, RedirectURI: tx.RedirectURI,
		StartedAt: tx.CreatedAt, ExpiresAt: tx.ExpiresAt, UserAgent: tx.UserAgent,
		Phase: tx.Phase, SameClient: tx.boundTo(c.normal()),
	}
	if tx.Addr.IsValid() {
		v.Addr = tx.Addr.String()
	}
	return v, nil
}
