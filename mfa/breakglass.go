package mfa

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/internal/audit"
)

// BreakGlass spends codes that were made in advance for the day Duo is down.
type BreakGlass interface {
	// Spend uses up a code of the user, once, and returns its handle for
	// logs. [ErrBreakGlassCode] when it is none; every other error means that
	// it is not known.
	Spend(ctx context.Context, username, code string) (handle string, err error)
}

// reasonBreakGlass is [Grant.Reason] and [Grant.Factor] of such a login.
const reasonBreakGlass = "break_glass"

// BreakGlass lets a user in whose password was right and who has a code made
// in advance. Duo is not asked: it need not be there. Each use is recorded
// before it has an effect, and is an alarm. r is as with [Flow.Prove].
//
// Errors: refusals match [ErrRefused] and [ErrBreakGlassCode],
// [ErrAccountChanged] or [ErrCarryGone]; [ErrUnavailable] with the cause: the
// code may then be spent; [ErrArgument].
func (f *Flow) BreakGlass(ctx context.Context, r BeginRequest, code string) (*Grant, error) {
	return f.oneCall(ctx, r, func(ctx context.Context, r *BeginRequest) (*Grant, error) {
		if code == "" {
			return nil, fmt.Errorf("%w: a code is needed", ErrArgument)
		}
		return f.breakGlass(ctx, r, code)
	})
}

func (f *Flow) breakGlass(ctx context.Context, r *BeginRequest, code string) (*Grant, error) {
	handle, err := f.handle()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redeemTimeout)
	defer cancel()
	if err := f.stillGood(ctx, r, handle); err != nil {
		return nil, err
	}
	e := r.event(audit.BreakGlassUsed, audit.OK)
	e.Transaction = handle
	spent, err := f.spendBreakGlass(ctx, r.Username, code)
	if errors.Is(err, ErrBreakGlassCode) {
		e.Name, e.Outcome = audit.BreakGlassRefused, audit.Refused
		return nil, f.refuse(ctx, e, ErrBreakGlassCode)
	}
	if err != nil {
		return nil, unavailable("break-glass codes", err)
	}
	e.Detail = map[string]string{"code": spent}
	if err := f.record(ctx, e); err != nil {
		return nil, err
	}
	f.logger.WarnContext(ctx, "break-glass code used: login without duo", "user", r.Username, "source", r.Client.Addr, "code", spent)
	now := f.now()
	g := r.grant(handle, now)
	g.Factor, g.Reason, g.ApprovedAt = reasonBreakGlass, reasonBreakGlass, provedAt(reasonBreakGlass, now)
	return g, nil
}

func (f *Flow) spendBreakGlass(ctx context.Context, username, code string) (string, error) {
	if f.breakGlasses == nil {
		return "", ErrBreakGlassCode
	}
	return f.breakGlasses.Spend(ctx, username, code)
}
