//go:build unix

package crash_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/primary"
)

// run disturbs the nodes until so many kills are done, or until something is
// found.
func (r *rig) run(ctx context.Context, t *testing.T, s settings) {
	t.Helper()
	random := rand.New(rand.NewPCG(s.seed, 1<<40))
	workers := r.populate(ctx, t, s)
	for turn := 0; int(r.counts.kills.Load()) < s.kills && !r.found.any(); turn++ {
		r.life(ctx, workers, r.plan(random, turn), r.nodes[random.IntN(len(r.nodes))])
		if turn%50 == 49 {
			t.Logf("%d kills, %d sessions", r.counts.kills.Load(), r.counts.logins.Load())
		}
	}
	if r.found.any() || !r.startAll(ctx) {
		return
	}
	r.verify(ctx, workers, true)
	if r.backing == nil {
		r.secondProcess(ctx, r.nodes[0])
	}
	for _, n := range r.nodes {
		r.term(n)
	}
	for _, w := range workers {
		w.leave()
		w.browser.close()
	}
}

// populate starts a node for the first time and adds the users.
func (r *rig) populate(ctx context.Context, t *testing.T, s settings) []*worker {
	t.Helper()
	n := r.nodes[0]
	if _, err := n.start(ctx); err != nil {
		t.Fatal(err)
	}
	workers := make([]*worker, s.workers)
	for i := range workers {
		workers[i] = newWorker(r, i, s.seed)
		if err := n.addUser(ctx, newUser{workers[i].user, "user", r.password}); err != nil {
			t.Fatal(err)
		}
		workers[i].arrive(0)
	}
	n.running.kill()
	return workers
}

// addUser adds a user, also where a replica is slow to acknowledge at first: the
// store then says no, although the user may be there.
func (n *node) addUser(ctx context.Context, u newUser) error {
	var err error
	for range 10 {
		if err = n.command(ctx, "users.add", u); err == nil || errors.Is(err, primary.ErrUserExists) {
			return nil
		}
		pause(ctx, 500*time.Millisecond)
	}
	return err
}

// newUser are the arguments of users.add.
type newUser struct {
	Username string `json:"username"`
	Role     string `json:"role"`
	Password string `json:"password"`
}

// startAll starts the nodes that do not run.
func (r *rig) startAll(ctx context.Context) bool {
	for _, n := range r.nodes {
		if n.runs() {
			continue
		}
		if _, err := n.start(ctx); err != nil {
			r.found.add(badStart, "%v", err)
			return false
		}
	}
	return true
}

// life puts load on all nodes and disturbs one of them, the victim, or what is
// behind them. What is dead is started before.
func (r *rig) life(ctx context.Context, workers []*worker, d disturbance, victim *node) {
	if victim.runs() && (d.startup || len(d.arms) > 0) {
		r.term(victim)
	}
	switch {
	case d.startup:
		r.dieStarting(ctx, victim, d)
		return
	case len(d.arms) > 0:
		alive, err := victim.start(ctx, d.arms...)
		if err != nil {
			r.found.add(badStart, "%v", err)
			return
		}
		if !alive { // the point comes before it is ready
			r.noteDeath(victim, d)
			return
		}
	}
	if !r.startAll(ctx) {
		return
	}
	r.counts.lives++
	for _, w := range workers {
		w.arrive(r.counts.lives)
	}
	if len(d.arms) == 0 { // an armed server may die of the questions
		r.verify(ctx, workers, false)
	}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, w := range workers {
		load.Go(func() { w.work(ctx, stop) })
	}
	r.strike(ctx, victim, d)
	if len(r.nodes) > 1 {
		pause(ctx, aftermath)
	}
	close(stop)
	load.Wait()
}

// aftermath is how long the load goes on at the other nodes.
const aftermath = 300 * time.Millisecond

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
