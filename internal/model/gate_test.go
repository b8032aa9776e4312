package model_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"pgregory.net/rapid"
)

var (
	errFault = errors.New("model: the disk is on fire")
	errDead  = errors.New("model: the process is dead")
)

// room is where a call of the server goes to.
type room string

const (
	store  room = "store"
	trail  room = "trail"
	duo    room = "duo"
	behind room = "engine"
)

// mishap is what becomes of one call of the server to the world outside.
type mishap string

const (
	nothing mishap = "nothing"
	// refused: the call fails and has done nothing.
	refused mishap = "refused"
	// lost: the call is done and its answer lost.
	lost mishap = "lost"
	// down: from this call on all calls to its room fail until the step ends.
	down mishap = "down"
	// killed: the process dies before the call; killedAfter: after it.
	killed      mishap = "killed"
	killedAfter mishap = "killed after"
	// meanwhile: something else happens right before the call.
	meanwhile mishap = "meanwhile"
)

// plan says what happens to the call with the number at, counted from 0.
type plan struct {
	mishap mishap
	at     int
	// run is what happens meanwhile.
	run func()
}

// gate is what everything passes that the server does to stores, trail, Duo
// and engine.
type gate struct {
	mu    sync.Mutex
	plan  plan
	calls int
	fired bool
	down  room
	dead  bool
	which string // the call that was hit
	// later are the calls after the one that was hit.
	later []string
}

// begin arms the gate for one step.
func (g *gate) begin(p plan) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.plan, g.calls, g.fired, g.down, g.which, g.later = p, 0, false, "", "", nil
}

// end disarms the gate and says what came of the plan.
func (g *gate) end() (fired mishap, which string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fired = nothing
	if g.fired {
		fired = g.plan.mishap
	}
	g.plan, g.down = plan{mishap: nothing}, ""
	return fired, g.which
}

// revive is the start of a new process.
func (g *gate) revive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dead, g.plan = false, plan{mishap: nothing}
}

// verdict is what becomes of a call: the error in its place, the error instead
// of its answer, and what happens right before it.
type verdict struct {
	before, after error
	run           func()
}

// verdict is what becomes of the next call.
func (g *gate) verdict(r room, name string) verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead {
		return verdict{before: errDead}
	}
	if g.down == r {
		return verdict{before: errFault}
	}
	n := g.calls
	g.calls++
	if g.fired {
		g.later = append(g.later, name)
	}
	if g.fired || g.plan.mishap == nothing || g.plan.mishap == "" || n != g.plan.at {
		return verdict{}
	}
	g.fired, g.which = true, fmt.Sprintf("%s of %s", name, r)
	switch g.plan.mishap {
	case refused:
		return verdict{before: errFault}
	case lost:
		return verdict{after: errFault}
	case down:
		g.down = r
		return verdict{before: errFault}
	case killed:
		g.dead = true
		return verdict{before: errDead}
	case killedAfter:
		return verdict{after: errDead}
	default:
		return verdict{run: g.plan.run}
	}
}

// calledLater reports whether the call of that name came after what was hit.
func (g *gate) calledLater(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.later, name)
}

func (g *gate) die() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dead = true
}

// through makes one call that may come to grief.
func through[T any](g *gate, r room, name string, do func() (T, error)) (T, error) {
	v := g.verdict(r, name)
	var none T
	if v.before != nil {
		return none, v.before
	}
	if v.run != nil {
		v.run()
		g.mu.Lock()
		g.later = nil
		g.mu.Unlock()
	}
	got, err := do()
	if v.after != nil {
		if errors.Is(v.after, errDead) {
			g.die()
		}
		return none, v.after
	}
	return got, err
}

// run is through for calls without a value.
func (g *gate) run(r room, name string, do func() error) error {
	_, err := through(g, r, name, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// drawPlan chooses whether and where a step comes to grief.
func drawPlan(rt *rapid.T) plan {
	if rapid.IntRange(0, 9).Draw(rt, "luck") < 7 {
		return plan{mishap: nothing}
	}
	return plan{
		mishap: rapid.SampledFrom([]mishap{refused, lost, down, killed, killedAfter}).Draw(rt, "mishap"),
		at:     rapid.IntRange(0, 15).Draw(rt, "at call"),
	}
}

func (g *gate) isDead() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dead
}
