package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// duty is something that is done again and again while the server runs.
// Expiry itself is judged on every read: most duties only free room.
type duty struct {
	name  string
	every time.Duration
	do    func(context.Context) error
}

// duties of this server.
func (a *app) duties() []duty {
	all := []duty{
		{"sweeping sessions", 30 * time.Second, func(ctx context.Context) error { _, err := a.sessions.Sweep(ctx); return err }},
		{"sweeping pending logins", 30 * time.Second, func(ctx context.Context) error { _, err := a.flow.Sweep(ctx); return err }},
		{"sweeping sign-in codes", 5 * time.Second, a.sweepCodes},
		{"looking for a new certificate", time.Minute, func(ctx context.Context) error { return a.shown.again(ctx) }},
		{"sweeping service tokens", time.Hour, func(ctx context.Context) error { _, err := a.tokens.Sweep(ctx); return err }},
	}
	if every := a.cfg.Session.DuoCheck; every > 0 {
		all = append(all, duty{"asking duo about signed-in users", every, a.checkUsers})
	}
	if a.behind == nil {
		return all
	}
	return append(all,
		duty{"ending sessions at the engine", 5 * time.Second, func(ctx context.Context) error { _, err := a.behind.upstream.Sweep(ctx); return err }},
		duty{"resting sessions of service tokens", time.Minute, func(ctx context.Context) error { a.behind.standing.Sweep(ctx); return nil }},
	)
}

// sweepCodes ends the sign-in codes that nobody used, and what they carried.
func (a *app) sweepCodes(ctx context.Context) error {
	expired, err := a.codes.Sweep(ctx)
	for _, p := range expired {
		if a.behind != nil && len(p.Carry) > 0 {
			a.behind.upstream.Release(ctx, p.Username, p.Carry)
		}
	}
	return err
}

// sweep does all duties until ctx ends.
func (a *app) sweep(ctx context.Context) {
	var all sync.WaitGroup
	for _, d := range a.duties() {
		all.Go(func() { a.attend(ctx, d) })
	}
	all.Wait()
}

func (a *app) attend(ctx context.Context, d duty) {
	ticker := time.NewTicker(d.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.once(ctx, d)
		}
	}
}

// once does a duty. A panic is logged, and the next round comes all the same
// (threat T184).
func (a *app) once(ctx context.Context, d duty) {
	defer func() {
		if recover() != nil {
			a.logger.ErrorContext(ctx, "a duty panicked", slog.String("duty", d.name), slog.String("stack", string(debug.Stack())))
		}
	}()
	if err := d.do(ctx); err != nil && ctx.Err() == nil {
		a.logger.WarnContext(ctx, "a duty failed", slog.String("duty", d.name), slog.Any("err", err))
	}
}
