package mfa

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mfaserver/internal/audit"
)

// record writes to the audit trail, also for a client that has gone away
// (threat T195). Its error is [ErrUnavailable]: what was to be recorded must
// then not become visible.
func (f *Flow) record(ctx context.Context, e audit.Event) error {
	if err := f.recorder.Record(context.WithoutCancel(ctx), e); err != nil {
		return unavailable("audit trail", err)
	}
	return nil
}

// clientEvent is an event about a caller.
func clientEvent(name audit.Name, outcome audit.Outcome, c Client) audit.Event {
	return audit.Event{Name: name, Outcome: outcome, Source: c.Addr, UserAgent: c.UserAgent, RequestID: c.RequestID}
}

// event is an event about a transaction and a caller.
func (t *Transaction) event(name audit.Name, outcome audit.Outcome, c Client) audit.Event {
	e := clientEvent(name, outcome, c)
	e.Username, e.Transaction = t.Username, t.Key.Handle()
	return e
}

// refused is an event about a second call that was refused.
func (t *Transaction) refused(name audit.Name, reason string, c Client) audit.Event {
	e := t.event(name, audit.Refused, c)
	e.Reason = reason
	return e
}

// refuse records a refusal and returns it; rule is the sentinel of the rule
// broken.
func (f *Flow) refuse(ctx context.Context, e audit.Event, rule error) error {
	if err := f.record(ctx, e); err != nil {
		return err
	}
	return errRefusal(rule)
}

// errRefusal matches [ErrRefused], the rule and the causes.
func errRefusal(rule error, causes ...error) error {
	err := fmt.Errorf("%w: %w", ErrRefused, rule)
	if cause := errors.Join(causes...); cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// unavailable matches [ErrUnavailable] and the cause.
func unavailable(what string, cause error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, cause)
}

// release ends what a dead login carried.
func (f *Flow) release(ctx context.Context, username string, c Carry) {
	if len(c) > 0 && f.releaser != nil {
		f.releaser.Release(context.WithoutCancel(ctx), username, c)
	}
}

// handles lists transactions by their public names.
func handles(txs []Transaction) string {
	names := make([]string, len(txs))
	for i := range txs {
		names[i] = txs[i].Key.Handle()
	}
	return strings.Join(names, " ")
}
