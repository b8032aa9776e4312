package mfa

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mfaserver/duoclient"
)

const (
	// goodFor is how long a good health check stands for later ones. A bad
	// one stands for nothing but itself (threat T098).
	goodFor = 30 * time.Second
	// probeTimeout bounds one health check, so that two of them and the
	// stores fit into the 12 s within which a first call answers.
	probeTimeout = 5 * time.Second
	// skewWarning is the clock difference that is logged; duoclient refuses
	// at twice as much (threat T099).
	skewWarning = 30 * time.Second
)

var errProbeDied = errors.New("mfa: health check did not return")

// healthGate asks Duo whether it is there. Callers that come while a check is
// on its way share its answer.
type healthGate struct {
	duo    SecondFactor
	now    func() time.Time
	logger *slog.Logger

	mu     sync.Mutex
	good   bool
	goodAt time.Time
	downAt time.Time // start of the present row of failures; zero when none
	flight *probe
}

// probe is one health check on its way; err is set when done is closed.
type probe struct {
	done chan struct{}
	err  error
}

func newHealthGate(duo SecondFactor, now func() time.Time, logger *slog.Logger) *healthGate {
	return &healthGate{duo: duo, now: now, logger: logger}
}

// ask returns nil when Duo was well within the last [goodFor].
func (g *healthGate) ask(ctx context.Context) error {
	g.mu.Lock()
	if age := g.now().Sub(g.goodAt); g.good && age >= 0 && age < goodFor {
		g.mu.Unlock()
		return nil
	}
	if p := g.flight; p != nil {
		g.mu.Unlock()
		select {
		case <-p.done:
			return p.err
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), context.Cause(ctx))
		}
	}
	p := &probe{done: make(chan struct{}), err: errProbeDied}
	g.flight = p
	g.mu.Unlock()
	g.fly(ctx, p)
	return p.err
}

// fly makes the call for everybody who waits on p. It does not end when the
// first of them goes away: a client must not be able to make Duo look dead.
func (g *healthGate) fly(ctx context.Context, p *probe) {
	asked := g.now()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.good, g.goodAt, g.flight = p.err == nil, asked, nil
		switch {
		case p.err == nil:
			g.downAt = time.Time{}
		case g.downAt.IsZero():
			g.downAt = asked
		}
		close(p.done)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	var h duoclient.Health
	h, p.err = g.duo.HealthCheck(ctx)
	if p.err == nil && h.Skew.Abs() > skewWarning {
		g.logger.WarnContext(ctx, "clock differs from duo's", "skew", h.Skew)
	}
}

// forget drops a good answer, because a later call showed otherwise.
func (g *healthGate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.good = false
}

// downSince is when the present row of failures began; now when there is none.
func (g *healthGate) downSince(now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.downAt.IsZero() {
		return now
	}
	return g.downAt
}
