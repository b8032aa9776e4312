package mfa

import (
	"context"
	"net/netip"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// Prover asks Duo for a second factor while the caller waits (Auth API).
type Prover interface {
	// Preauth is that of [Enrolment], for a user who calls from addr; the
	// invalid address when that proves nothing. Duo's policies on networks
	// judge the address, so it must be asked with the one that Prove is asked
	// with: an allow in answer to Prove does not say whether anybody was asked.
	Preauth(ctx context.Context, duoUsername string, addr netip.Addr) (PreauthResult, error)
	// Prove asks the user and waits for the end (/auth/v2/auth and
	// /auth/v2/auth_status). It ends when ctx does. Its errors are those of
	// duoclient; one that matches [duoclient.ErrNotSent] or [ErrNobodyAsked]
	// says that no phone rings, so that another question may follow at once.
	Prove(ctx context.Context, r ProofRequest) (ProofResult, error)
}

// The factors of a [Proof], in the words of the Auth API.
const (
	FactorPush     = "push"
	FactorPhone    = "phone"
	FactorPasscode = "passcode"
	// FactorSMS sends passcodes and proves nothing.
	FactorSMS = "sms"
	// FactorAuto is what suits the user's phone: push or phone.
	FactorAuto = "auto"
)

// Proof is how a user who logs in with one call wants to prove himself.
type Proof struct {
	// Factor is one of the Factor constants.
	Factor string
	// Passcode is there when, and only when, Factor is passcode.
	Passcode secret.Secret
}

// ProofRequest asks Duo for one proof.
type ProofRequest struct {
	DuoUsername string
	Factor      string
	Passcode    secret.Secret
	// Addr is the client's address; invalid when that proves nothing.
	Addr netip.Addr
	// Type stands on the phone beside the word request, PushInfo below it, in
	// this order. Both are empty unless Factor is push or auto.
	Type     string
	PushInfo []duoclient.PushDetail
}

// ProofResult is the end of a proof in Duo's words, see
// [duoclient.AuthResult].
type ProofResult struct {
	// Result is allow or deny.
	Result string
	// Status is allow or bypass, or deny, timeout, fraud, locked_out, sent.
	Status string
	// Message is Duo's text for the user.
	Message string
	// Reason and Factor are those of [duoclient.AuthContext], where they are
	// known; empty: what follows from Status and the factor asked for.
	Reason string
	Factor string
	// Device is the phone's name, where known.
	Device string
	TxID   string
}
