package mfa

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/internal/audit"
)

// Waiting is a login that waits for its second call, as an administrator may
// see it.
type Waiting struct {
	View

	// Key names it to [Flow.Cancel]. It is a hash and opens nothing.
	Key Key
	// Administrator and Enrolling are as in [Transaction].
	Administrator, Enrolling bool
}

// mostWaiting bounds a page of [Flow.Waiting].
const mostWaiting = 500

// Waiting returns up to limit logins that wait, whose keys come after the
// given one, in the order of their keys; none when there are no more. It
// records nothing.
//
// Errors are [ErrUnavailable] with the cause; that a store is not [Unfinished]
// is [errors.ErrUnsupported] too.
func (f *Flow) Waiting(ctx context.Context, after Key, limit int) ([]Waiting, error) {
	store, ok := f.txs.(Unfinished)
	if !ok {
		return nil, unavailable("transaction store", errors.ErrUnsupported)
	}
	limit = max(1, min(limit, mostWaiting))
	now := f.now()
	var found []Waiting
	for {
		live, err := store.Live(ctx, after, limit)
		if err != nil {
			return nil, unavailable("transaction store", err)
		}
		for i := range live {
			tx := &live[i]
			if after = tx.Key; tx.over(now) {
				continue
			}
			if found = append(found, tx.waiting()); len(found) == limit {
				return found, nil
			}
		}
		if len(live) < limit {
			return found, nil
		}
	}
}

func (t *Transaction) waiting() Waiting {
	w := Waiting{
		Key: t.Key, Administrator: t.Administrator, Enrolling: t.Enrolling,
		View: View{
			Username: t.Username, Primary: t.Primary, RedirectURI: t.RedirectURI,
			StartedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, UserAgent: t.UserAgent, Phase: t.Phase,
		},
	}
	if t.Addr.IsValid() {
		w.Addr = t.Addr.String()
	}
	return w
}

// Cancel ends a live transaction because an administrator says so; by is who,
// and reason why. A login that was cancelled or denied before is no error.
//
// Errors: refusals match [ErrRefused] and [ErrUnknownState], [ErrExpired] or
// [ErrNotPending]; [ErrArgument] without by or reason; [ErrUnavailable] when a
// store or the audit trail failed. The login stays ended even when that could
// not be recorded.
func (f *Flow) Cancel(ctx context.Context, k Key, by, reason string, c Client) error {
	if by == "" || reason == "" {
		return fmt.Errorf("%w: who cancels a login, and why, is needed", ErrArgument)
	}
	c = c.normal()
	tx, err := f.txs.Find(ctx, k)
	switch err = storeError(err); {
	case isRule(err):
		return errRefusal(err)
	case err != nil:
		return err
	case tx.Phase.Live() && tx.over(f.now()):
		return errRefusal(ErrExpired)
	}
	carry, err := f.finish(ctx, &tx, Denied, Pending, Claimed)
	switch {
	case errors.Is(err, ErrDenied):
		return nil
	case isRule(err):
		return errRefusal(err)
	case err != nil:
		return err
	}
	f.release(ctx, tx.Username, carry)
	e := tx.event(audit.MFACancelled, audit.OK, c)
	e.Actor, e.Reason = by, reason
	return f.record(ctx, e)
}
