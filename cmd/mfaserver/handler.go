package main

import (
	"context"
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

// openCounts makes what counts bad second calls.
func (a *app) openCounts(context.Context) error {
	var err error
	a.secondCalls, err = a.counters("second call", throttle.Config{
		Source: throttle.Rule{Limit: secondCallFailures, Window: secondCallWindow},
		Factor: a.cfg.LimitsFactor,
		Now:    now,
	})
	return err
}

// handler is the HTTP side of the server.
func (a *app) handler() (http.Handler, error) {
	admin, err := a.adminRoom()
	if err != nil {
		return nil, err
	}
	portal, console, err := a.pageRooms()
	if err != nil {
		return nil, err
	}
	deps := web.Deps{
		Login:         a.flow,
		Prompts:       a.flow,
		Sessions:      a.sessions,
		SessionKeeper: a.sessions,
		SecondCalls:   a.secondCalls,
		Recorder:      a.recorder,
		Rules:         a.cfg.RuleSet(),
		Proofs:        a.flow,
		Tokens:        a.tokens,
		Codes:         a.codes,
		Health:        a.health.Handler(a.operator()),
		Rooms:         []web.Room{admin, console, portal},
	}
	if err := a.whoChecks(&deps); err != nil {
		return nil, err
	}
	return web.New(web.Config{
		PublicURLs:            a.cfg.PublicURLs,
		AllowLoopbackRedirect: a.cfg.AllowLoopbackRedirect,
		TrustedProxies:        a.cfg.TrustedProxies,
		ServerVersion:         a.cfg.ServerVersion,
		ClientPluginClass:     a.cfg.ClientPluginClass,
		Administrators:        a.cfg.Administrators,
		AllowEnrolment:        a.allowEnrolment,
		EnrolmentContact:      a.cfg.Enrolment.Contact,
		CurlCAFile:            curlCAFile(a.cfg),
		Now:                   now,
		Logger:                a.logger,
	}, deps)
}

// whoChecks puts the local directory, or the engine behind, into deps.
func (a *app) whoChecks(deps *web.Deps) error {
	if a.behind == nil {
		deps.Authenticator, deps.Directory, deps.Notes, deps.Accounts = a.directory, a.directory, a.directory, a.directory
		return nil
	}
	engine := a.behind.upstream
	deps.Authenticator, deps.Notes, deps.Upstream, deps.TokenCarries = engine, engine, engine, a.behind.standing
	deps.Accounts, deps.Carries = engineAccounts{}, carries{engine}
	gateway, err := a.gateway()
	deps.Gateway = gateway
	return err
}

// allowEnrolment applies enrolment.inline; a user is in the groups of the
// configuration and in that of his role.
func (a *app) allowEnrolment(u primary.User, at time.Time) bool {
	groups := append(a.cfg.RuleSet().Groups(u.Username), string(u.Role))
	return a.cfg.Enrolment.Allows(groups, at)
}

// curlCAFile is what the callback page names with --cacert: the demo's
// authority. Elsewhere clients have their own way to trust the server.
func curlCAFile(cfg *config.Config) string {
	if !cfg.Duo.Simulator {
		return ""
	}
	return filepath.Clean(cfg.Duo.CA)
}
