package main

import (
	"context"
	"errors"

	"mfaserver/internal/config"
	"mfaserver/session"
	"mfaserver/web"
	"mfaserver/web/gateway"
	"mfaserver/web/gateway/access"
)

// gateway is the road to the engine behind.
func (a *app) gateway() (*gateway.Gateway, error) {
	var err error
	var follows behind
	if a.before != nil {
		follows = *a.before.behind
	}
	a.behind.guard, err = access.New(access.Config{
		Rules: a.cfg.RuleSet(), Approver: a.flow, Follows: follows.guard,
		Client: web.Clients(a.cfg.TrustedProxies), Logger: a.logger, Now: now,
	})
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	g, err := gateway.New(gateway.Config{
		Target:    a.behind.client.Base(),
		Transport: a.metrics.Engine(a.behind.client.Transport()),
		Engine:    a.behind.client,
		Client:    web.ClientAddr(a.cfg.TrustedProxies),
		RequestID: web.RequestID,
		Cookies:   a.behind.upstream,
		Sessions:  a.sessions,
		Access:    a.behind.guard,
		Stale: func(ctx context.Context, s session.Session) {
			a.behind.standing.Stale(ctx, s.Token, s.Carry)
		},
		Public: gateway.Public{
			HideVersion: a.cfg.Gateway.HideVersion, Launcher: a.cfg.Gateway.Launcher, Explorer: a.cfg.Gateway.APIExplorer,
		},
		PublicURLs: a.cfg.PublicURLs,
		Follows:    follows.gateway,
		Limits:     gateway.Limits{MaxRequest: a.cfg.Gateway.MaxRequest, Idle: a.cfg.Gateway.Idle},
		Recorder:   a.recorder,
		Logger:     a.logger,
		Now:        now,
	})
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	a.behind.gateway = g
	return g, nil
}
