package redis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"time"

	"mfaserver/mfa"
)

// transactions implements [mfa.Transactions] and [mfa.Unfinished].
type transactions struct{ l *link }

var (
	_ mfa.Transactions = (*transactions)(nil)
	_ mfa.Unfinished   = (*transactions)(nil)
)

// Insert implements [mfa.Transactions]: limits and insertion are one step.
func (s *transactions) Insert(ctx context.Context, n mfa.Transaction, l mfa.Limits, now time.Time) ([]mfa.Transaction, error) {
	reply, err := s.l.write(ctx, scriptTxInsert, hexKey(n.Key), s.l.vault.encodeTransaction(&n, 1),
		strconv.Itoa(l.PerClient), strconv.Itoa(l.PerUser), strconv.Itoa(l.Total), hexTime(now), ttl(n.ExpiresAt, now))
	switch {
	case err != nil:
		return nil, unavailable(mfa.ErrUnavailable, err)
	case len(reply) == 1 && reply[0] == "exists":
		// States are random, so this is a fault of the program.
		return nil, unavailable(mfa.ErrUnavailable, fault("insert transaction", errDuplicate))
	case len(reply) == 1 && reply[0] == "full":
		return nil, mfa.ErrTooManyPending
	case len(reply) == 0 || reply[0] != "ok":
		return nil, unavailable(mfa.ErrUnavailable, fault("insert transaction", errReply))
	}
	replaced, _ := s.all(ctx, reply[1:]) // all logs what it refuses; the others are to be released
	for i := range replaced {
		replaced[i].Phase = mfa.Burned
	}
	return replaced, nil
}

// all opens pairs of key and value. Those that open are returned with the
// error of one that does not.
func (s *transactions) all(ctx context.Context, pairs []string) ([]mfa.Transaction, error) {
	var all []mfa.Transaction
	var broken error
	for i := 0; i+1 < len(pairs); i += 2 {
		k, _ := parseKey(pairs[i]) // under another key nothing opens
		t, _, err := s.open(ctx, k, pairs[i+1])
		if err != nil {
			broken = err
			continue
		}
		all = append(all, t)
	}
	return all, broken
}

// Find implements [mfa.Transactions].
func (s *transactions) Find(ctx context.Context, k mfa.Key) (mfa.Transaction, error) {
	reply, err := s.l.query(ctx, scriptGet, "t:"+hexKey(k))
	if err != nil {
		return mfa.Transaction{}, unavailable(mfa.ErrUnavailable, err)
	}
	if len(reply) == 0 {
		return mfa.Transaction{}, mfa.ErrUnknownState
	}
	t, _, err := s.open(ctx, k, reply[0])
	return t, unavailable(mfa.ErrUnavailable, err)
}

// Update implements [mfa.Transactions].
func (s *transactions) Update(ctx context.Context, k mfa.Key, change func(*mfa.Transaction) error) (mfa.Transaction, error) {
	var changed mfa.Transaction
	var written uint64
	name := hexKey(k)
	c := cell{get: "t:" + name, name: name, swap: scriptTxSwap, unknown: mfa.ErrUnknownState}
	err := s.l.change(ctx, c, func(value string) (string, string, error) {
		before, version, err := s.open(ctx, k, value)
		if err != nil {
			return "", "", err
		}
		changed = before
		changed.Carry = bytes.Clone(before.Carry)
		if err := change(&changed); err != nil {
			return "", "", err
		}
		changed = allowed(before, changed)
		written = version + 1
		return s.l.vault.encodeTransaction(&changed, written), hexVersion(written), nil
	})
	if written > 0 && err == nil {
		s.l.memory.noteVersion("t:"+name, written)
	}
	if err != nil {
		return mfa.Transaction{}, unavailable(mfa.ErrUnavailable, err)
	}
	return changed, nil
}

// allowed takes from changed only what Update may change.
func allowed(before, changed mfa.Transaction) mfa.Transaction {
	before.Phase, before.Misses, before.UnsentCode = changed.Phase, changed.Misses, changed.UnsentCode
	before.Carry = bytes.Clone(changed.Carry)
	return before
}

// Siblings implements [mfa.Transactions].
func (s *transactions) Siblings(ctx context.Context, binding [sha256.Size]byte, now time.Time) ([]mfa.Transaction, error) {
	reply, err := s.l.query(ctx, scriptTxSiblings, hexKey(binding))
	if err != nil {
		return nil, unavailable(mfa.ErrUnavailable, err)
	}
	all, err := s.all(ctx, reply)
	if err != nil {
		return nil, unavailable(mfa.ErrUnavailable, err)
	}
	return slices.DeleteFunc(all, func(t mfa.Transaction) bool {
		return !t.Phase.Live() || t.ExpiredAt(now) || t.Binding != binding
	}), nil
}

// Sweep implements [mfa.Transactions]. Records that were tampered with are
// removed and logged. Spent codes and addresses the server forgets by itself.
func (s *transactions) Sweep(ctx context.Context, expiredBefore time.Time, limit int) (int, []mfa.Transaction, error) {
	removed := 0
	var live []mfa.Transaction
	err := inSteps(limit, func(step int) (int, error) {
		reply, err := s.l.write(ctx, scriptTxSweep, hexTime(expiredBefore), strconv.Itoa(step))
		if err != nil {
			return 0, err
		}
		looked, rest, err := counted(reply)
		if err != nil {
			return 0, err
		}
		removed += len(rest) / 2
		swept, _ := s.all(ctx, rest) // all logs what it refuses
		for i := range swept {
			if swept[i].Phase.Live() {
				live = append(live, swept[i])
			}
		}
		return looked, nil
	})
	if err != nil && removed == 0 {
		return 0, nil, unavailable(mfa.ErrUnavailable, err)
	}
	return removed, live, nil // what was ended must be reported; the next sweep meets the error again
}

// Live implements [mfa.Unfinished]. It reads the keys of all live logins.
func (s *transactions) Live(ctx context.Context, after mfa.Key, limit int) ([]mfa.Transaction, error) {
	var keys []string
	for cursor, behind := earliest, hexKey(after); cursor != ""; {
		reply, err := s.l.query(ctx, scriptTxLive, cursor, strconv.Itoa(listChunk))
		if err == nil && len(reply) == 0 {
			err = fault("list transactions", errReply)
		}
		if err != nil {
			return nil, unavailable(mfa.ErrUnavailable, err)
		}
		cursor = reply[0]
		for _, k := range reply[1:] {
			if k > behind {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	var live []mfa.Transaction
	for _, name := range slices.Compact(keys) {
		if len(live) == limit {
			break
		}
		k, _ := parseKey(name) // under another key nothing is found
		t, err := s.Find(ctx, k)
		if errors.Is(err, mfa.ErrUnknownState) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if t.Phase.Live() {
			live = append(live, t)
		}
	}
	return live, nil
}
