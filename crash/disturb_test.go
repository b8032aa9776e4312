package crash_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"mfaserver/internal/failpoint"
)

// disturbance is how a life of the server ends.
type disturbance struct {
	// arms are armed at the start; the others are for when none is.
	arms []failpoint.Arm
	// startup is a kill while the server starts.
	startup bool
	// term is SIGTERM.
	term bool
	// after is when, from the start or from the beginning of the load.
	after time.Duration
}

// plan chooses the next disturbance. Points take turns, so that a run of some
// length meets them all.
func plan(random *rand.Rand, turn int) disturbance {
	switch n := random.IntN(100); {
	case n < 8:
		return disturbance{startup: true, after: time.Duration(random.IntN(150)) * time.Millisecond}
	case n < 12:
		return disturbance{term: true, after: milliseconds(random, 100, 500)}
	case n < 50:
		return disturbance{after: milliseconds(random, 20, 700)}
	}
	points := failpoint.Points()
	p := points[turn%len(points)]
	most := 5
	if often := []failpoint.Point{failpoint.AuditWritten, failpoint.AuditSynced, failpoint.BeforeCommit, failpoint.AfterCommit}; slices.Contains(often, p) {
		most = 80
	}
	return disturbance{arms: []failpoint.Arm{{Point: p, Action: failpoint.Kill, At: 1 + random.IntN(most)}}}
}

func milliseconds(random *rand.Rand, from, to int) time.Duration {
	return time.Duration(from+random.IntN(to-from)) * time.Millisecond
}

// strike ends the running process of n as planned, under load.
func (r *rig) strike(ctx context.Context, n *node, d disturbance) {
	p := n.running
	if len(d.arms) > 0 {
		select {
		case <-p.ended:
			r.noteDeath(n, d)
			return
		case <-time.After(pointPatience):
			r.counts.missed.Add(1)
		case <-ctx.Done():
		}
	} else {
		select {
		case <-p.ended:
			r.found.add(badStart, "%s ended by itself with %v:\n%s", n.name, p.cmd.ProcessState, p.log)
			return
		case <-time.After(d.after):
		case <-ctx.Done():
		}
	}
	if d.term {
		r.counts.terms.Add(1)
		if code := p.term(); code != 0 {
			r.found.add(badStart, "%s ended with %d after SIGTERM:\n%s", n.name, code, p.log)
		}
		return
	}
	p.kill()
	r.counts.kills.Add(1)
}

// noteDeath notes a process that ended at an armed point.
func (r *rig) noteDeath(n *node, d disturbance) {
	if !n.running.killed() {
		r.found.add(badStart, "%s ended with %v, want a kill at %v:\n%s", n.name, n.running.cmd.ProcessState, d.arms, n.running.log)
		return
	}
	r.counts.kills.Add(1)
	r.counts.pointKills.Add(1)
	r.hit(d.arms[0].Point)
}
