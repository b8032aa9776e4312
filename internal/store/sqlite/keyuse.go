package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"mfaserver/internal/seal"
)

// KeyUse counts, by the id of the key, the values of the store that need it:
// those sealed under a key of c.Sealer, and those in which something lies that
// one of the inner keys has sealed. It changes nothing, needs no lock, and a
// server may use the store meanwhile; then it is as of one moment. Logger and Now
// of c are not used. The index of the audit trail is not looked at: it is made
// anew where it does not fit.
//
// Errors are those of [Verify]; a record that does not open is one too, for
// nobody can say then what it needs.
func KeyUse(ctx context.Context, c Config, inner []seal.Key) (use map[string]int, err error) {
	if c.Path == "" || c.Sealer == nil {
		return nil, fmt.Errorf("%w: path and sealer are needed", ErrConfig)
	}
	if err := wantStore(c.Path); err != nil {
		return nil, err
	}
	pool, err := openPool(c.Path, readOnly(c.Path), "query_only(1)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	tx, err := pool.BeginTx(ctx, nil) // one snapshot
	if err != nil {
		return nil, fmt.Errorf("sqlite: look for keys: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it wrote nothing
	u := &keyUse{c: c, inner: inner, count: make(map[string]int)}
	if err := errors.Join(u.meta(ctx, tx), u.generation()); err != nil {
		return nil, err
	}
	version, err := u.version(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, table := range sealedTables {
		if table.since > version {
			continue
		}
		if err := u.table(ctx, tx, &table); err != nil {
			return nil, err
		}
	}
	return u.count, nil
}

// keyUse is one look at a store.
type keyUse struct {
	c     Config
	inner []seal.Key
	count map[string]int
}

func (u *keyUse) version(ctx context.Context, tx *sql.Tx) (int, error) {
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("sqlite: look for keys: %w", err)
	}
	if version > len(migrations) {
		return 0, fmt.Errorf("%w: %s: schema %d, this program knows up to %d", ErrTooNew, u.c.Path, version, len(migrations))
	}
	return version, nil
}

// under counts a value by who sealed it.
func (u *keyUse) under(sealed []byte) {
	if id, ok := seal.SealedUnder(sealed); ok {
		u.count[id]++
	}
}

// meta counts what the store keeps of itself, the hashing key among it.
func (u *keyUse) meta(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT value FROM meta")
	if err != nil {
		return fmt.Errorf("sqlite: look for keys: %w", err)
	}
	return eachRow("read meta", rows, func(scan func(...any) error) error {
		var value []byte
		if err := scan(&value); err != nil {
			return err
		}
		u.under(value)
		return nil
	})
}

// generation counts what lies beside the file.
func (u *keyUse) generation() error {
	sealed, err := os.ReadFile(u.c.Path + generationSuffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sqlite: %w", err)
	}
	u.under(sealed)
	return nil
}

func (u *keyUse) table(ctx context.Context, tx *sql.Tx, s *sealedTable) error {
	v := &vault{sealer: u.c.Sealer}
	broken, err := s.each(ctx, tx, v, func(sealed, plain []byte) {
		u.under(sealed)
		for _, k := range u.inner {
			if k.Within(plain) {
				u.count[k.ID()]++
			}
		}
	})
	if err != nil {
		return fmt.Errorf("sqlite: look for keys: %w", err)
	}
	if broken > 0 {
		return fmt.Errorf("%w: %s: %d records of %s do not open, so that nobody can say which key they need", ErrDamaged, u.c.Path, broken, s.name)
	}
	return nil
}
