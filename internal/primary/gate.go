package primary

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// defaultHashes is how many hashes run at once: all processors but one, so that
// signed-in traffic always finds one, and no more than memory is meant for (256
// MiB in all, threat T176). Where there is only one processor, one hash runs
// and then rests, see [gate.rests].
func defaultHashes() int {
	const memory = 256 << 10
	return max(1, min(runtime.GOMAXPROCS(0)-1, memory/int(DefaultParams().Memory)))
}

// gate lets a few through at once and a few more wait for a little while. Who
// would wait in vain is told so at once: a flood is refused in no time, and
// those who wait get their turn.
type gate struct {
	slots chan struct{}
	wait  time.Duration
	// queue is how many may wait; as many again from addresses that are known
	// to their account, which a flood of strangers does not keep out.
	queue int
	// rests leaves a slot empty for as long as it was held before, so that
	// hashing takes half of an only processor and never all of it.
	rests bool
	now   func() time.Time

	mu sync.Mutex
	// in is how many strangers and how many of the others are in or wait.
	strangers, known int
	// held is how long a slot is held, about.
	held time.Duration
}

// enter waits for a slot. Call leave when done. Errors: [*ThrottledError],
// [ErrUnavailable] when ctx ends first.
func (g *gate) enter(ctx context.Context, known bool) (leave func(), err error) {
	busy := &ThrottledError{RetryAfter: time.Second, Scope: ScopeBusy}
	if !g.join(known) {
		return nil, busy
	}
	patience := g.wait
	if known {
		patience *= 2 // behind strangers, and behind each other
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		began := g.now()
		return func() { g.leave(known, g.now().Sub(began)) }, nil
	case <-timer.C:
		err = busy
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	g.part(known)
	return nil, err
}

// join takes a place, unless there is none or its turn would come too late.
func (g *gate) join(known bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	mine, before := &g.strangers, g.strangers+g.known
	if known {
		mine, before = &g.known, g.known
	}
	waiting := before - cap(g.slots)
	turn := time.Duration(waiting/cap(g.slots)+1) * g.held
	if *mine >= cap(g.slots)+g.queue || waiting > 0 && turn >= g.wait {
		return false
	}
	*mine++
	return true
}

func (g *gate) part(known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known {
		g.known--
	} else {
		g.strangers--
	}
}

// leave gives the slot to the next, at once or after a rest.
func (g *gate) leave(known bool, took time.Duration) {
	free := func() {
		<-g.slots
		g.part(known)
	}
	if !g.rests {
		g.learn(took)
		free()
		return
	}
	g.learn(2 * took)
	time.AfterFunc(took, free)
}

// learn corrects how long a slot is held, by an eighth of the difference.
func (g *gate) learn(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == 0 {
		g.held = took
		return
	}
	g.held += (took - g.held) / 8
}
