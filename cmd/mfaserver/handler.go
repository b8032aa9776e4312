package main

import (
	"net/http"
	"path/filepath"
	"time"

	"mfaserver/internal/config"
	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
	"mfaserver/web"
)

// Bad second calls from one source (threat T074).
const (
	secondCallFailures = 20
	secondCallWindow   = time.Minute
)

// handler is the HTTP side of the server.
func (a *app) handler() (http.Handler, error) {
	secondCalls, err := throttle.New(throttle.Config{
		Source: throttle.Rule{Limit: secondCallFailures, Window: secondCallWindow},
		Factor: a.cfg.LimitsFactor,
		Now:    now,
	})
	if err != nil {
		return nil, err
	}
	admin, err := a.adminRoom()
	if err != nil {
		return nil, err
	}
	return web.New(web.Config{
		PublicURLs:        a.cfg.PublicURLs,
		TrustedProxies:    a.cfg.TrustedProxies,
		ServerVersion:     a.cfg.ServerVersion,
		ClientPluginClass: a.cfg.ClientPluginClass,
		Administrators:    a.cfg.Administrators,
		AllowEnrolment:    enrolmentRule(a.cfg.Enrolment),
		EnrolmentContact:  a.cfg.Enrolment.Contact,
		CurlCAFile:        curlCAFile(a.cfg),
		Now:               now,
		Logger:            a.logger,
	}, web.Deps{
		Authenticator: a.directory,
		Directory:     a.directory,
		Login:         a.flow,
		Prompts:       a.flow,
		Sessions:      a.sessions,
		SessionKeeper: a.sessions,
		Notes:         a.directory,
		SecondCalls:   secondCalls,
		Recorder:      a.trail,
		Rooms:         []web.Room{admin},
	})
}

// enrolmentRule applies enrolment.inline; a user's only group is his role.
func enrolmentRule(e config.Enrolment) func(primary.User, time.Time) bool {
	return func(u primary.User, at time.Time) bool { return e.Allows([]string{string(u.Role)}, at) }
}

// curlCAFile is what the callback page names with --cacert: the demo's
// authority. Elsewhere clients have their own way to trust the server.
func curlCAFile(cfg *config.Config) string {
	if !cfg.Duo.Simulator {
		return ""
	}
	return filepath.Clean(cfg.Duo.CA)
}
