package mfa

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/internal/audit"
)

// Unfinished finds what an earlier process left behind. Stores for gateways
// implement it beside [Transactions].
type Unfinished interface {
	// Live returns up to limit transactions in a live phase, over by time or
	// not, whose keys come after the given one, in the order of the bytes of
	// their keys; none when there are no more. It returns copies.
	Live(ctx context.Context, after Key, limit int) ([]Transaction, error)
}

// unfinishedBatch transactions are read at a time.
const unfinishedBatch = 500

// EndUnfinished burns the logins that an earlier process left unfinished with
// something they carry, releases that (threat T013), and returns how many they
// were. It is for the start of the one process that uses the stores, before
// the first login; without anything carried a login goes on after a restart.
//
// Errors are [ErrUnavailable] with the cause; that a store is not
// [Unfinished] is [errors.ErrUnsupported] too. A login whose end could not be
// recorded is released all the same.
func (f *Flow) EndUnfinished(ctx context.Context) (int, error) {
	store, ok := f.txs.(Unfinished)
	if !ok {
		return 0, unavailable("transaction store", errors.ErrUnsupported)
	}
	ended := 0
	var failures []error
	for after := (Key{}); ; {
		live, err := store.Live(ctx, after, unfinishedBatch)
		if err != nil {
			return ended, errors.Join(append(failures, unavailable("transaction store", err))...)
		}
		for i := range live {
			burned, err := f.endUnfinished(ctx, &live[i])
			if burned {
				ended++
			}
			failures = append(failures, err)
		}
		if len(live) == 0 {
			return ended, errors.Join(failures...)
		}
		after = live[len(live)-1].Key
	}
}

func (f *Flow) endUnfinished(ctx context.Context, tx *Transaction) (burned bool, err error) {
	if len(tx.Carry) == 0 {
		return false, nil
	}
	carry, err := f.finish(ctx, tx, Burned, Pending, Claimed)
	if err != nil {
		return false, ignoreRules(err)
	}
	f.release(ctx, tx.Username, carry)
	e := tx.event(audit.TransactionExpired, audit.OK, Client{Addr: tx.Addr, UserAgent: tx.UserAgent})
	e.Reason = "restart"
	if err := f.record(ctx, e); err != nil {
		return true, fmt.Errorf("login %s: %w", tx.Key.Handle(), err)
	}
	return true, nil
}
