//go:build unix

package crash_test

import (
	"context"
	"slices"
	"sync"
)

// sampledEnds is how many older ends are looked at after each restart; the
// latest and the doubtful ones always are, and all of them at the last.
const sampledEnds = 30

// wholeTrailEvery is after how many restarts the chain of the trails is
// verified from its first record on.
const wholeTrailEvery = 5

// verify holds the nodes, all running and without load, to the journals.
func (r *rig) verify(ctx context.Context, workers []*worker, everything bool) {
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() { w.verify(ctx, everything) })
	}
	all.Wait()
	for i, t := range r.trails {
		err := t.read(&r.found)
		if err == nil && (everything || r.counts.lives%wholeTrailEvery == 0) {
			err = verifyTrail(ctx, r.nodes[i].dir)
		}
		if err != nil {
			r.found.add(brokenTrail, "%s: %v", r.nodes[i].name, err)
		}
	}
	for _, w := range workers {
		for _, s := range w.sessions {
			r.audited(s)
		}
	}
}

func (w *worker) verify(ctx context.Context, everything bool) {
	for i, s := range w.sessions {
		recent := i >= len(w.sessions)-2*sampledEnds
		if s.state == ended && !everything && !recent && w.random.IntN(len(w.sessions)) >= sampledEnds {
			continue
		}
		for _, n := range w.rig.nodes {
			if err := w.verifyOne(ctx, s, n); err != nil {
				w.rig.found.add(badStart, "%s does not answer about session %s: %v", n.name, s.handle, err)
				return
			}
		}
	}
}

// verifyOne settles what was doubtful, and checks the rest.
func (w *worker) verifyOne(ctx context.Context, s *kept, n *node) error {
	w.rig.counts.verified.Add(1)
	if s.state != ending {
		return w.check(ctx, s, n)
	}
	there, err := w.ask(ctx, s, n)
	if err != nil {
		return err
	}
	w.rig.counts.settled.Add(1)
	switch {
	case !there:
		s.state, s.how = ended, "seen after a restart"
	case len(w.rig.nodes) == 1:
		s.state = live // whoever was to end it is dead
	}
	return nil
}

// audited holds a session to the trails: what was acknowledged is there
// (invariant I8).
func (r *rig) audited(s *kept) {
	if !s.startRecorded {
		s.startRecorded = true
		if !r.recorded(func(t *trail) bool { return t.started[s.handle] == tie{s.tx, s.user} }) {
			r.found.add(unaudited, "start of session %s of %s", s.handle, s.user)
		}
	}
	if s.acknowledged && !s.endRecorded {
		s.endRecorded = true
		if !r.recorded(func(t *trail) bool { return t.ended[s.handle] }) {
			r.found.add(unaudited, "end (%s) of session %s of %s", s.how, s.handle, s.user)
		}
	}
}

func (r *rig) recorded(in func(*trail) bool) bool {
	return slices.ContainsFunc(r.trails, in)
}
