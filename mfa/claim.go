package mfa

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"
)

// maxMisses second calls with wrong fields burn a transaction.
const maxMisses = 3

// claim takes the transaction for one exchange. Of any number of callers in
// the whole cluster one succeeds (threats T070, T071).
func (f *Flow) claim(ctx context.Context, k Key, now time.Time) (Transaction, error) {
	tx, err := f.txs.Update(ctx, k, func(t *Transaction) error {
		if err := t.mayEnd(Pending); err != nil {
			return err
		}
		if t.over(now) {
			return ErrExpired
		}
		t.Phase = Claimed
		return nil
	})
	return tx, storeError(err)
}

// unclaim gives a claimed transaction back, because the code certainly never
// reached Duo: the same call may be made again. What was ended meanwhile
// stays ended.
func (f *Flow) unclaim(ctx context.Context, k Key, code [sha256.Size]byte) error {
	_, err := f.txs.Update(ctx, k, func(t *Transaction) error {
		if err := t.mayEnd(Claimed); err != nil {
			return err
		}
		t.Phase, t.UnsentCode = Pending, code
		return nil
	})
	return ignoreRules(storeError(err))
}

// finish moves a transaction from one of the given phases to a final one and
// hands over what it carried: whoever ends it owns the carry. It returns the
// rule that forbids it ([ErrNotPending], [ErrDenied], [ErrUnknownState]) or
// [ErrUnavailable].
func (f *Flow) finish(ctx context.Context, tx *Transaction, to Phase, from ...Phase) (Carry, error) {
	_, carry, err := f.end(ctx, tx, func(t *Transaction) error {
		if err := t.mayEnd(from...); err != nil {
			return err
		}
		t.Phase = to
		return nil
	})
	return carry, err
}

// redeemed is finish for the one good end: an exchange that took too long is
// too late (threat T071).
func (f *Flow) redeemed(ctx context.Context, tx *Transaction, now time.Time) (Carry, error) {
	_, carry, err := f.end(ctx, tx, func(t *Transaction) error {
		if err := t.mayEnd(Claimed); err != nil {
			return err
		}
		if t.over(now) {
			return ErrExpired
		}
		t.Phase = Redeemed
		return nil
	})
	return carry, err
}

// countMiss counts a second call with a wrong field and burns at the last.
func (f *Flow) countMiss(ctx context.Context, tx *Transaction) (burned bool, carry Carry, err error) {
	phase, carry, err := f.end(ctx, tx, func(t *Transaction) error {
		if err := t.mayEnd(Pending); err != nil {
			return err
		}
		t.Misses++
		if t.Misses >= maxMisses {
			t.Phase = Burned
		}
		return nil
	})
	return phase == Burned, carry, err
}

// end applies a change that may end the transaction, and then takes the carry
// out of the store. When the store fails it is not known whether that
// happened; the carry is then released, because this caller will not go on
// and nobody else might ever see it again.
func (f *Flow) end(ctx context.Context, tx *Transaction, change func(*Transaction) error) (Phase, Carry, error) {
	var carry Carry
	stored, err := f.txs.Update(ctx, tx.Key, func(t *Transaction) error {
		carry = nil
		if err := change(t); err != nil {
			return err
		}
		if !t.Phase.Live() {
			carry, t.Carry = t.Carry, nil
		}
		return nil
	})
	if err != nil {
		f.release(ctx, tx.Username, carry)
		return "", nil, storeError(err)
	}
	return stored.Phase, carry, nil
}

// burn ends a transaction without a session and releases what it carried.
// One that ended otherwise meanwhile is as good as burned.
func (f *Flow) burn(ctx context.Context, tx *Transaction, from ...Phase) error {
	carry, err := f.finish(ctx, tx, Burned, from...)
	if err != nil {
		return ignoreRules(err)
	}
	f.release(ctx, tx.Username, carry)
	return nil
}

// mayEnd returns nil in one of the given phases, else the rule broken.
func (t *Transaction) mayEnd(from ...Phase) error {
	switch {
	case slices.Contains(from, t.Phase):
		return nil
	case t.Phase == Denied:
		return ErrDenied
	default:
		return ErrNotPending
	}
}

// isRule tells an answer of the rules from a failure of the store.
func isRule(err error) bool {
	for _, rule := range []error{ErrNotPending, ErrDenied, ErrExpired, ErrUnknownState} {
		if errors.Is(err, rule) {
			return true
		}
	}
	return false
}

func ignoreRules(err error) error {
	if isRule(err) {
		return nil
	}
	return err
}

// storeError passes rules on and makes everything else [ErrUnavailable].
func storeError(err error) error {
	if err == nil || isRule(err) {
		return err
	}
	return unavailable("transaction store", err)
}
