package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of [Open]. All name the file.
var (
	// ErrLocked: another process holds the store; the message says which.
	ErrLocked = errors.New("sqlite: store is in use")
	// ErrDamaged: the file is no store, or not a whole one. It is never
	// replaced by an empty one: restore it, or move it away to start anew.
	ErrDamaged = errors.New("sqlite: store is damaged")
	// ErrTooNew: a later version of the program wrote the file.
	ErrTooNew = errors.New("sqlite: store was written by a later version")
	// ErrFileMode: others than the owner may use the file.
	ErrFileMode = errors.New("sqlite: store is open to others than its owner")
	// ErrWrongKey: the store was sealed under another key.
	ErrWrongKey = errors.New("sqlite: store was sealed under another key")
	// ErrConfig: the configuration is incomplete.
	ErrConfig = errors.New("sqlite: configuration refused")
)

// Errors of a running store; each room reports them as its own "unavailable".
var (
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("sqlite: store is closed")
	// ErrFailed: the store stopped for good because what it acknowledges
	// might not last (a failed sync, a damaged, vanished or replaced file).
	ErrFailed = errors.New("sqlite: store has failed")
)

// faultError is a failure of the store itself, never an answer about a
// record.
type faultError struct {
	op  string
	err error
}

func (e *faultError) Error() string { return e.op + ": " + e.err.Error() }
func (e *faultError) Unwrap() error { return e.err }

// fault wraps err as a [faultError].
func fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return &faultError{op: op, err: err}
}

// unavailable gives a room's own sentinel to failures of the store, and
// leaves every other error as it is.
func unavailable(sentinel, err error) error {
	if _, ok := errors.AsType[*faultError](err); ok && !errors.Is(err, sentinel) {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	return err
}

// code is the extended SQLite result code of err; 0 when there is none.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// fatal reports whether the store must not go on after err. After a failed
// sync the kernel may have dropped what was written while a later sync
// succeeds, so nothing acknowledged from then on could be believed.
func fatal(err error) bool {
	switch c := code(err); c {
	case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC:
		return true
	default:
		return damaged(c)
	}
}

func damaged(c int) bool {
	switch c & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	default:
		return false
	}
}

// cancelled reports whether err only says that the caller gave up.
func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
