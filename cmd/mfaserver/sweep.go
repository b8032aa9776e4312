package main

import (
	"context"
	"runtime/debug"
	"time"
)

// sweepEvery is how often what has expired is looked for. Expiry itself is
// judged on every read; sweeping only frees room.
const sweepEvery = 30 * time.Second

// sweep ends expired sessions and pending logins until ctx ends. A panic in
// one round is logged and the next round runs all the same (threat T184).
func (a *app) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.sweepOnce(ctx)
		}
	}
}

func (a *app) sweepOnce(ctx context.Context) {
	defer func() {
		if recover() != nil {
			a.logger.ErrorContext(ctx, "sweeping panicked", "stack", string(debug.Stack()))
		}
	}()
	if _, err := a.sessions.Sweep(ctx); err != nil {
		a.logger.WarnContext(ctx, "sweeping sessions failed", "err", err)
	}
	if _, err := a.flow.Sweep(ctx); err != nil {
		a.logger.WarnContext(ctx, "sweeping pending logins failed", "err", err)
	}
}
