package main

import (
	"context"
	"errors"
	"slices"

	"mfaserver/internal/adminops"
	"mfaserver/internal/config"
	"mfaserver/internal/primary"
	"mfaserver/web"
	"mfaserver/web/adminapi"
)

// adminRoom is the administrators' JSON on the help desk of the configuration.
func (a *app) adminRoom() (web.Room, error) {
	api, err := adminapi.New(adminapi.Config{
		Networks:   a.cfg.Admin.Networks,
		Client:     web.Clients(a.cfg.TrustedProxies),
		Sessions:   a.sessions,
		Roles:      roles{directory: a.directory, configured: a.cfg.Administrators},
		Operations: adminops.New(a.desk),
		Recorder:   a.recorder,
		Logger:     a.logger,
		Now:        now,
	})
	if err != nil {
		return web.Room{}, errors.Join(config.ErrInvalid, err)
	}
	return web.Room{Path: adminapi.Base, Handler: api}, nil
}

// roles says who is an administrator now: by the account's role, or by name in
// the configuration; behind a gateway by name alone.
type roles struct {
	directory  *primary.Local
	configured []string
}

// Administrator implements [adminapi.Roles].
func (r roles) Administrator(ctx context.Context, username string) (bool, error) {
	if r.directory == nil {
		return slices.Contains(r.configured, username), nil
	}
	u, err := r.directory.Get(ctx, username)
	if errors.Is(err, primary.ErrUserUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !u.Disabled && (u.Role == primary.RoleAdmin || slices.Contains(r.configured, u.Username)), nil
}
