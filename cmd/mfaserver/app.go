package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/connections"
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
	"mfaserver/internal/throttle"
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
	// duoTrust is the digest of the authorities that duo.ca names.
	duoTrust [sha256.Size]byte
	reports  *reports
	db       store
	// file is db when that is the embedded store.
	file *sqlite.DB
	// shared is db when other nodes use it too.
	shared *redis.Store
	// storeRoots are to vouch for its servers when this app comes into force.
	storeRoots *x509.CertPool
	// sealing names, for each file of keys, the key that seals now; never changed.
	sealing    map[string]string
	tokens     *token.Tokens
	codes      *token.Codes
	breakGlass *token.BreakGlass
	// self starts this program again; empty: it is not.
	self string
	// directory checks passwords, or the engine behind does; the other is nil.
	directory *primary.Local
	behind    *behind
	sessions  *session.Manager
	desk      *helpdesk.Desk
	people    *peopledesk.People
	devices   *selfservice.Desk
	flow      *mfa.Flow

	universal *duoclient.Universal
	// passwords and secondCalls count failures.
	passwords, secondCalls throttle.Counters
	// duoRoots vouch for Duo; expiry tells when these and others end.
	duoRoots []duoclient.Root
	expiry   *expiry.Watch
	// metrics are what is counted and measured, health says whether the server
	// takes logins.
	metrics *metrics.Metrics
	health  *health.Health
	// crowd counts the connections of clients.
	crowd *connections.Limiter
	// roll lists what is done in the background.
	roll *duty.Roll
	// address is where the server listens.
	address net.Addr

	shown *shownCertificate
	// showing is what is to be shown when this app comes into force.
	showing *certificate
	// file of the configuration; empty: it is not read again.
	configFile string
	// level is that of the log; nil: it stays.
	level *slog.LevelVar

	// followers follow the trail while the server runs.
	followers []*follower

	// live is the app in force, for all that take each other's place; before is
	// the one whose place this one is to take, while it is being made.
	live   *atomic.Pointer[app]
	before *app

	closers []func() error
}

// latest is the app in force: this one, or the one that took its place.
func (a *app) latest() *app {
	if a.live == nil {
		return a
	}
	return a.live.Load()
}

// newApp opens what the configuration names. The store comes first: whoever
// holds it holds the data directory. self starts this program again, to hash
// passwords; with an empty one they are hashed here.
func newApp(ctx context.Context, cfg *config.Config, logger *slog.Logger, self string) (*app, error) {
	a := &app{
		cfg: cfg, logger: logger, self: self, roll: duty.New(duty.Config{Logger: logger, Now: now}), metrics: newMetrics(), live: new(atomic.Pointer[app]),
		crowd: connections.New(connectionLimits(cfg)),
	}
	a.live.Store(a)
	first := a.openDirectory
	if cfg.Primary.Upstream != nil {
		first = a.openEngine
	}
	for _, step := range []func(context.Context) error{
		a.openStore, a.openTrail, a.openShipping, a.openTokens, first, a.openSessions, a.lookAtRoots, a.openDesk, a.openPeople, a.openFlow,
		a.openExpiry, a.openCounts,
	} {
		if err := step(ctx); err != nil {
			a.close()
			return nil, err
		}
	}
	a.reports = a.newReports()
	a.openMetrics() //nolint:contextcheck // what it shows is asked for later, by others
	return a, nil
}

// close releases everything, last opened first.
func (a *app) close() {
	a.latest().release(nil)
	for _, closer := range slices.Backward(a.closers) {
		if err := closer(); err != nil {
			a.logger.Error("closing failed", "err", err)
		}
	}
	a.closers = nil
}

func (a *app) openDesk(context.Context) error {
	var before *helpdesk.Desk
	if b := a.before; b != nil {
		if sameDuo(a.cfg, b.cfg) && a.duoTrust == b.duoTrust {
			return nil
		}
		before = b.desk
	}
	desk, err := newDesk(a.cfg, a.recorder, deskNeeds{quota: a.quota(), signOut: a.signOut, follows: before}, a.observeDuo())
	if err != nil {
		return err
	}
	a.desk = desk
	return nil
}
