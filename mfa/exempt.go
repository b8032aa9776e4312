package mfa

import (
	"context"
	"fmt"
	"strings"

	"mfaserver/internal/audit"
)

// bypassName is honoured by engines as a way round the second factor.
const bypassName = "bypass"

// reasonExempt is [Grant.Reason] of a login without a second factor.
const reasonExempt = "exempt"

// Exempt lets a user in without a second factor, by the exemption of that
// name: the caller has found that it covers the canonical name, the address
// and the time. The grant says so, and the record is durable before it. Never
// for administrators, nor from an address that proves nothing (threats T014,
// T097). r is as with [Flow.Prove].
//
// Errors: refusals match [ErrRefused] and [ErrExemption], [ErrAccountChanged]
// or [ErrCarryGone]; [ErrUnavailable] with the cause; [ErrArgument].
func (f *Flow) Exempt(ctx context.Context, r BeginRequest, exemption string) (*Grant, error) {
	return f.oneCall(ctx, r, func(ctx context.Context, r *BeginRequest) (*Grant, error) {
		if exemption == "" {
			return nil, fmt.Errorf("%w: an exemption has a name", ErrArgument)
		}
		return f.exempt(ctx, r, exemption)
	})
}

func (f *Flow) exempt(ctx context.Context, r *BeginRequest, exemption string) (*Grant, error) {
	handle, err := f.handle()
	if err != nil {
		return nil, err
	}
	e := r.event(audit.MFAExempt, audit.OK)
	e.Transaction, e.Detail = handle, map[string]string{"exemption": exemption}
	if why := r.neverExempt(); why != "" {
		e.Outcome, e.Reason = audit.Refused, why
		return nil, f.refuse(ctx, e, ErrExemption)
	}
	if err := f.stillGood(ctx, r, handle); err != nil {
		return nil, err
	}
	if err := f.record(ctx, e); err != nil {
		return nil, err
	}
	g := r.grant(handle, f.now())
	g.Reason, g.Exemption = reasonExempt, exemption
	return g, nil
}

// neverExempt says why no exemption can be for this login; empty when one can.
func (r *BeginRequest) neverExempt() string {
	switch {
	case r.Administrator:
		return "administrator"
	case strings.EqualFold(r.Username, bypassName):
		return "reserved_name"
	case !r.Client.provenAddr().IsValid(): // an exemption is for networks
		return "address"
	default:
		return ""
	}
}
