// Package health says whether a server is alive, and whether it is ready to take
// logins. Everybody may ask; why it is not ready is for operators.
package health

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lookTime bounds one look at everything.
	lookTime = 2 * time.Second
	// keptFor is how long an answer stands, so that asking costs nothing.
	keptFor = time.Second
)

// Check is something without which nobody can sign in.
type Check struct {
	Name string
	// Look returns why not, or nil.
	Look func(ctx context.Context) error
}

// Config is what a [Health] is made of.
type Config struct {
	Checks []Check
	// Notes are what operators should know although it keeps nobody from
	// signing in; nil: nothing.
	Notes func() []string
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Health is safe for concurrent use.
type Health struct {
	cfg   Config
	phase atomic.Int32
	busy  []atomic.Bool // by the number of the check: a look is under way

	mu   sync.Mutex
	last Report    // guarded by mu
	at   time.Time // guarded by mu
}

// phases of a server.
const (
	starting = iota
	serving
	draining
)

// Report is what is known of a server.
type Report struct {
	Ready bool `json:"ready"`
	// Reasons say why it is not ready, Notes what else is not as it should be.
	Reasons []string `json:"reasons,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// New makes the health of a server that is starting.
func New(c Config) *Health {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return &Health{cfg: c, busy: make([]atomic.Bool, len(c.Checks))}
}

// Serving says that the server takes requests.
func (h *Health) Serving() { h.phase.CompareAndSwap(starting, serving) }

// Draining says that the server is about to stop: it is never ready again.
func (h *Health) Draining() { h.phase.Store(draining) }

// errSilent: a check gave no answer in time.
var errSilent = errors.New("does not answer")

// Report looks at everything, unless somebody did within the last second.
func (h *Health) Report(ctx context.Context) Report {
	switch h.phase.Load() {
	case starting:
		return Report{Reasons: []string{"starting"}}
	case draining:
		return Report{Reasons: []string{"draining: the server is about to stop"}}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.cfg.Now()
	if age := now.Sub(h.at); !h.at.IsZero() && age >= 0 && age < keptFor {
		return h.last
	}
	// Whoever asks may go away; the answer is for others too.
	h.last, h.at = h.look(context.WithoutCancel(ctx)), now
	return h.last
}

// look asks all checks at the same time.
func (h *Health) look(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	answers := make([]chan error, len(h.cfg.Checks))
	for i := range h.cfg.Checks {
		answers[i] = h.begin(ctx, i)
	}
	r := Report{}
	for i, c := range h.cfg.Checks {
		err := errSilent
		select {
		case err = <-answers[i]:
		case <-ctx.Done():
		}
		if err != nil {
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s: %v", c.Name, err))
		}
	}
	r.Ready = len(r.Reasons) == 0
	if h.cfg.Notes != nil {
		r.Notes = h.cfg.Notes()
	}
	return r
}

// begin starts a look, unless an earlier one still hangs.
func (h *Health) begin(ctx context.Context, i int) chan error {
	answer := make(chan error, 1)
	if !h.busy[i].CompareAndSwap(false, true) {
		answer <- errSilent
		return answer
	}
	go func() {
		defer h.busy[i].Store(false)
		answer <- h.cfg.Checks[i].Look(ctx)
	}()
	return answer
}
