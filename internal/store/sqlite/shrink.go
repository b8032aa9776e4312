package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"
)

const (
	// pageSize is SQLite's default, which the store never changes.
	pageSize = 4096
	// spare is how many free pages the file keeps at least: 8 MB.
	spare = 2048
	// shrinkStep gives back 32 pages, shrinkFor is how long an upkeep goes on
	// with it.
	shrinkStep = "PRAGMA incremental_vacuum(32)"
	shrinkFor  = 200 * time.Millisecond
	// rewriteBelow is the size in pages up to which a file of an earlier
	// version is written anew so that it can shrink: 64 MB, about a second.
	rewriteBelow = 16384
)

// shrink gives free pages back to the disk, a little at each upkeep, when
// more than a third of the file is free: for a while when nobody writes, and
// one step only beside other writes.
func (db *DB) shrink(ctx context.Context) {
	begun := time.Now() //nolint:forbidigo // paces, decides nothing
	for time.Since(begun) < shrinkFor {
		more := false
		job := func(t *tx) error {
			var free, pages int64
			if err := t.row("PRAGMA freelist_count", nil, &free); err != nil {
				return err
			}
			if free < spare {
				return nil
			}
			if err := t.row("PRAGMA page_count", nil, &pages); err != nil || free < pages/3 {
				return err
			}
			if err := t.exec(shrinkStep); err != nil {
				return err
			}
			before := pages
			if err := t.row("PRAGMA page_count", nil, &pages); err != nil {
				return err
			}
			more = pages < before
			t.onCommit(func() { db.watch.mayShrink(pages * pageSize) })
			return nil
		}
		if !db.inside(ctx, "give room back to the disk", job) || !more {
			return
		}
		before := db.writer.answered.Load()
		db.writer.serve(ctx)
		if db.writer.answered.Load() != before {
			return
		}
	}
}

// allowShrinking makes a file of a version that never gave room back one that
// does, which means to write all of it anew; a large one is left as it is
// until it was restored from a backup.
func allowShrinking(ctx context.Context, conn *sql.Conn) error {
	var mode, pages int
	if err := conn.QueryRowContext(ctx, "PRAGMA auto_vacuum").Scan(&mode); err != nil {
		return fmt.Errorf("sqlite: vacuum mode: %w", err)
	}
	if mode != 0 {
		return nil
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		return fmt.Errorf("sqlite: size: %w", err)
	}
	if pages > rewriteBelow {
		return nil
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM"); err != nil {
		return fmt.Errorf("sqlite: rewrite: %w", err)
	}
	return nil
}

// notShrinking is the floor of a file that has no reason to get smaller.
const notShrinking = math.MaxInt64
