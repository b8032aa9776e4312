package main

import (
	"context"

	"mfaserver/internal/config"
	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
	"mfaserver/internal/upstream"
)

func (a *app) openDirectory(ctx context.Context) error {
	limiter, err := a.passwordCounters("login")
	if err != nil || a.before != nil {
		return err // the directory stays, [app.change] replaces the limits
	}
	a.passwords = limiter
	hasher, err := a.hasher()
	if err != nil {
		return err
	}
	a.directory, err = primary.NewLocal(primary.LocalConfig{
		Users:        a.db.Users(),
		Limiter:      limiter,
		Hasher:       hasher,
		LimitsFactor: a.cfg.LimitsFactor,
		Now:          now,
		Logger:       a.logger,
	})
	if err != nil {
		return err
	}
	return a.warnOfBadHashes(ctx)
}

// passwordLimits are those on wrong passwords, at the local directory or at the
// engine behind.
func passwordLimits(cfg *config.Config) throttle.Config {
	if u := cfg.Primary.Upstream; u != nil {
		limits := upstream.LoginLimits(u.MaxFailures, cfg.LimitsFactor)
		limits.Now = now
		return limits
	}
	limits := primary.LoginLimits(cfg.LimitsFactor)
	limits.Account.Limit, limits.Account.Window = cfg.Login.MaxFailures, cfg.Login.FailureWindow
	limits.Global.Limit = min(limits.Global.Limit, throttle.MaxLimit/cfg.LimitsFactor)
	limits.Now = now
	return limits
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
