package mfatest

import (
	"context"
	"slices"
	"sync"

	"mfaserver/mfa"
)

// Enrolment stands in for Duo's preauth. The zero value says of everybody that
// he is enrolled. It is safe for concurrent use.
type Enrolment struct {
	mu      sync.Mutex
	preauth func(ctx context.Context, duoUsername string) (mfa.PreauthResult, error)
	asked   []string
}

// OnPreauth scripts the answers; nil is [mfa.PreauthAuth].
func (e *Enrolment) OnPreauth(f func(ctx context.Context, duoUsername string) (mfa.PreauthResult, error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.preauth = f
}

// Says scripts one answer for everybody.
func (e *Enrolment) Says(result mfa.PreauthResult, err error) {
	e.OnPreauth(func(context.Context, string) (mfa.PreauthResult, error) { return result, err })
}

// Preauth implements [mfa.Enrolment].
func (e *Enrolment) Preauth(ctx context.Context, duoUsername string) (mfa.PreauthResult, error) {
	e.mu.Lock()
	e.asked = append(e.asked, duoUsername)
	f := e.preauth
	e.mu.Unlock()
	if f == nil {
		return mfa.PreauthAuth, nil
	}
	return f(ctx, duoUsername)
}

// Asked are the names that were asked for, in order.
func (e *Enrolment) Asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}
