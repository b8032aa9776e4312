package mfa_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// after is a question at a time after the last one, and its fate.
type after struct {
	wait   time.Duration
	proof  mfa.Proof
	status string // of Duo's deny; empty: allow; "lost": the client goes away
	braked bool
}

// Threats T037, T198: a phone is asked one thing at a time, and is left alone
// after what was not approved, the longer the oftener.
func TestBrake(t *testing.T) {
	t.Parallel()
	ask := func(wait time.Duration, status string) after { return after{wait, push, status, false} }
	no := func(wait time.Duration) after { return after{wait, push, "", true} }
	tests := map[string][]after{
		"approved ones are free": {ask(0, ""), ask(0, ""), ask(0, ""), ask(0, "")},
		"a denial": {
			ask(0, "deny"), no(0), no(59 * time.Second), ask(time.Second, "deny"), // one minute
			no(119 * time.Second), ask(time.Second, "deny"), // two
			no(239 * time.Second), ask(time.Second, ""), ask(0, ""), // four; approved: forgotten
			ask(0, "deny"), no(59 * time.Second), ask(time.Second, ""),
		},
		"denials up to an hour": {
			ask(0, "deny"), ask(time.Minute, "deny"), ask(2*time.Minute, "deny"), ask(4*time.Minute, "deny"), ask(8*time.Minute, "deny"),
			ask(16*time.Minute, "deny"), ask(32*time.Minute, "deny"), no(time.Hour - time.Second), ask(time.Second, "deny"), no(time.Hour - time.Second),
			ask(time.Second, "deny"),
		},
		"fraud": {
			ask(0, "fraud"), no(15*time.Minute - time.Second), ask(time.Second, "fraud"), no(30*time.Minute - time.Second), ask(time.Second, "fraud"),
		},
		"fraud up to a day": {
			ask(0, "fraud"), ask(15*time.Minute, "fraud"), ask(30*time.Minute, "fraud"), ask(time.Hour, "fraud"), ask(2*time.Hour, "fraud"),
			ask(4*time.Hour, "fraud"), ask(8*time.Hour, "fraud"), ask(16*time.Hour, "fraud"), no(24*time.Hour - time.Second), ask(time.Second, "fraud"),
			no(24*time.Hour - time.Second),
		},
		"unanswered": {
			ask(0, "timeout"), ask(0, "timeout"), no(59 * time.Second), ask(time.Second, "timeout"), no(119 * time.Second), ask(time.Second, "timeout"),
		},
		"the client goes away": { // the phone rings on
			ask(0, "lost"), no(63 * time.Second), ask(time.Second, "lost"), no(123 * time.Second), ask(time.Second, ""), ask(0, ""),
		},
		"forgotten after an hour": {
			ask(0, "deny"), ask(time.Minute, "deny"), ask(2*time.Minute+time.Hour, "deny"), no(59 * time.Second), ask(time.Second, "deny"),
		},
		"every way to the phone": {
			{0, mfa.Proof{Factor: mfa.FactorPhone}, "deny", false},
			{0, mfa.Proof{Factor: mfa.FactorSMS}, "", true},
			{0, mfa.Proof{Factor: mfa.FactorAuto}, "", true},
			no(0),
			{0, passcode("1"), "", false},
			{time.Minute, mfa.Proof{Factor: mfa.FactorSMS}, "sent", false},
			no(0),
			{0, passcode("1"), "", false},
		},
		"wrong passcodes": {
			{0, passcode("1"), "deny", false},
			{0, passcode("2"), "deny", false},
			{0, passcode("3"), "deny", false},
			{0, passcode("4"), "deny", false},
			{0, passcode("5"), "deny", false},
			{59 * time.Second, passcode("6"), "", true},
			ask(0, ""),
			{time.Second, passcode("6"), "deny", false},
			{119 * time.Second, passcode("7"), "", true},
			{time.Second, passcode("7"), "", false},
			{0, passcode("8"), "deny", false},
			{0, passcode("9"), "", false},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for n, step := range steps {
				r.clock.Add(step.wait)
				r.brakeStep(t, n, step)
			}
		})
	}
}

func (r *rig) brakeStep(t *testing.T, n int, step after) {
	t.Helper()
	asked := len(r.prover.Asked())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	switch step.status {
	case "":
		r.prover.OnProve(nil)
	case "lost":
		r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
			cancel()
			return mfa.ProofResult{}, context.Canceled
		})
	default:
		r.prover.Says("deny", step.status)
	}
	g, err := r.Prove(ctx, oneCall("alice"), step.proof)
	rule := mfa.ErrPushBraked
	if step.proof.Factor == mfa.FactorPasscode {
		rule = mfa.ErrPasscodeBraked
	}
	if got := errors.Is(err, rule) && errors.Is(err, mfa.ErrRefused); got != step.braked || got == (len(r.prover.Asked()) > asked) {
		t.Fatalf("step %d: Prove = %v with %d questions more, want it braked: %t", n, err, len(r.prover.Asked())-asked, step.braked)
	}
	if (g != nil) != (!step.braked && step.status == "") {
		t.Fatalf("step %d: Prove = %v, %v", n, g, err)
	}
	if !step.braked {
		return
	}
	e := r.wantLast(t, audit.PushBraked, audit.Refused, step.proof.Factor)
	if seconds, err := strconv.Atoi(e.Detail["seconds"]); err != nil || seconds < 0 {
		t.Errorf("step %d: record is %+v, want how long", n, e)
	}
}

// A phone that could not be asked may be asked by another way at once.
func TestBrakeForgetsWhatNeverRang(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 5 {
		r.prover.Fails(errors.Join(mfa.ErrNobodyAsked, errFault))
		r.provesNot(t, oneCall("alice"), push, mfa.ErrSecondFactorUnavailable, errFault)
	}
	r.prover.OnProve(nil)
	r.proves(t, oneCall("alice"), push)
	r.prover.Fails(errFault) // nobody knows
	r.provesNot(t, oneCall("alice"), push, mfa.ErrSecondFactorUnavailable, errFault)
	r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrPushBraked)
	r.prover.OnProve(nil)
	r.proves(t, oneCall("bob"), push)
}

// Threat T037: of many logins at once one reaches the phone.
func TestOnePushAtATime(t *testing.T) {
	t.Parallel()
	const racers = 50
	r := newRig(t)
	release, rings := make(chan struct{}), make(chan struct{}, racers)
	r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
		rings <- struct{}{}
		<-release
		return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
	})
	errs := make(chan error, 2*racers)
	var wg sync.WaitGroup
	for n := range racers {
		wg.Go(func() {
			if n%2 == 0 {
				_, err := r.Prove(t.Context(), oneCall("alice"), push)
				errs <- err
				return
			}
			_, err := r.Approve(t.Context(), mfa.ApproveRequest{Username: "alice"})
			errs <- err
		})
	}
	<-rings
	for range racers - 1 {
		select {
		case err := <-errs:
			if !errors.Is(err, mfa.ErrPushBraked) {
				t.Errorf("a racer got %v, want ErrPushBraked", err)
			}
		case <-rings:
			t.Error("the phone rings a second time")
			errs <- nil // for the one that now waits too
		}
	}
	close(release)
	wg.Wait()
	if err := <-errs; err != nil {
		t.Errorf("the first got %v, want nil", err)
	}
	r.wantAsked(t, 1)
}

// Several programs of a user may bring passcodes at the same time.
func TestPasscodesAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.prover.OnProve(func(ctx context.Context, q mfa.ProofRequest) (mfa.ProofResult, error) {
		if q.Passcode.Reveal() == "outer" {
			if _, err := r.Prove(ctx, oneCall("alice"), passcode("inner")); err != nil {
				t.Errorf("Prove = %v beside another, want nil", err)
			}
		}
		return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
	})
	r.proves(t, oneCall("alice"), passcode("outer"))
}

// Threats T037, T198: phones that ring for nothing raise the alarm.
func TestPushFatigueAlarm(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.prover.Says("deny", "timeout")
	for range 3 {
		r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrNotAnswered)
		r.clock.Add(5 * time.Minute)
	}
	if got := r.audit.Count(audit.Fatigue); got != 1 {
		t.Errorf("%d alarms after three pushes for nothing, want 1", got)
	}
}

// An answer that comes after the next question does not lift the brake.
func TestBrakeLateAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := true
	r.prover.OnProve(func(ctx context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
		if !first {
			return mfa.ProofResult{Result: "deny", Status: "deny"}, nil
		}
		first = false
		r.clock.Add(65 * time.Second) // longer than a phone rings
		if _, err := r.Prove(ctx, oneCall("alice"), push); !errors.Is(err, mfa.ErrDenied) {
			t.Errorf("Prove = %v, want ErrDenied", err)
		}
		return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
	})
	r.proves(t, oneCall("alice"), push)
	r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrPushBraked)
	r.clock.Add(time.Minute)
	r.prover.OnProve(nil)
	r.proves(t, oneCall("alice"), push)
}

// Threat T037: the memory of the brake is bounded; what is full brakes.
func TestBrakeIsBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory")
	}
	const most = 100_000
	r := newRig(t, func(c *mfa.Config) { c.Logger, c.Recorder, c.Releaser = nil, forgetful{}, nil })
	r.prover.Says("deny", "deny")
	for n := range most {
		if _, err := r.Prove(t.Context(), oneCall(strconv.Itoa(n)), push); !errors.Is(err, mfa.ErrDenied) {
			t.Fatalf("Prove = %v, want ErrDenied", err)
		}
	}
	if _, err := r.Prove(t.Context(), oneCall("alice"), push); !errors.Is(err, mfa.ErrPushBraked) {
		t.Errorf("Prove beside %d braked users = %v, want ErrPushBraked", most, err)
	}
	r.clock.Add(2 * time.Hour)
	r.prover.OnProve(nil)
	if _, err := r.Prove(t.Context(), oneCall("alice"), push); err != nil {
		t.Errorf("Prove when they are forgotten = %v, want nil", err)
	}
}

// forgetful is an audit trail that keeps nothing.
type forgetful struct{}

func (forgetful) Record(context.Context, audit.Event) error { return nil }
