package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"mfaserver/internal/duty"
	adminpages "mfaserver/web/console"
)

// round is something that pages show and nobody waits for: it is done again and
// again in the background, and when somebody asks.
type round[T any] struct {
	name   string
	every  time.Duration
	logger *slog.Logger
	roll   *duty.Roll
	do     func(ctx context.Context) T

	// wake holds one wish for another time at most.
	wake chan struct{}

	mu   sync.Mutex
	last T                // guarded by mu
	at   adminpages.Round // guarded by mu
}

func newRound[T any](name string, every time.Duration, a *app, do func(ctx context.Context) T) *round[T] {
	return &round[T]{name: name, every: every, logger: a.logger, roll: a.roll, do: do, wake: make(chan struct{}, 1)}
}

// ask wants it done now, unless it is being done.
func (r *round[T]) ask() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.Running {
		return
	}
	select {
	case r.wake <- struct{}{}:
		r.at.Running = true
	default:
	}
}

// state is what came of it last.
func (r *round[T]) state() (T, adminpages.Round) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.at
}

// attend does it until ctx ends: for the first time after a while, so that a
// start is not slowed down.
func (r *round[T]) attend(ctx context.Context, first time.Duration) {
	entry := r.roll.Enter(r.name, r.every)
	defer r.roll.Leave(entry)
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.wake:
		}
		entry.Begin()
		entry.End(r.once(ctx))
		timer.Reset(r.every)
	}
}

// once does it, and reports whether it came to its end. A panic is logged, and
// leaves what was known before (threat T184).
func (r *round[T]) once(ctx context.Context) (done bool) {
	r.mu.Lock()
	r.at.Running = true
	r.mu.Unlock()
	began := now()
	var result T
	defer func() {
		if recover() != nil {
			r.logger.ErrorContext(ctx, "a background round panicked", slog.String("round", r.name), slog.String("stack", string(debug.Stack())))
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.at.Running = false
		if done {
			r.last, r.at.Ended, r.at.Took = result, now(), now().Sub(began)
		}
	}()
	result = r.do(ctx)
	done = ctx.Err() == nil
	return done
}
