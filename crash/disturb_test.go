//go:build unix

package crash_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"mfaserver/internal/failpoint"
)

// disturbance is what happens to a node, or to what is behind all of them.
type disturbance struct {
	// arms are armed at the node's start.
	arms []failpoint.Arm
	// startup is a kill while the node starts.
	startup bool
	// term is SIGTERM.
	term bool
	// rotate moves the node's audit trail away before, as log rotation does.
	rotate bool
	// backing does something to the store of all nodes instead.
	backing func(context.Context) error
	// after is when, from the start or from the beginning of the load.
	after time.Duration
}

// plan chooses the next disturbance. Points take turns, so that a run of some
// length meets them all.
func (r *rig) plan(random *rand.Rand, turn int) disturbance {
	if r.backing != nil && turn%5 == 4 {
		return disturbance{backing: r.backing.strikes()[turn/5%len(r.backing.strikes())], after: milliseconds(random, 50, 500)}
	}
	if len(r.nodes) > 1 && turn%5 == 2 {
		return disturbance{arms: []failpoint.Arm{{Point: failpoint.AfterClaim, Action: failpoint.Stop, At: 1 + random.IntN(3)}}}
	}
	switch n := random.IntN(100); {
	case n < 8:
		return disturbance{startup: true, after: milliseconds(random, 0, 150)}
	case n < 12:
		return disturbance{term: true, after: milliseconds(random, 100, 500)}
	case n < 50:
		return disturbance{after: milliseconds(random, 20, 1200), rotate: random.IntN(4) == 0}
	}
	points := r.points()
	p := points[r.pointTurn%len(points)]
	r.pointTurn++
	most := 5
	if often := []failpoint.Point{failpoint.AuditWritten, failpoint.AuditSynced, failpoint.BeforeCommit, failpoint.AfterCommit}; slices.Contains(often, p) {
		most = 80 / len(r.nodes)
	}
	if p == failpoint.MidRotation || p == failpoint.MidFold {
		most = 1
	}
	return disturbance{
		arms: []failpoint.Arm{{Point: p, Action: failpoint.Kill, At: 1 + random.IntN(most)}}, rotate: p == failpoint.MidRotation,
	}
}

// points are those that the nodes pass: with a store of their own, all.
func (r *rig) points() []failpoint.Point {
	if r.backing == nil {
		return failpoint.Points()
	}
	return slices.DeleteFunc(failpoint.Points(), func(p failpoint.Point) bool {
		return strings.HasPrefix(string(p), "sqlite.")
	})
}

func milliseconds(random *rand.Rand, from, to int) time.Duration {
	return time.Duration(from+random.IntN(to-from)) * time.Millisecond
}

// strike does to the running node n, or behind it, what is planned, under load.
func (r *rig) strike(ctx context.Context, n *node, d disturbance) {
	p := n.running
	if d.rotate {
		pause(ctx, settled)
		r.rotate(n)
	}
	switch {
	case d.backing != nil:
		pause(ctx, d.after)
		if err := d.backing(ctx); err != nil {
			r.found.add(badStart, "the store behind the nodes: %v", err)
		}
		r.counts.kills.Add(1)
		r.counts.backingKills.Add(1)
		return
	case len(d.arms) > 0 && d.arms[0].Action == failpoint.Stop:
		r.holdStopped(ctx, n, d)
		return
	case len(d.arms) > 0:
		select {
		case <-p.ended:
			r.noteDeath(n, d)
			return
		case <-time.After(pointPatience):
			r.counts.missed.Add(1)
		}
	default:
		select {
		case <-p.ended:
			r.found.add(badStart, "%s ended by itself with %v:\n%s", n.name, p.cmd.ProcessState, p.log)
			return
		case <-time.After(d.after):
		}
	}
	if d.term {
		r.term(n)
		return
	}
	p.kill()
	r.counts.kills.Add(1)
}

// settled is how long a node that is ready gets to heed all signals.
const settled = 100 * time.Millisecond

// rotate moves the trail of a node away and tells the node.
func (r *rig) rotate(n *node) {
	if !n.runs() {
		return
	}
	err := r.trails[slices.Index(r.nodes, n)].moveAway()
	if err == nil {
		err = n.running.cmd.Process.Signal(syscall.SIGHUP)
	}
	if err != nil && n.runs() {
		r.found.add(brokenTrail, "%s: rotation: %v", n.name, err)
	}
	r.counts.rotations.Add(1)
}

// term is SIGTERM, after which a node ends well (fault R10).
func (r *rig) term(n *node) {
	r.counts.terms.Add(1)
	if code := n.running.term(); code != 0 {
		r.found.add(badStart, "%s ended with %d after SIGTERM:\n%s", n.name, code, n.running.log)
	}
}

// noteDeath notes a process that ended at an armed point.
func (r *rig) noteDeath(n *node, d disturbance) {
	if !n.running.killed() {
		r.found.add(badStart, "%s ended with %v, want a kill at %v:\n%s", n.name, n.running.cmd.ProcessState, d.arms, n.running.log)
		return
	}
	r.counts.kills.Add(1)
	r.counts.pointKills.Add(1)
	r.deaths[d.arms[0].Point]++
}

// stoppedFor is how long a node stands still between claim and exchange.
const stoppedFor = 1500 * time.Millisecond

// holdStopped waits until the node stops itself at an armed point, and wakes
// it some time later (fault R11). The other nodes go on meanwhile.
func (r *rig) holdStopped(ctx context.Context, n *node, d disturbance) {
	for begun := time.Now(); !n.running.stopped(); pause(ctx, 20*time.Millisecond) {
		if time.Since(begun) > pointPatience {
			r.counts.missed.Add(1)
			return
		}
	}
	r.counts.stops.Add(1)
	r.deaths[d.arms[0].Point]++
	pause(ctx, stoppedFor)
	if err := n.running.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		r.found.add(badStart, "%s cannot be woken: %v", n.name, err)
	}
	pause(ctx, stoppedFor/3)
}

// stopped reports whether the process stands still (proc(5), field 3 of stat).
func (p *process) stopped() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	_, after, found := bytes.Cut(text, []byte(") "))
	return err == nil && found && bytes.HasPrefix(after, []byte("T"))
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
