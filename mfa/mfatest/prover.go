package mfatest

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"mfaserver/mfa"
)

// Prover stands in for Duo's Auth API. The zero value says of everybody that
// he is enrolled, and approves everything. It is safe for concurrent use.
type Prover struct {
	mu      sync.Mutex
	preauth func(ctx context.Context, duoUsername string, addr netip.Addr) (mfa.PreauthResult, error)
	prove   func(ctx context.Context, r mfa.ProofRequest) (mfa.ProofResult, error)
	asked   []mfa.ProofRequest
}

// OnPreauth scripts what Duo would do with a user; nil is [mfa.PreauthAuth].
func (p *Prover) OnPreauth(f func(ctx context.Context, duoUsername string, addr netip.Addr) (mfa.PreauthResult, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.preauth = f
}

// OnProve scripts the proofs; nil approves.
func (p *Prover) OnProve(f func(ctx context.Context, r mfa.ProofRequest) (mfa.ProofResult, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prove = f
}

// Says scripts one end for every proof, in Duo's words.
func (p *Prover) Says(result, status string) {
	p.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
		return mfa.ProofResult{Result: result, Status: status, TxID: ProofTxID}, nil
	})
}

// Fails lets every proof fail with err.
func (p *Prover) Fails(err error) {
	p.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) { return mfa.ProofResult{}, err })
}

// Preauth implements [mfa.Prover].
func (p *Prover) Preauth(ctx context.Context, duoUsername string, addr netip.Addr) (mfa.PreauthResult, error) {
	p.mu.Lock()
	f := p.preauth
	p.mu.Unlock()
	if f == nil {
		return mfa.PreauthAuth, nil
	}
	return f(ctx, duoUsername, addr)
}

// Prove implements [mfa.Prover].
func (p *Prover) Prove(ctx context.Context, r mfa.ProofRequest) (mfa.ProofResult, error) {
	p.mu.Lock()
	p.asked = append(p.asked, r)
	f := p.prove
	p.mu.Unlock()
	if f == nil {
		return mfa.ProofResult{Result: "allow", Status: "allow", Message: "Success. Logging you in...", TxID: ProofTxID}, nil
	}
	return f(ctx, r)
}

// Asked are the calls of Prove, in order.
func (p *Prover) Asked() []mfa.ProofRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// ProofTxID is Duo's id of every proof of a [Prover].
const ProofTxID = "13eb97f2-9008-42f4-b59b-afc7a5edf6a6"
