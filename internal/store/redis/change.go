package redis

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"time"
)

// cell is where one record that changes is kept.
type cell struct {
	// get is the name of the value after the prefix, name what the script
	// swap calls it.
	get, name string
	swap      *script
	// unknown is the room's error when there is no such record.
	unknown error
}

// contention is the longest pause before a change is tried again.
const contention = 5 * time.Millisecond

// change swaps a record for what next makes of it, atomically against all
// nodes: next runs again when the record was changed meanwhile. last is what
// the script publishes with it. The error of next is returned as it is.
func (l *link) change(ctx context.Context, c cell, next func(value string) (changed, last string, err error)) error {
	within, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	// Those of this node line up rather than get into each other's way.
	unlock, err := l.locks.lock(within, c.get)
	if err != nil {
		return fault(c.swap.name, err)
	}
	defer unlock()
	reply, err := l.query(within, scriptGet, c.get)
	if err != nil {
		return err
	}
	if len(reply) == 0 {
		return c.unknown
	}
	for value := reply[0]; ; {
		changed, last, err := next(value)
		if err != nil {
			return err
		}
		reply, err := l.write(within, c.swap, c.name, value, changed, last)
		switch {
		case err != nil:
			return err
		case len(reply) == 1 && reply[0] == "ok":
			return nil
		case len(reply) == 1 && reply[0] == "gone":
			return c.unknown
		case len(reply) != 2:
			return fault(c.swap.name, errReply)
		}
		value = reply[1]
		timer := time.NewTimer(rand.N(contention)) //nolint:gosec // G404: spreads tries over time
		select {
		case <-within.Done():
			timer.Stop()
			return fault(c.swap.name, errContended)
		case <-timer.C:
		}
	}
}

// locks are for those of this process who change the same record.
type locks struct {
	seed  maphash.Seed
	slots [256]chan struct{}
}

func newLocks() *locks {
	l := &locks{seed: maphash.MakeSeed()}
	for i := range l.slots {
		l.slots[i] = make(chan struct{}, 1)
	}
	return l
}

// lock waits for a name, no longer than the context.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	slot := l.slots[maphash.String(l.seed, name)%uint64(len(l.slots))]
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
