package upstream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mfaserver/internal/primary"
)

const (
	// queuedPerSlot is how many logins may wait for each that is at the
	// engine, queuedPerTurn how many for each of one account.
	queuedPerSlot = 16
	queuedPerTurn = 8
	gateWait      = 5 * time.Second
)

// gate lets a few logins at the engine at once, and fewer of one account: a
// volley of guesses would otherwise all be there before the first of them is
// known to be wrong (threat T007).
type gate struct {
	slots chan struct{}

	mu      sync.Mutex
	turns   int // of an account; for those whose lane is new
	waiting int
	lanes   map[string]*lane
}

// lane is the logins of one account.
type lane struct {
	turns chan struct{}
	// users are those who are in and those who wait.
	users int
}

func newGate(slots, turns int) *gate {
	return &gate{slots: make(chan struct{}, slots), turns: turns, lanes: make(map[string]*lane)}
}

// enter waits for a turn of the account and a slot. Call leave once, when
// done. Errors: [*primary.ThrottledError]; [primary.ErrUnavailable] when ctx
// ends first.
func (g *gate) enter(ctx context.Context, account string) (leave func(), err error) {
	l := g.join(account)
	if l == nil {
		return nil, busy()
	}
	timer := time.NewTimer(gateWait)
	defer timer.Stop()
	for i, turns := range []chan struct{}{l.turns, g.slots} {
		select {
		case turns <- struct{}{}:
			continue
		case <-timer.C:
			err = busy()
		case <-ctx.Done():
			err = fmt.Errorf("%w: %w", primary.ErrUnavailable, ctx.Err())
		}
		if i > 0 {
			<-l.turns
		}
		g.part(account, l)
		return nil, err
	}
	return func() {
		<-g.slots
		<-l.turns
		g.part(account, l)
	}, nil
}

func busy() error {
	return &primary.ThrottledError{RetryAfter: time.Second, Scope: primary.ScopeBusy}
}

// allow changes how many logins of one account may be at the engine.
func (g *gate) allow(turns int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turns = turns
}

// join returns the lane of an account; nil when too many wait already.
func (g *gate) join(account string) *lane {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lanes[account]
	if g.waiting >= cap(g.slots)*(1+queuedPerSlot) || l != nil && l.users >= g.turns*(1+queuedPerTurn) {
		return nil
	}
	if l == nil {
		l = &lane{turns: make(chan struct{}, g.turns)}
		g.lanes[account] = l
	}
	l.users++
	g.waiting++
	return l
}

func (g *gate) part(account string, l *lane) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
	if l.users--; l.users == 0 {
		delete(g.lanes, account)
	}
}
