package main

import (
	"context"
	"errors"
	"net/netip"

	"mfaserver/duoclient"
	"mfaserver/mfa"
)

// prover asks the Auth API for a second factor while the caller waits.
type prover struct{ auth *duoclient.Auth }

// prover is who the login in one call asks: nobody without duo.auth.
func (a *app) prover() (mfa.Prover, error) {
	org, err := a.desk.Org("")
	if err != nil {
		return nil, err
	}
	if !org.Authenticates() {
		return nil, nil //nolint:nilnil // nobody is a good answer
	}
	auth, err := org.Auth()
	return prover{auth}, err
}

// Preauth implements [mfa.Prover].
func (p prover) Preauth(ctx context.Context, duoUsername string, addr netip.Addr) (mfa.PreauthResult, error) {
	answer, err := p.auth.Preauth(ctx, duoclient.PreauthParams{Username: duoUsername, IPAddr: addr})
	if err != nil {
		return "", err
	}
	return mfa.PreauthResult(answer.Result), nil
}

// Prove implements [mfa.Prover]. What a person has to answer is asked for
// without waiting, and then waited for: a call that is cut off leaves no
// connection behind, and the end can still be asked for.
func (p prover) Prove(ctx context.Context, r mfa.ProofRequest) (mfa.ProofResult, error) {
	params := duoclient.AuthParams{
		Username: r.DuoUsername, Factor: duoclient.Factor(r.Factor), Passcode: r.Passcode,
		IPAddr: r.Addr, Type: r.Type, PushInfo: r.PushInfo,
	}
	if params.Factor == duoclient.FactorPasscode || params.Factor == duoclient.FactorSMS {
		answer, err := p.auth.Auth(ctx, params)
		return proofResult(answer, ""), err
	}
	txid, err := p.auth.AuthAsync(ctx, params)
	if duoclient.Classify(err) == duoclient.ClassRefusal {
		// Duo refused the question itself: no phone has rung.
		err = errors.Join(mfa.ErrNobodyAsked, err)
	}
	if err != nil {
		return mfa.ProofResult{}, err
	}
	answer, err := p.auth.Wait(ctx, txid, nil)
	return proofResult(answer, txid), err
}

func proofResult(answer *duoclient.AuthResult, txid string) mfa.ProofResult {
	if answer == nil {
		return mfa.ProofResult{TxID: txid}
	}
	return mfa.ProofResult{
		Result: string(answer.Result), Status: answer.Status, Message: answer.StatusMsg, TxID: txid,
	}
}
