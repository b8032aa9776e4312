package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/stats"
	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/upstream"
	"mfaserver/mfa"
	"mfaserver/session"
)

// store keeps everything that must outlast the process, as the packages that
// need it declare.
type store interface {
	Sessions() session.Store
	Transactions() mfa.Transactions
	Sources() mfa.Sources
	Codes() mfa.Codes
	Users() primary.Users
	Tokens() token.ServiceTokens
	SignInCodes() token.SignInCodes
	BreakGlass() token.BreakGlassCodes
	Ledger() upstream.Ledger
	Check(ctx context.Context) error
	Counts(ctx context.Context, now time.Time) (sessions, pending int, err error)
	Close() error
}

var (
	_ store = (*sqlite.DB)(nil)
	_ store = (*redis.Store)(nil)
)

func storePath(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "data.db") }

// sealer opens one of the keys that seal what is stored, with those beside it,
// and makes it where there is none.
func sealer(cfg *config.Config, name string) (*seal.Sealer, error) {
	ring, err := seal.LoadRing(filepath.Join(cfg.KeysDir, name))
	if err != nil {
		return nil, err
	}
	return ring.Sealer()
}

// sealer is sealer, and notes the key that seals since the start: what lives
// longer than a configuration may seal under it until a restart.
func (a *app) sealer(name string) (*seal.Sealer, error) {
	s, err := sealer(a.cfg, name)
	if err != nil {
		return nil, err
	}
	noted := map[string]string{name: s.SealsUnder()}
	maps.Copy(noted, a.sealing)
	a.sealing = noted
	return s, nil
}

func (a *app) openStore(ctx context.Context) error {
	for _, dir := range []string{a.cfg.DataDir, a.cfg.KeysDir, filepath.Join(a.cfg.DataDir, "audit")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
	}
	sealed, err := a.sealer("store.key")
	if err != nil {
		return err
	}
	if a.cfg.Store.Redis != nil {
		return a.openRedis(ctx, sealed)
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: storePath(a.cfg), Sealer: sealed, Logger: a.logger, Now: now})
	if err != nil {
		return err
	}
	a.db, a.file = db, db
	a.closers = append(a.closers, a.db.Close)
	return nil
}

// redisTimeout bounds a call of the store, so that an answer without it takes
// no more than two seconds (threat T119).
const redisTimeout = 1500 * time.Millisecond

// redisConfig is what the store is opened with.
func redisConfig(cfg *config.Config, sealed *seal.Sealer, logger *slog.Logger) (redis.Config, error) {
	r := cfg.Store.Redis
	c := redis.Config{
		Addrs: r.Addresses, Replicas: r.Replicas, Username: r.Username, Password: r.Password, Prefix: r.Prefix,
		MinVersion: r.MinVersion, Timeout: redisTimeout, Sealer: sealed, Logger: logger, Now: now,
	}
	if r.TLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if r.CAFile != "" {
		roots, err := redisRoots(r)
		if err != nil {
			return c, err
		}
		c.TLS.RootCAs = roots
	}
	return c, nil
}

// redisRoots may vouch for the servers; nil: the system's authorities do.
func redisRoots(r *config.Redis) (*x509.CertPool, error) {
	if r.CAFile == "" {
		return nil, nil //nolint:nilnil // the system's
	}
	pem, err := os.ReadFile(r.CAFile)
	if err != nil {
		return nil, fmt.Errorf("store.redis.ca_file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: store.redis.ca_file: no certificate in it", config.ErrInvalid)
	}
	return roots, nil
}

// followStore reads what vouches for the store's servers once more; all else
// about the store stays until a restart.
func (a *app) followStore(context.Context) error {
	if a.shared == nil {
		return nil
	}
	var err error
	a.storeRoots, err = redisRoots(a.cfg.Store.Redis)
	return err
}

func (a *app) openRedis(ctx context.Context, sealed *seal.Sealer) error {
	c, err := redisConfig(a.cfg, sealed, a.logger)
	if err != nil {
		return err
	}
	db, err := redis.Open(ctx, c)
	if err != nil {
		return err
	}
	a.db, a.shared = db, db
	a.closers = append(a.closers, a.db.Close)
	return nil
}

// auditKeys are the key of the trail, made where there is none, and those of
// before.
func auditKeys(cfg *config.Config) (current *seal.Sealer, earlier []audit.MAC, err error) {
	ring, err := seal.LoadRing(filepath.Join(cfg.KeysDir, auditKeyFile))
	if err != nil {
		return nil, nil, err
	}
	for _, k := range ring.Earlier {
		s, err := seal.New(k)
		if err != nil {
			return nil, nil, err
		}
		earlier = append(earlier, s.MAC)
	}
	current, err = seal.New(ring.Current)
	return current, earlier, err
}

// auditReserve is the room for the records of logouts and the like while the
// disk is full (fault R12): some 15,000 of them.
const auditReserve = 8 << 20

func (a *app) openTrail(ctx context.Context) error {
	names, earlier, err := auditKeys(a.cfg)
	if err != nil {
		return err
	}
	c := audit.Config{
		Path:    auditPath(a.cfg),
		MAC:     names.MAC,
		Earlier: earlier,
		Now:     now,
		Reserve: auditReserve,
		Mask: func(name string) string {
			mac := names.MAC("unknown username", []byte(name))
			return fmt.Sprintf("%x", mac[:8])
		},
		// The log leaves the host, and with it what shows later whether the
		// trail was shortened (threat T194).
		Checkpoint: func(c audit.Checkpoint) { a.logger.InfoContext(ctx, "audit checkpoint", "checkpoint", c.String()) },
	}
	if a.file != nil {
		c.Index = a.file.AuditIndex()
	}
	if a.trail, err = audit.New(c); err != nil { //nolint:contextcheck // it reads its own files
		return err
	}
	a.closers = append(a.closers, a.trail.Close)
	a.stats = stats.New(now)
	a.recorder = a.stats.Watch(a.trail)
	if a.metrics != nil { // a command has none
		a.recorder = a.metrics.Watch(a.recorder)
	}
	if a.file == nil || !a.file.Restored() {
		return nil
	}
	// The store logged it: sessions, pending logins and sign-in codes are over.
	return a.recorder.Record(ctx, audit.Event{Name: audit.StoreRestored, Outcome: audit.OK, Actor: "system"})
}

// node is the name under which this server is known among those that share a
// store: made once, and kept with its data.
func node(cfg *config.Config) (string, error) {
	path := filepath.Join(cfg.DataDir, "node")
	data, err := os.ReadFile(path) //nolint:gosec // in our own folder
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("node name: %w", err)
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	name := hex.EncodeToString(b[:])
	if err := writePrivate(path, []byte(name+"\n")); err != nil {
		return "", fmt.Errorf("node name: %w", err)
	}
	return name, nil
}
