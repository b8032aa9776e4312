package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mfaserver/internal/audit"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
)

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
		MAC:  names.MAC,
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
