package mfa

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Failmode is what happens to a login when Duo cannot be asked.
type Failmode string

// The fail modes.
const (
	// FailSecure lets nobody in.
	FailSecure Failmode = "secure"
	// FailSafe lets users in with the password alone, for a limited session,
	// while Duo is truly out of reach at the first call. Never
	// administrators, and never when keys, clock or an untrusted server are
	// the trouble (threat T097).
	FailSafe Failmode = "safe"
)

func (m Failmode) valid() bool { return m == FailSecure || m == FailSafe }

// mayFailOpen judges one failed health check; two in a row are needed.
func (f *Flow) mayFailOpen(r BeginRequest, err error) bool {
	return f.failmode == FailSafe && !r.Administrator && !r.NeverOpen && classify(err).outage()
}

// failOpen gives a grant without a second factor. The record is durable
// before anybody can use it.
func (f *Flow) failOpen(ctx context.Context, r BeginRequest, now time.Time) (Begun, error) {
	c, err := draw(f.random)
	if err != nil {
		return Begun{}, err
	}
	handle := KeyOf(c.state).Handle()
	down := now.Sub(f.health.downSince(now))
	e := clientEvent(audit.MFAFailOpen, audit.OK, r.Client)
	e.Username, e.Transaction, e.Reason = r.Username, handle, duoclient.ClassOutage.String()
	e.Detail = map[string]string{"outage_seconds": strconv.Itoa(int(down / time.Second))}
	if err := f.record(ctx, e); err != nil {
		return Begun{}, err
	}
	f.logger.WarnContext(ctx, "second factor skipped because duo is down", "user", r.Username, "outage", down)
	return Begun{Grant: &Grant{
		Username: r.Username, UserID: r.UserID, Primary: r.Primary, Message: r.Message,
		Carry: r.Carry, Transaction: handle, Reason: "fail_open", At: now, CheckedAt: cmp.Or(r.CheckedAt, now), FailOpen: true,
	}}, nil
}

// withoutDuo is the usual end when Duo cannot be asked: nobody gets in, and
// the records say whose fault it is. who is an event that says whose login it
// was.
func (f *Flow) withoutDuo(ctx context.Context, who audit.Event, cause error) error {
	t, e := classify(cause), who
	e.Name, e.Outcome, e.Reason = t.event, audit.Failed, t.reason()
	f.logger.ErrorContext(ctx, "duo cannot be asked", "class", t.reason(), "err", cause)
	if err := f.record(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrSecondFactorUnavailable, cause)
}
