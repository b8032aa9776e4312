package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/failpoint"
)

// run plays lives of the one node until so many kills are done, or until
// something is found.
func (r *rig) run(ctx context.Context, t *testing.T, s settings) {
	t.Helper()
	random := rand.New(rand.NewPCG(s.seed, 1<<40))
	workers := r.populate(ctx, t, s)
	if t.Failed() {
		return
	}
	for turn := 0; int(r.counts.kills.Load()) < s.kills && !r.found.any(); turn++ {
		r.life(ctx, workers, plan(random, turn), turn)
	}
	if r.found.any() {
		return
	}
	n := r.nodes[0]
	if _, err := n.start(ctx); err != nil {
		r.found.add(badStart, "%v", err)
		return
	}
	r.arrive(workers, 1<<15)
	r.verify(ctx, workers, true)
	r.secondProcess(ctx, n)
	if code := n.running.term(); code != 0 {
		r.found.add(badStart, "%s ended with %d after SIGTERM:\n%s", n.name, code, n.running.log)
	}
	for _, w := range workers {
		w.leave()
		w.browser.close()
	}
}

// populate starts the node for the first time and adds the users.
func (r *rig) populate(ctx context.Context, t *testing.T, s settings) []*worker {
	t.Helper()
	n := r.nodes[0]
	if _, err := n.start(ctx); err != nil {
		t.Fatal(err)
	}
	workers := make([]*worker, s.workers)
	for i := range workers {
		workers[i] = newWorker(r, i, s.seed)
		if err := n.command(ctx, "users.add", newUser{workers[i].user, "user", r.password}); err != nil {
			t.Fatal(err)
		}
	}
	n.running.kill()
	return workers
}

// newUser are the arguments of users.add.
type newUser struct {
	Username string `json:"username"`
	Role     string `json:"role"`
	Password string `json:"password"`
}

func (r *rig) arrive(workers []*worker, generation int) {
	for _, w := range workers {
		w.arrive(generation)
	}
}

// life is one life of the server, from its start to its end.
func (r *rig) life(ctx context.Context, workers []*worker, d disturbance, turn int) {
	n := r.nodes[0]
	if d.startup {
		r.dieStarting(ctx, n, d)
		return
	}
	alive, err := n.start(ctx, d.arms...)
	if err != nil {
		r.found.add(badStart, "%v", err)
		return
	}
	if !alive { // the point comes before it is ready
		r.noteDeath(n, d)
		return
	}
	r.counts.lives++
	r.arrive(workers, turn)
	if len(d.arms) == 0 { // an armed server may die of the questions
		r.verify(ctx, workers, false)
	}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, w := range workers {
		load.Go(func() { w.work(ctx, stop) })
	}
	r.strike(ctx, n, d)
	close(stop)
	load.Wait()
}

func (r *rig) dieStarting(ctx context.Context, n *node, d disturbance) {
	p, err := n.spawn(ctx)
	if err != nil {
		r.found.add(badStart, "%v", err)
		return
	}
	select {
	case <-p.ended:
		r.found.add(badStart, "%s ended by itself with %v:\n%s", n.name, p.cmd.ProcessState, p.log)
		return
	case <-time.After(d.after):
	}
	p.kill()
	r.counts.kills.Add(1)
	r.counts.startupKills.Add(1)
}

// secondProcess is fault R09: a second server on the same store gives up, and
// the first one does not notice.
func (r *rig) secondProcess(ctx context.Context, n *node) {
	first := n.running
	defer func() { n.running = first }()
	second, err := n.spawn(ctx)
	if err != nil {
		r.found.add(badStart, "%v", err)
		return
	}
	select {
	case <-second.ended:
		if second.cmd.ProcessState.ExitCode() <= 0 || !strings.Contains(second.log.String(), fmt.Sprint(first.cmd.Process.Pid)) {
			r.found.add(badStart, "a second process ended with %v and did not name the first:\n%s", second.cmd.ProcessState, second.log)
		}
	case <-time.After(5 * time.Second):
		second.kill()
		r.found.add(badStart, "a second process runs on the same store")
	}
	select {
	case <-first.ended:
		r.found.add(badStart, "%s ended when a second process came", n.name)
	default:
	}
}

// hit counts the deaths at each point.
func (r *rig) hit(p failpoint.Point) {
	if r.points == nil {
		r.points = map[failpoint.Point]int{}
	}
	r.points[p]++
}

// report is what a run says of itself.
func (r *rig) report(s settings, took time.Duration) string {
	c := &r.counts
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("seed %d: %d kills in %v (%d at points, %d while starting), %d SIGTERM, %d points not reached",
		s.seed, c.kills.Load(), took.Round(time.Second), c.pointKills.Load(), c.startupKills.Load(), c.terms.Load(), c.missed.Load())
	for _, p := range failpoint.Points() {
		line("  %-22s %d", p, r.points[p])
	}
	line("sessions: %d started, %d logged out, %d replaced, %d revoked; %d requests cut off",
		c.logins.Load(), c.logouts.Load(), c.replacements.Load(), c.revocations.Load(), c.cuts.Load())
	line("logins: %d raced, %d stolen, %d under another name, %d replayed; %d cut off and sent again, of which %d went on",
		c.raced.Load(), c.thefts.Load(), c.swaps.Load(), c.replays.Load(), c.retried.Load(), c.retriedGranted.Load())
	line("checks: %d after restarts (%d of doubtful sessions), %d in all; %d token calls at duo",
		c.verified.Load(), c.settled.Load(), c.checks.Load(), r.duo.CountCalls("token"))
	var starts []time.Duration
	for _, n := range r.nodes {
		starts = append(starts, n.started...)
	}
	slices.Sort(starts)
	if len(starts) > 0 {
		late, _ := slices.BinarySearch(starts, promptStart)
		line("ready: median %v, worst %v of %d starts, %d later than %v", starts[len(starts)/2].Round(time.Millisecond),
			starts[len(starts)-1].Round(time.Millisecond), len(starts), len(starts)-late, promptStart)
	}
	for i, t := range r.trails {
		line("trail of %s: %d lines up to sequence %d", r.nodes[i].name, t.lines, t.sequence)
	}
	line("found: %d", len(r.found.list()))
	return b.String()
}
