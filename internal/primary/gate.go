package primary

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// defaultHashes is how many hashes run at once: all processors but one, so that
// signed-in traffic always finds one, and no more than memory is meant for (256
// MiB in all, threat T176).
func defaultHashes() int {
	const memory = 256 << 10
	return max(1, min(runtime.GOMAXPROCS(0)-1, memory/int(DefaultParams().Memory)))
}

// gate lets a few through at once and a few more wait for a little while.
type gate struct {
	// queue holds those who wait and those who are in, slots those in.
	queue chan struct{}
	slots chan struct{}
	wait  time.Duration
}

func newGate(slots, queue int, wait time.Duration) *gate {
	return &gate{queue: make(chan struct{}, slots+queue), slots: make(chan struct{}, slots), wait: wait}
}

// enter waits for a slot. Call leave when done. Errors: [*ThrottledError],
// [ErrUnavailable] when ctx ends first.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	busy := &ThrottledError{RetryAfter: time.Second, Scope: ScopeBusy}
	select {
	case g.queue <- struct{}{}:
	default:
		return nil, busy
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return func() { <-g.slots; <-g.queue }, nil
	case <-timer.C:
		err = busy
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	<-g.queue
	return nil, err
}
