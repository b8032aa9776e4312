package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web"
)

// app is the server's objects, made from one configuration.
type app struct {
	cfg       *config.Config
	logger    *slog.Logger
	trail     *audit.Trail
	db        *sqlite.DB
	directory *primary.Local
	sessions  *session.Manager
	desk      *helpdesk.Desk
	flow      *mfa.Flow

	closers []func() error
}

// newApp opens what the configuration names. The store comes first: whoever
// holds it holds the data directory.
func newApp(ctx context.Context, cfg *config.Config, logger *slog.Logger) (*app, error) {
	a := &app{cfg: cfg, logger: logger}
	for _, step := range []func(context.Context) error{a.openStore, a.openTrail, a.openDirectory, a.openSessions, a.openDesk, a.openFlow} {
		if err := step(ctx); err != nil {
			a.close()
			return nil, err
		}
	}
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

func (a *app) openStore(ctx context.Context) error {
	for _, dir := range []string{a.cfg.DataDir, filepath.Join(a.cfg.DataDir, "keys"), filepath.Join(a.cfg.DataDir, "audit")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
	}
	key, err := seal.LoadOrCreateKey(filepath.Join(a.cfg.DataDir, "keys", "store.key"))
	if err != nil {
		return err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return err
	}
	a.db, err = sqlite.Open(ctx, sqlite.Config{
		Path:   filepath.Join(a.cfg.DataDir, "data.db"),
		Sealer: sealer,
		Logger: a.logger,
		Now:    now,
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.db.Close)
	return nil
}

func (a *app) openTrail(context.Context) error {
	key, err := seal.LoadOrCreateKey(filepath.Join(a.cfg.DataDir, "keys", "audit.key"))
	if err != nil {
		return err
	}
	names, err := seal.New(key)
	if err != nil {
		return err
	}
	a.trail, err = audit.New(audit.Config{
		Path: filepath.Join(a.cfg.DataDir, "audit", "audit.jsonl"),
		Now:  now,
		Mask: func(name string) string {
			mac := names.MAC("unknown username", []byte(name))
			return fmt.Sprintf("%x", mac[:8])
		},
	})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, a.trail.Close)
	return nil
}

func (a *app) openDirectory(ctx context.Context) error {
	limits := primary.LoginLimits(a.cfg.LimitsFactor)
	limits.Account.Limit, limits.Account.Window = a.cfg.Login.MaxFailures, a.cfg.Login.FailureWindow
	limits.Global.Limit = min(limits.Global.Limit, throttle.MaxLimit/a.cfg.LimitsFactor)
	limits.Now = now
	limiter, err := throttle.New(limits)
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

func (a *app) openSessions(context.Context) error {
	var err error
	a.sessions, err = session.New(session.Config{
		Store:    a.db.Sessions(),
		Idle:     a.cfg.Session.Idle,
		Absolute: a.cfg.Session.Absolute,
		PerUser:  a.cfg.Session.PerUser * a.cfg.LimitsFactor,
		Recorder: a.trail,
		Source:   web.ClientAddr(a.cfg.TrustedProxies),
		Now:      now,
	})
	return err
}

func (a *app) openDesk(context.Context) error {
	var err error
	if a.desk, err = newDesk(a.cfg, a.trail); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { a.desk.Close(); return nil })
	return nil
}

func (a *app) openFlow(context.Context) error {
	duo, err := newUniversal(a.cfg)
	if err != nil {
		return err
	}
	enrolment, err := a.enrolment()
	if err != nil {
		return err
	}
	login, factor := a.cfg.Login, a.cfg.LimitsFactor
	a.flow, err = mfa.New(mfa.Config{
		SecondFactor:  duo,
		Transactions:  a.db.Transactions(),
		Sources:       a.db.Sources(),
		Codes:         a.db.Codes(),
		Accounts:      a.directory,
		Recorder:      a.trail,
		Enrolment:     enrolment,
		Policy:        mfa.Policy{AllowReasons: a.cfg.Duo.AllowReasons, DenyFactors: a.cfg.Duo.DenyFactors},
		Failmode:      mfa.Failmode(a.cfg.Duo.Failmode),
		Relay:         mfa.RelayPolicy(login.RelayPolicy),
		Lifetime:      login.Lifetime,
		EnrolLifetime: login.EnrolLifetime,
		Limits: mfa.Limits{
			PerClient: login.PerClient * factor,
			PerUser:   login.PerUser * factor,
			Reserved:  login.Reserved * factor,
			Total:     login.Total * factor,
		},
		Logger: a.logger,
		Now:    now,
	})
	return err
}

// duoCA turns the setting duo.ca into certificate authorities.
func duoCA(setting string) (duoclient.CA, error) {
	switch setting {
	case config.CADuo:
		return duoclient.CA{}, nil
	case config.CASystem:
		return duoclient.CASystem()
	default:
		return duoclient.CAFile(setting)
	}
}

// newUniversal makes the Duo client of the login.
func newUniversal(cfg *config.Config) (*duoclient.Universal, error) {
	ca, err := duoCA(cfg.Duo.CA)
	if err != nil {
		return nil, err
	}
	duo, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID:     cfg.Duo.Universal.ClientID,
		ClientSecret: cfg.Duo.Universal.ClientSecret,
		APIHost:      cfg.Duo.Universal.APIHostname,
		CA:           ca,
		Simulator:    cfg.Duo.Simulator,
		HTTPProxy:    secret.New(cfg.Duo.HTTPProxy),
	}, duoclient.WithClock(now))
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	return duo, nil
}
