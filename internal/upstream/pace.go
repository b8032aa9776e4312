package upstream

import (
	"context"
	"sync"
	"time"
)

// maxPace is the longest that a refusal is held back.
const maxPace = 5 * time.Second

// pace makes refusals take as long as a password takes at the engine, whether
// or not the engine knows the user (threat T006).
type pace struct {
	mu       sync.Mutex
	estimate time.Duration
}

// note learns from an answer. Only accepted passwords, which certainly were
// hashed, can lower the estimate: a stranger who asks for unknown users cannot.
func (p *pace) note(took time.Duration, accepted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.estimate < 0 {
		return
	}
	took = min(took, maxPace)
	lower := p.estimate
	if accepted {
		lower -= (p.estimate - took) / 8
	}
	p.estimate = max(took, lower)
}

// rest is how much longer a refusal has to wait that took so long by now. A
// quarter more than the estimate leaves room for slower answers.
func (p *pace) rest(took time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.estimate+p.estimate/4, maxPace) - took
}

// hold waits for the rest, or for ctx to end.
func (p *pace) hold(ctx context.Context, took time.Duration) {
	rest := p.rest(took)
	if rest <= 0 {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
