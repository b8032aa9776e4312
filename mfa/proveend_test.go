package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threat T019: the account changes while the user looks for his phone.
func TestProveAccountChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
		r.accounts.Change("alice")
		return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
	})
	r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrAccountChanged)
	r.wantLast(t, audit.MFAAccountChanged, audit.Refused, "")
}

// The client goes away: there is nobody to open a session for, whatever the
// user answers at that moment.
func TestProveCancelled(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]mfa.ProofResult{"approved": {Result: "allow", Status: "allow"}, "nothing": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			ctx, cancel := context.WithCancel(t.Context())
			r.prover.OnProve(func(waiting context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
				cancel()
				<-waiting.Done()
				if answer.Result == "" {
					return answer, waiting.Err()
				}
				return answer, nil
			})
			g, err := r.Prove(ctx, oneCall("alice"), push)
			if g != nil {
				t.Fatalf("Prove = %+v, want no grant", g)
			}
			matches(t, "Prove", err, mfa.ErrRefused, mfa.ErrCancelled)
			r.wantLast(t, audit.ProofCancelled, audit.Refused, "push")
			r.wantReleased(t, "upstream session of alice")
			r.prover.OnProve(nil)
			r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrPushBraked) // the phone still rings
		})
	}
}

func TestProveCancelledBeforeTheQuestion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.prover.OnPreauth(func(context.Context, string, netip.Addr) (mfa.PreauthResult, error) {
		cancel()
		return mfa.PreauthAuth, nil
	})
	_, err := r.Prove(ctx, oneCall("alice"), push)
	matches(t, "Prove", err, mfa.ErrRefused, mfa.ErrCancelled)
	r.wantAsked(t, 0)
	r.prover.OnPreauth(nil)
	r.proves(t, oneCall("alice"), push) // no phone rang
}

// The wait is bounded, and so is the question before it.
func TestProveIsBounded(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("%w: %w", duoclient.ErrOutage, ctx.Err())
	}
	for _, tt := range []struct {
		wait, took time.Duration
		preauth    bool
		want       []error
	}{
		{0, time.Minute, false, []error{mfa.ErrRefused, mfa.ErrNotAnswered}},
		{10 * time.Second, 10 * time.Second, false, []error{mfa.ErrRefused, mfa.ErrNotAnswered}},
		{0, 4 * time.Second, true, []error{mfa.ErrSecondFactorUnavailable, duoclient.ErrOutage}},
	} {
		t.Run(tt.took.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(c *mfa.Config) { c.ProofWait = tt.wait })
				r.prover.OnProve(func(ctx context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
					return mfa.ProofResult{}, hang(ctx)
				})
				if tt.preauth {
					r.prover.OnPreauth(func(ctx context.Context, _ string, _ netip.Addr) (mfa.PreauthResult, error) { return "", hang(ctx) })
				}
				begun := time.Now()
				r.provesNot(t, oneCall("alice"), push, tt.want...)
				if took := time.Since(begun); took != tt.took {
					t.Errorf("Prove took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// A question that took too long and yet rang no phone is Duo's trouble, not
// the user's.
func TestProveAskedNobodyInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.prover.OnProve(func(ctx context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
			<-ctx.Done()
			return mfa.ProofResult{}, errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage)
		})
		r.provesNot(t, oneCall("alice"), push, mfa.ErrSecondFactorUnavailable, duoclient.ErrNotSent)
	})
}

// Invariant I8: what cannot be recorded does not happen.
func TestProveNotRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.audit.Fail(errFault)
	r.provesNot(t, oneCall("alice"), push, mfa.ErrUnavailable, errFault)
	r.wantAsked(t, 0)
	r.audit.Fail(nil)
	r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
		r.audit.Fail(errFault)
		return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
	})
	r.provesNot(t, oneCall("alice"), push, mfa.ErrUnavailable, errFault)
}

func TestProveNoChance(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Random = emptyReader{} })
	r.provesNot(t, oneCall("alice"), push, mfa.ErrUnavailable)
	r.glass.Add("alice", "code")
	for name, login := range map[string]func() (*mfa.Grant, error){
		"break glass": func() (*mfa.Grant, error) { return r.BreakGlass(t.Context(), oneCall("alice"), "code") },
		"exempt":      func() (*mfa.Grant, error) { return r.Exempt(t.Context(), oneCall("alice"), "backup") },
	} {
		g, err := login()
		if g != nil {
			t.Errorf("%s = %+v, want no grant", name, g)
		}
		matches(t, name, err, mfa.ErrUnavailable)
	}
	r.wantAsked(t, 0)
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, errFault }

func TestProofWaitIsChecked(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{-1, time.Millisecond, 2*time.Minute + 1} {
		r := newRig(t)
		_, err := mfa.New(mfa.Config{
			SecondFactor: r.duo, Transactions: r.memory, Sources: r.memory, Codes: r.memory,
			Accounts: r.accounts, Recorder: r.audit, ProofWait: wait,
		})
		if !errors.Is(err, mfa.ErrConfig) {
			t.Errorf("New with a wait of %v = %v, want ErrConfig", wait, err)
		}
	}
}

// Threat T078: from the answer on the client's going away changes nothing.
func TestProveGoesOnAfterTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	leaving := leavingAccounts(cancel)
	r := newRig(t, func(c *mfa.Config) { c.Accounts = leaving })
	g, err := r.Prove(ctx, oneCall("alice"), push)
	if err != nil || g == nil {
		t.Errorf("Prove = %v, %v, want a grant", g, err)
	}
}

// leavingAccounts lets the client go away when it is asked.
type leavingAccounts func()

func (leave leavingAccounts) Unchanged(ctx context.Context, _ string, _ time.Time) (bool, error) {
	leave()
	return ctx.Err() == nil, ctx.Err()
}
