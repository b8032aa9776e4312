package main

import (
	"context"
	"log/slog"
	"net"
	"slices"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
	"mfaserver/internal/config"
	"mfaserver/internal/duty"
	"mfaserver/internal/expiry"
	"mfaserver/internal/health"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/metrics"
	peopledesk "mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/internal/selfservice"
	"mfaserver/internal/stats"
	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
)

// app is the server's objects, made from one configuration.
type app struct {
	cfg    *config.Config
	logger *slog.Logger
	trail  *audit.Trail
	// recorder is the trail for those who write to it; stats counts what they
	// write.
	recorder audit.Recorder
	stats    *stats.Stats
	reports  *reports
	db       store
	// file is db when that is the embedded store.
	file *sqlite.DB
	// shared is db when other nodes use it too.
	shared     *redis.Store
	tokens     *token.Tokens
	codes      *token.Codes
	breakGlass *token.BreakGlass
	// directory checks passwords, or the engine behind does; the other is nil.
	directory *primary.Local
	behind    *behind
	sessions  *session.Manager
	desk      *helpdesk.Desk
	people    *peopledesk.People
	devices   *selfservice.Desk
	flow      *mfa.Flow

	shown *shownCertificate
	// duoRoots vouch for Duo; expiry tells when these and others end.
	duoRoots []duoclient.Root
	expiry   *expiry.Watch
	// metrics are what is counted and measured, health says whether the server
	// takes logins.
	metrics *metrics.Metrics
	health  *health.Health
	// roll lists what is done in the background.
	roll *duty.Roll
	// address is where the server listens.
	address net.Addr

	// shippers follow the trail while the server runs.
	shippers []*ship.Shipper

	closers []func() error
}

// newApp opens what the configuration names. The store comes first: whoever
// holds it holds the data directory.
func newApp(ctx context.Context, cfg *config.Config, logger *slog.Logger) (*app, error) {
	a := &app{cfg: cfg, logger: logger, roll: duty.New(duty.Config{Logger: logger, Now: now}), metrics: newMetrics()}
	first := a.openDirectory
	if cfg.Primary.Upstream != nil {
		first = a.openEngine
	}
	for _, step := range []func(context.Context) error{a.openStore, a.openTrail, a.openShipping, a.openTokens, first, a.openSessions, a.openDesk, a.openPeople, a.openFlow, a.openExpiry} {
		if err := step(ctx); err != nil {
			a.close()
			return nil, err
		}
	}
	a.reports = a.newReports()
	a.openMetrics()
	return a, nil
}

// close releases everything, last opened first.
func (a *app) close() {
	for _, closer := range slices.Backward(a.closers) {
		if err := closer(); err != nil {
			a.logger.Error("closing failed", "err", err)
		}
	}
	a.closers = nil
}

func (a *app) openDesk(context.Context) error {
	var err error
	if a.desk, err = newDesk(a.cfg, a.recorder, a.quota(), a.signOut, a.observeDuo()); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { a.desk.Close(); return nil })
	return nil
}
