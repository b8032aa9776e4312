package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// checkFile refuses what is not a regular file of ours alone. A file that is
// not there is fine.
func checkFile(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("sqlite: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a regular file", ErrDamaged, path)
	case modesTell && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%w: %s has mode %#o, want 0600", ErrFileMode, path, info.Mode().Perm())
	}
	return nil
}

// prepareFile makes the store where there is none and refuses files that are
// none, before SQLite sees them: SQLite takes an empty file for an empty
// database.
func prepareFile(ctx context.Context, path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := checkFile(path + suffix); err != nil {
			return err
		}
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the store
	if errors.Is(err, fs.ErrNotExist) {
		return createFile(ctx, path)
	}
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return checkHeader(f, path)
}

// checkHeader reads the header of a SQLite file (SQLite file format, section
// 1.3): the magic text at 0 and the application id at 68.
func checkHeader(r io.Reader, path string) error {
	const magic = "SQLite format 3\x00"
	var header [100]byte
	n, err := io.ReadFull(r, header[:])
	switch {
	case n == 0:
		return fmt.Errorf("%w: %s is empty", ErrDamaged, path)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %s is cut short", ErrDamaged, path)
	case err != nil:
		return fmt.Errorf("sqlite: read %s: %w", path, err)
	case string(header[:len(magic)]) != magic:
		return fmt.Errorf("%w: %s is not a SQLite file", ErrDamaged, path)
	case binary.BigEndian.Uint32(header[68:]) != applicationID:
		return fmt.Errorf("%w: %s is a SQLite file of another program", ErrDamaged, path)
	}
	return nil
}

// createFile makes an empty store under another name, syncs it and renames
// it, so that under its own name it is never half made. The caller holds the
// lock.
func createFile(ctx context.Context, path string) error {
	if info, err := os.Lstat(path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%w: %s is missing, but its log is there", ErrDamaged, path)
	}
	temp := path + ".new"
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} { // of an attempt that was interrupted
		if err := os.Remove(temp + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	if err := makeSchema(ctx, temp); err != nil {
		return fmt.Errorf("sqlite: create %s: %w", path, err)
	}
	err := errors.Join(syncPath(temp), os.Rename(temp, path), syncPath(filepath.Dir(path)))
	if err != nil {
		return fmt.Errorf("sqlite: create %s: %w", path, err)
	}
	return nil
}

func makeSchema(ctx context.Context, path string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // beside the store
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openPool(path, "mode=rw", "synchronous(FULL)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // closing the pool reports
	setup := fmt.Sprintf("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = %d; PRAGMA journal_mode = WAL", applicationID)
	if _, err := conn.ExecContext(ctx, setup); err != nil {
		return err
	}
	return migrate(ctx, conn, migrations)
}

// openPool opens a pool on the file at path; mode is SQLite's own parameter.
// Pragmas are applied to each connection.
func openPool(path, mode string, pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	query := url.Values{"_defensive": {"1"}, "_dqs": {"0"}, "_error_rc": {"1"}}
	// temp_store: pages are copied for every savepoint and many a statement, and
	// transactions are small.
	for _, p := range append([]string{"temp_store(MEMORY)", "busy_timeout(500)", "trusted_schema(0)", "cell_size_check(1)", "foreign_keys(1)"}, pragmas...) {
		query.Add("_pragma", p)
	}
	name := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + mode + "&" + query.Encode()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	return db, nil
}

// quickCheck reads the whole file once and has SQLite verify its structure
// (PRAGMA quick_check). The contents of records are sealed and verified when
// they are read.
func quickCheck(ctx context.Context, conn *sql.Conn) (time.Duration, error) {
	begun := time.Now() //nolint:forbidigo // measures, decides nothing
	var verdict string
	if err := conn.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return 0, err
	}
	if verdict != "ok" {
		return 0, fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	// What the check has read need not stay in memory.
	if _, err := conn.ExecContext(ctx, "PRAGMA shrink_memory"); err != nil {
		return 0, err
	}
	return time.Since(begun), nil
}
