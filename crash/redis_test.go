//go:build unix

package crash_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
)

// redisPair is a primary and a replica, both of which keep what they have on
// disk.
type redisPair struct {
	primary, replica *redistest.Server
}

func newRedisPair(t *testing.T) *redisPair {
	t.Helper()
	p := &redisPair{primary: redistest.New(t, redistest.Config{Persistent: true})}
	p.replica = redistest.New(t, redistest.Config{Persistent: true, PrimaryAddr: p.primary.Addr})
	if err := p.primary.Synced(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *redisPair) settings() string {
	return fmt.Sprintf("store: {redis: {addresses: [%q, %q], replicas: 1}}\n", p.primary.Addr, p.replica.Addr)
}

func (p *redisPair) strikes() []func(context.Context) error {
	return []func(context.Context) error{p.restart, p.promote}
}

// outage is how long nothing answers.
const outage = 700 * time.Millisecond

// restart kills the primary, and starts it again from its disk.
func (p *redisPair) restart(ctx context.Context) error {
	p.primary.Kill()
	pause(ctx, outage)
	if err := p.primary.Restart(ctx); err != nil {
		return err
	}
	return p.settle(ctx)
}

// promote kills the primary and makes the replica one; what was the primary
// comes back as its replica.
func (p *redisPair) promote(ctx context.Context) error {
	p.primary.Kill()
	pause(ctx, outage)
	if err := p.replica.Promote(ctx); err != nil {
		return err
	}
	p.primary, p.replica = p.replica, p.primary
	_ = p.replica.Follow(ctx, p.primary) // it is dead; this is for its restart
	if err := p.replica.Restart(ctx); err != nil {
		return err
	}
	return p.settle(ctx)
}

// settle waits until the pair is whole, and gives the nodes time to see it.
func (p *redisPair) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.primary.Synced(ctx, 1); err != nil {
		return fmt.Errorf("redis does not settle: %w", err)
	}
	pause(ctx, propagation)
	return nil
}

// Faults R01, R02, R11, R21, R22; threats T070, T113, T120; invariants I1,
// I2, I3, I7, I8, on three nodes with one Redis. See the package comment.
func TestCrashNodes(t *testing.T) {
	t.Parallel()
	s := readSettings(t)
	s.kills = 6
	if testing.Short() {
		s.kills = 3
	}
	if n := number(t, "CRASH_NODE_KILLS"); n > 0 {
		s.kills = int(n)
	}
	pair := newRedisPair(t)
	r := newRig(t, program(t), s, 3, pair)
	began := time.Now()
	r.run(t.Context(), t, s)
	t.Logf("three nodes on Redis\n%s", r.report(s, time.Since(began)))
	for _, f := range r.found.list() {
		t.Error(f)
	}
	if r.counts.logins.Load() == 0 || r.counts.logouts.Load() == 0 {
		t.Error("too little was done: the run shows nothing")
	}
}
