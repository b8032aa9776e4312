package throttle

import "context"

// Counters count failures by the rules of a [Config] and say who has to wait.
// One node keeps them in memory ([New]); nodes that share a store keep them
// there, so that what fails at one counts at all. They are safe for concurrent
// use. Every error that does not match [ErrThrottled] matches [ErrUnavailable].
type Counters interface {
	// Recall is what is known of a wait without asking anybody: nil, or an
	// [*Error]. It keeps a flood from what costs more; nil is no leave to
	// attempt.
	Recall(s Subject) error
	// Check reports whether s may attempt now: nil, or an [*Error]. It changes
	// nothing. Where attempts run at the same time, use Take.
	Check(ctx context.Context, s Subject) error
	// Take is Check that also reserves the attempt: near the limit only as
	// many attempts run at once as failures are left, so that a volley of
	// guesses gets no further than the same guesses one by one. End the
	// attempt with Fail or with End. What nobody ends, because the process was
	// killed, may hold its place for up to two minutes.
	Take(ctx context.Context, s Subject) (*Attempt, error)
	// Fail counts a failure of s.
	Fail(ctx context.Context, s Subject) error
	// Succeed notes that s completed what it attempted: its source is known to
	// the account from now on. It takes back no failure, so that a success
	// elsewhere does not give an attacker new guesses (threat T007).
	Succeed(ctx context.Context, s Subject) error
	// Change replaces the rules and keeps what was counted: Account, Source,
	// Global and Factor are read, the rest of c stays as it was. A rule can be
	// changed, not switched on or off. [ErrConfig], and nothing is changed.
	Change(c Config) error
}

var _ Counters = (*Limiter)(nil)

// Attempt is a reserved attempt. Fail or End it once; later calls do nothing.
// It is not safe for concurrent use.
type Attempt struct {
	settle func(ctx context.Context, failed bool) error
}

// NewAttempt is for those who implement [Counters]: settle is called at most
// once, and must not make its caller wait when the attempt did not fail.
func NewAttempt(settle func(ctx context.Context, failed bool) error) *Attempt {
	return &Attempt{settle: settle}
}

// Fail counts the attempt as a failure and ends it; [ErrUnavailable].
func (a *Attempt) Fail(ctx context.Context) error {
	settle := a.settle
	if a.settle = nil; settle == nil {
		return nil
	}
	return settle(ctx, true)
}

// End ends the attempt uncounted.
func (a *Attempt) End() {
	settle := a.settle
	if a.settle = nil; settle != nil {
		// It waits for nobody, and what is not ended ends by itself.
		_ = settle(context.Background(), false)
	}
}
