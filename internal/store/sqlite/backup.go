package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrBackupExists means that there is something at the path of the backup.
var ErrBackupExists = errors.New("sqlite: backup is not written over what is there")

// Backup writes a copy of the store to path while the store is in use: whole,
// as of one moment, compact, sealed as the store is, readable by its owner
// alone, and on disk when Backup returns. The folder must be there, the file
// must not ([ErrBackupExists]); until it is whole it has another name, ending
// in .partial. Writes go on meanwhile, and the log grows until it is done.
//
// The copy is a store. Put in the place of one, with no -wal and -shm beside
// it, it opens with the same key; all sessions, pending logins and sign-in
// codes in it are over, since which of them ended after the backup is not
// known. The sealing key is not in it: keep that apart.
func (db *DB) Backup(ctx context.Context, path string) error {
	if err := db.refusal(); err != nil {
		return fault("backup", err)
	}
	if err := wantNothing(path); err != nil {
		return err
	}
	temp := path + ".partial"
	if err := removeStore(temp); err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	err := db.copyTo(ctx, temp)
	if err == nil {
		err = nameBackup(temp, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sqlite: backup to %s: %w", path, err), removeStore(temp))
	}
	return nil
}

func wantNothing(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%w: %s", ErrBackupExists, path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	return nil
}

// removeStore removes a store that is nobody's yet.
func removeStore(path string) error {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// copyTo makes the copy and syncs it.
func (db *DB) copyTo(ctx context.Context, path string) error {
	if err := makePrivate(path); err != nil {
		return err
	}
	if err := db.vacuumInto(ctx, path); err != nil {
		if fatal(err) {
			db.fail(err)
		}
		return err
	}
	if err := db.markCopy(ctx, path); err != nil {
		return err
	}
	return syncPath(path)
}

// makePrivate makes an empty file of the owner's alone.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return f.Close()
}

// vacuumInto copies from a snapshot, over a connection of its own: those of
// the pool may not write anywhere.
func (db *DB) vacuumInto(ctx context.Context, path string) (err error) {
	path, err = filepath.Abs(path) // SQLite's working folder need not be ours
	if err != nil {
		return err
	}
	pool, err := openPool(db.path, "mode=ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	_, err = pool.ExecContext(ctx, "VACUUM INTO ?", path)
	return err
}

// markCopy makes a store of the copy, ends what must not live again when it
// is restored, and checks it.
func (db *DB) markCopy(ctx context.Context, path string) (err error) {
	pool, err := openPool(path, "mode=rw", "synchronous(FULL)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // closing the pool reports
	if err := markEnded(ctx, conn); err != nil {
		return err
	}
	if _, err := quickCheck(ctx, conn); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	return err
}

func markEnded(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it may be committed
	if _, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES (?, x'') ON CONFLICT DO NOTHING", copyName); err != nil {
		return err
	}
	for _, query := range endings {
		if _, err := tx.ExecContext(ctx, query, endedByClock, endedByClock); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// nameBackup gives the copy its name, unless something got that meanwhile.
func nameBackup(temp, path string) error {
	err := os.Link(temp, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s", ErrBackupExists, path)
	case err == nil:
		err = os.Remove(temp)
	default: // a file system without links
		if err = wantNothing(path); err == nil {
			err = os.Rename(temp, path)
		}
	}
	return errors.Join(err, syncPath(filepath.Dir(path)))
}
