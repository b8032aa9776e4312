package main

import (
	"context"

	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
)

func (a *app) openDirectory(ctx context.Context) error {
	limits := primary.LoginLimits(a.cfg.LimitsFactor)
	limits.Account.Limit, limits.Account.Window = a.cfg.Login.MaxFailures, a.cfg.Login.FailureWindow
	limits.Global.Limit = min(limits.Global.Limit, throttle.MaxLimit/a.cfg.LimitsFactor)
	limits.Now = now
	limiter, err := a.counters("login", limits)
	if err != nil {
		return err
	}
	a.directory, err = primary.NewLocal(primary.LocalConfig{
		Users:        a.db.Users(),
		Limiter:      limiter,
		LimitsFactor: a.cfg.LimitsFactor,
		Now:          now,
		Logger:       a.logger,
	})
	if err != nil {
		return err
	}
	return a.warnOfBadHashes(ctx)
}

// warnOfBadHashes names the users whose stored password cannot be checked:
// they are refused until they get a new one (threat T011).
func (a *app) warnOfBadHashes(ctx context.Context) error {
	bad, err := a.directory.BadHashes(ctx)
	if err != nil {
		return err
	}
	for _, user := range bad {
		a.logger.WarnContext(ctx, "a stored password cannot be used; set a new one with users passwd", "username", user.Username)
	}
	return nil
}
