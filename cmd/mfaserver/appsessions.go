package main

import (
	"context"
	"errors"
	"net/http"

	"mfaserver/internal/config"
	"mfaserver/internal/rules"
	"mfaserver/session"
	"mfaserver/web"
	adminpages "mfaserver/web/console"
	"mfaserver/web/portal"
)

func (a *app) openSessions(context.Context) error {
	passive, err := passive(a.cfg.Session.Passive)
	if err != nil {
		return err
	}
	c := session.Config{
		Store:    a.measuredSessions(),
		Idle:     a.cfg.Session.Idle,
		Absolute: a.cfg.Session.Absolute,
		PerUser:  a.cfg.Session.PerUser * a.cfg.LimitsFactor,
		Recorder: a.recorder,
		Source:   web.ClientAddr(a.cfg.TrustedProxies),
		Passive:  passive,
		OnMove:   session.OnMove(a.cfg.Session.OnAddressChange),
		OnEnd:    a.releaseEnded,
		Now:      now,
	}
	if a.before != nil {
		c.Follows = a.before.sessions
	}
	a.sessions, err = session.New(c)
	return err
}

// passive tells the requests that keep no session alive (threat T111).
func passive(patterns []string) (func(*http.Request) bool, error) {
	paths, err := rules.NewPaths(patterns...)
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	return func(r *http.Request) bool {
		path, ok := rules.APIPath(r.URL.EscapedPath())
		return ok && paths.Match(path) || r.URL.Path == portal.PathState || adminpages.Passive(r.URL.Path)
	}, nil
}

// releaseEnded logs an ended session out at the engine behind.
func (a *app) releaseEnded(ctx context.Context, s session.Session) {
	if a.behind != nil && len(s.Carry) > 0 {
		a.behind.release(ctx, s)
	}
}
