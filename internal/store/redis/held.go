package redis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// hold swaps a small record for what next makes of it, atomically against all
// nodes, and keeps that for a time: after it the server forgets it by itself.
// An empty record stands for none. next runs again when the record was changed
// meanwhile; its error is returned as it is, and nothing is changed.
func (l *link) hold(ctx context.Context, kind, name string, next func(old string) (changed string, keep time.Duration, err error)) error {
	within, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	// Those of this node line up rather than get into each other's way.
	unlock, err := l.locks.lock(within, "h:"+name)
	if err != nil {
		return fault(scriptKeep.name, err)
	}
	defer unlock()
	reply, err := l.query(within, scriptGet, "h:"+name)
	if err != nil {
		return err
	}
	value := ""
	if len(reply) > 0 {
		value = reply[0]
	}
	for {
		sealed, keep, err := l.nextHeld(kind, name, value, next)
		if err != nil {
			return err
		}
		reply, err := l.write(within, scriptKeep, name, value, sealed, milliseconds(max(keep, time.Millisecond)))
		switch {
		case err != nil:
			return err
		case len(reply) == 1 && reply[0] == "ok":
			return nil
		case len(reply) != 2:
			return fault(scriptKeep.name, errReply)
		}
		value = reply[1]
		timer := time.NewTimer(rand.N(contention)) //nolint:gosec // G404: spreads tries over time
		select {
		case <-within.Done():
			timer.Stop()
			return fault(scriptKeep.name, errContended)
		case <-timer.C:
		}
	}
}

// heldNumber stands where records that are used once have their version.
const heldNumber = 1

func (l *link) nextHeld(kind, name, value string, next func(old string) (string, time.Duration, error)) (string, time.Duration, error) {
	aad, old := l.vault.aad(kind, name), ""
	if value != "" {
		var err error
		if _, old, err = l.vault.open(value, aad); err != nil {
			return "", 0, fault(scriptKeep.name, fmt.Errorf("%s: %w", kind, err))
		}
	}
	changed, keep, err := next(old)
	if err != nil || changed == "" {
		return "", 0, err
	}
	return l.vault.seal(heldNumber, changed, aad), keep, nil
}
