package mfa

import (
	"context"
	"fmt"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Prove is a whole login in one call, for clients that cannot do two: Duo asks
// the user for the proof, and the caller waits for the answer. Nothing is
// stored meanwhile. It takes at most [Config.ProofWait], and a few seconds for
// Duo, directory and audit trail. There is no failing open.
//
//  1. The phone is left alone for a while after it was asked for nothing
//     ([ErrPushBraked]; [ErrPasscodeBraked] for passcodes).
//  2. Duo is asked what it would do with the user; it must want a proof.
//  3. The record about the question is durable before the phone rings.
//  4. When ctx ends while the user is asked, the login is over, whatever he
//     answers. From his answer on ctx changes nothing.
//  5. What Duo says must satisfy the policy, and the account and what is
//     carried must be what they were.
//
// r.RedirectURI and r.AllowEnrolment have no meaning here. r.Carry belongs to
// the flow as with [Flow.Begin].
//
// Errors: refusals match [ErrRefused] and the sentinel of their rule, of which
// a caller may tell the user [ErrNotEnrolled] and [ErrPasscodesSent];
// [ErrSecondFactorUnavailable] with the duoclient error; [ErrUnavailable] with
// the cause; [ErrArgument]. A grant is only ever returned without an error.
func (f *Flow) Prove(ctx context.Context, r BeginRequest, p Proof) (*Grant, error) {
	return f.oneCall(ctx, r, func(ctx context.Context, r *BeginRequest) (*Grant, error) {
		if err := p.check(); err != nil {
			return nil, err
		}
		return f.prove(ctx, r, p)
	})
}

// mode is the way in, as the rules call it.
func (p Proof) mode() string {
	if p.Factor == FactorPasscode {
		return "passcode"
	}
	return "push"
}

func (p Proof) check() error {
	switch p.Factor {
	case FactorPush, FactorPhone, FactorSMS, FactorAuto:
		if p.Passcode.IsZero() {
			return nil
		}
	case FactorPasscode:
		if !p.Passcode.IsZero() {
			return nil
		}
	}
	return fmt.Errorf("%w: a factor is needed, and a passcode for that factor alone", ErrArgument)
}

func (f *Flow) prove(ctx context.Context, r *BeginRequest, p Proof) (*Grant, error) {
	handle, err := f.handle()
	if err != nil {
		return nil, err
	}
	a := &asking{
		username: r.Username, client: r.Client, proof: p, transaction: handle,
		sent: audit.PushSent, heading: "Login", details: r.Client.details(),
	}
	said, err := f.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redeemTimeout)
	defer cancel()
	if err := f.stillGood(ctx, r, handle); err != nil {
		return nil, err
	}
	now := f.now()
	e := a.event(audit.MFAAllowed, audit.OK)
	e.Detail = outcome(said)
	e.Detail["mode"] = p.mode()
	if err := f.record(ctx, e); err != nil {
		return nil, err
	}
	if addr := r.Client.provenAddr(); addr.IsValid() {
		if err := f.sources.Remember(ctx, r.Username, addr, now.Add(sourceMemory)); err != nil {
			return nil, unavailable("source store", err)
		}
	}
	f.fatigue.finished(r.Username)
	g := r.grant(handle, now)
	g.Factor, g.Reason, g.Device, g.TxID = said.Factor, said.Reason, said.AuthDeviceName, said.TxID
	g.ApprovedAt = provedAt(said.Reason, now)
	return g, nil
}

// details tell the user on the phone who asks. Nothing that the client says of
// itself is among them: it would be the thief's own words.
func (c Client) details() []duoclient.PushDetail {
	addr := c.provenAddr()
	if !addr.IsValid() {
		return nil
	}
	return []duoclient.PushDetail{{Name: "From", Value: addr.String()}}
}
