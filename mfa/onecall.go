package mfa

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"mfaserver/internal/audit"
)

// oneCall runs a login that ends within the call: in a grant, or with what it
// carries released.
func (f *Flow) oneCall(ctx context.Context, r BeginRequest, login func(context.Context, *BeginRequest) (*Grant, error)) (*Grant, error) {
	r.Client = r.Client.normal()
	if r.CheckedAt.IsZero() {
		r.CheckedAt = f.now()
	}
	err := fmt.Errorf("%w: username and primary status are needed", ErrArgument)
	if r.Username != "" && r.Primary != "" {
		var g *Grant
		if g, err = login(ctx, &r); err == nil {
			return g, nil
		}
	}
	f.release(ctx, r.Username, r.Carry)
	return nil, err
}

// handle is a fresh name for the records of a login that has no transaction.
func (f *Flow) handle() (string, error) {
	c, err := draw(f.random)
	if err != nil {
		return "", err
	}
	return KeyOf(c.state).Handle(), nil
}

// grant is the right to open a session for an accepted password and nothing
// more yet.
func (r *BeginRequest) grant(handle string, now time.Time) *Grant {
	return &Grant{
		Username: r.Username, UserID: r.UserID, Administrator: r.Administrator, Primary: r.Primary, Message: r.Message,
		Carry: r.Carry, Transaction: handle, At: now, CheckedAt: r.CheckedAt,
	}
}

// stillGood refuses when the account has changed since its password was
// checked, or what is carried has ended.
func (f *Flow) stillGood(ctx context.Context, r *BeginRequest, handle string) error {
	same, err := f.accounts.Unchanged(ctx, r.Username, r.CheckedAt)
	if err != nil {
		return unavailable("directory", err)
	}
	e := r.event(audit.MFAAccountChanged, audit.Refused)
	e.Transaction = handle
	if !same {
		return f.refuse(ctx, e, ErrAccountChanged)
	}
	e.Reason = carryReason
	return f.verifyCarry(ctx, r.Username, r.Carry, func(cause error) error {
		if err := f.record(ctx, e); err != nil {
			return err
		}
		return errRefusal(ErrCarryGone, cause)
	})
}

// provenAddr is the client's address, or the invalid one when it proves
// nothing.
func (c Client) provenAddr() netip.Addr {
	if c.Forwarded {
		return netip.Addr{}
	}
	return c.Addr
}

// provedAt is when a second factor was proved: now, or never when Duo let the
// user in without asking him.
func provedAt(reason string, now time.Time) time.Time {
	switch reason {
	case reasonUserApproved, reasonValidPasscode, reasonBreakGlass:
		return now
	default:
		return time.Time{}
	}
}
