package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	sqlite3 "modernc.org/sqlite/lib"
)

// Verify reads the whole store and checks all that can be checked: that the
// file is one and its owner's alone, the structure of every page and index
// (PRAGMA integrity_check), that schema and key are those of this program,
// and that every record is what was written. It changes nothing, needs no
// lock, and a server may use the store meanwhile; then it is as of one
// moment. Logger and Now of c are not used.
//
// The error names every part that is damaged, and is that of [Open];
// os.ErrNotExist when there is no store. It takes some 3 seconds for a
// million sessions. A backup can be verified as well.
func Verify(ctx context.Context, c Config) (err error) {
	if c.Path == "" || c.Sealer == nil {
		return fmt.Errorf("%w: path and sealer are needed", ErrConfig)
	}
	if err := wantStore(c.Path); err != nil {
		return err
	}
	pool, err := openPool(c.Path, readOnly(c.Path), "query_only(1)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	tx, err := pool.BeginTx(ctx, nil) // one snapshot
	if err == nil {
		defer tx.Rollback() //nolint:errcheck // it wrote nothing
		err = verify(ctx, tx, c)
	}
	if err == nil || isAny(err, ErrDamaged, ErrTooNew, ErrWrongKey) {
		return err
	}
	if cancelled(err) || ctx.Err() != nil {
		return fmt.Errorf("sqlite: verify %s: %w", c.Path, errors.Join(err, ctx.Err()))
	}
	if damaged(code(err)) || code(err) == sqlite3.SQLITE_ERROR { // the latter: tables are missing
		return fmt.Errorf("%w: %s: %w", ErrDamaged, c.Path, err)
	}
	return fmt.Errorf("sqlite: verify %s: %w", c.Path, err)
}

// readOnly is how a file is opened that must not be changed. Where there is
// no log nobody uses the store, and SQLite needs no shared memory beside it.
func readOnly(path string) string {
	if _, err := os.Lstat(path + "-wal"); errors.Is(err, os.ErrNotExist) {
		return "mode=ro&immutable=1"
	}
	return "mode=ro"
}

func wantStore(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := checkFile(path + suffix); err != nil {
			return err
		}
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the store
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return checkHeader(f, path)
}

func isAny(err error, wanted ...error) bool {
	for _, w := range wanted {
		if errors.Is(err, w) {
			return true
		}
	}
	return false
}

func verify(ctx context.Context, tx *sql.Tx, c Config) error {
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("%w: %s: schema %d, this program knows up to %d", ErrTooNew, c.Path, version, len(migrations))
	}
	faults, err := integrityCheck(ctx, tx, c.Path)
	if err != nil {
		return err
	}
	v := &vault{sealer: c.Sealer}
	var sealed []byte
	if err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", indexKeyName).Scan(&sealed); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: %s: its hashing key is missing", ErrDamaged, c.Path)
		}
		return errors.Join(faults, err)
	}
	if v.indexKey, err = c.Sealer.Open(sealed, v.aad("meta", []byte(indexKeyName))); err != nil {
		return errors.Join(faults, fmt.Errorf("%w: %s: %w", ErrWrongKey, c.Path, err))
	}
	for _, table := range sealedTables {
		if table.since > version {
			continue
		}
		broken, err := table.broken(ctx, tx, v)
		if err != nil {
			return errors.Join(faults, err)
		}
		if broken > 0 {
			faults = errors.Join(faults, fmt.Errorf("%w: %s: %d records of %s fail their integrity check", ErrDamaged, c.Path, broken, table.name))
		}
	}
	return faults
}

// integrityCheck has SQLite check its file, and returns what it found apart
// from why it could not look.
func integrityCheck(ctx context.Context, tx *sql.Tx, path string) (faults, err error) {
	rows, err := tx.QueryContext(ctx, "PRAGMA integrity_check(10)")
	if err != nil {
		return nil, err
	}
	err = eachRow("integrity check", rows, func(scan func(...any) error) error {
		var verdict string
		if err := scan(&verdict); err != nil {
			return err
		}
		if verdict != "ok" {
			faults = errors.Join(faults, fmt.Errorf("%w: %s: %s", ErrDamaged, path, verdict))
		}
		return nil
	})
	return faults, err
}
