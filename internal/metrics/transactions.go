package metrics

import (
	"context"
	"crypto/sha256"
	"time"

	"mfaserver/mfa"
)

// Transactions measures how long a store of pending logins takes.
func (m *Metrics) Transactions(next mfa.Transactions) mfa.Transactions {
	t := &transactions{
		next: next, insert: m.operation("transactions.insert"), find: m.operation("transactions.find"),
		update: m.operation("transactions.update"), siblings: m.operation("transactions.siblings"), sweep: m.operation("transactions.sweep"),
	}
	if unfinished, ok := next.(mfa.Unfinished); ok {
		return &unfinishedTransactions{t, unfinished}
	}
	return t
}

// unfinishedTransactions are those of a store that lists them.
type unfinishedTransactions struct {
	*transactions
	mfa.Unfinished
}

type transactions struct {
	next                                  mfa.Transactions
	insert, find, update, siblings, sweep operation
}

// Insert implements [mfa.Transactions].
func (t *transactions) Insert(ctx context.Context, v mfa.Transaction, l mfa.Limits, now time.Time) ([]mfa.Transaction, error) {
	began := t.insert.now()
	replaced, err := t.next.Insert(ctx, v, l, now)
	t.insert.done(began, err)
	return replaced, err
}

// Find implements [mfa.Transactions].
func (t *transactions) Find(ctx context.Context, k mfa.Key) (mfa.Transaction, error) {
	began := t.find.now()
	v, err := t.next.Find(ctx, k)
	t.find.done(began, err)
	return v, err
}

// Update implements [mfa.Transactions]. What change refuses is no failure of
// the store.
func (t *transactions) Update(ctx context.Context, k mfa.Key, change func(*mfa.Transaction) error) (mfa.Transaction, error) {
	began := t.update.now()
	var refused error
	v, err := t.next.Update(ctx, k, func(stored *mfa.Transaction) error {
		refused = change(stored)
		return refused
	})
	if refused != nil {
		t.update.done(began, nil)
	} else {
		t.update.done(began, err)
	}
	return v, err
}

// Siblings implements [mfa.Transactions].
func (t *transactions) Siblings(ctx context.Context, binding [sha256.Size]byte, now time.Time) ([]mfa.Transaction, error) {
	began := t.siblings.now()
	all, err := t.next.Siblings(ctx, binding, now)
	t.siblings.done(began, err)
	return all, err
}

// Sweep implements [mfa.Transactions].
func (t *transactions) Sweep(ctx context.Context, before time.Time, limit int) (int, []mfa.Transaction, error) {
	began := t.sweep.now()
	removed, live, err := t.next.Sweep(ctx, before, limit)
	t.sweep.done(began, err)
	return removed, live, err
}
