package mfa

import (
	"context"
	"errors"
	"time"

	"mfaserver/internal/audit"
)

const (
	// replayMemory is how long an ended transaction is kept beyond its
	// lifetime, so that a replay is seen as one and not as an unknown state.
	replayMemory = 5 * time.Minute
	// sweepBatch transactions are removed at a time, so that logins come in
	// between.
	sweepBatch = 500
)

// Sweep removes transactions that ended some time ago, releases what the
// unfinished ones carried, and returns how many were removed. Nothing depends
// on it but room: what has ended is refused whether it was swept or not
// (threats T068, T125). It stops when ctx ends.
//
// Errors are [ErrUnavailable] with the cause. An unfinished login whose end
// could not be recorded is released all the same.
func (f *Flow) Sweep(ctx context.Context) (int, error) {
	before := f.now().Add(-replayMemory)
	total := 0
	for {
		removed, live, err := f.txs.Sweep(ctx, before, sweepBatch)
		if err != nil {
			return total, unavailable("transaction store", err)
		}
		total += removed
		if err := f.endSwept(ctx, live); err != nil {
			return total, err
		}
		if removed < sweepBatch {
			return total, nil
		}
		if err := ctx.Err(); err != nil {
			return total, nil //nolint:nilerr // told to stop; the next round goes on
		}
	}
}

func (f *Flow) endSwept(ctx context.Context, live []Transaction) error {
	var failures []error
	for i := range live {
		tx := &live[i]
		f.release(ctx, tx.Username, tx.Carry)
		failures = append(failures, f.record(ctx, tx.event(audit.TransactionExpired, audit.OK, Client{Addr: tx.Addr, UserAgent: tx.UserAgent})))
	}
	return errors.Join(failures...)
}
