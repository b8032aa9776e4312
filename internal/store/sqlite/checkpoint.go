package sqlite

import (
	"context"
	"database/sql"
	"sync/atomic"

	sqlite3 "modernc.org/sqlite/lib"

	"mfaserver/internal/failpoint"
)

const (
	// checkpointEvery is after how many changed rows the log is folded in:
	// some 1,000 pages of sessions.
	checkpointEvery = 256
	// longLog is how many pages the log may have before the writer pauses to
	// let it begin anew.
	longLog = 4096
	// shortRest is how many pages the writer may find left to fold in then.
	shortRest = 128
)

// checkpointer folds the log into the file beside the writer, so that no
// write waits for the many pages and the sync of the file that this takes.
// Since the log begins anew only when all of it is in the file, the writer
// itself folds in the last few pages of a log that got long.
type checkpointer struct {
	db   *DB
	conn *sql.Conn
	// changes counts rows since the log was last looked at.
	changes atomic.Int64
	kick    chan struct{}
	cancel  context.CancelFunc
	ended   chan struct{}
}

func (db *DB) newCheckpointer(ctx context.Context) (*checkpointer, error) {
	conn, err := db.writes.Conn(ctx)
	if err != nil {
		return nil, err
	}
	// The writer, and so its checkpoints, outlive the call that opened the store.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &checkpointer{db: db, conn: conn, kick: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{})}
	go c.loop(ctx)
	return c, nil
}

// changed counts what a commit changed; the writer calls it.
func (c *checkpointer) changed(rows int64) {
	if c.changes.Add(rows) < checkpointEvery {
		return
	}
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

func (c *checkpointer) loop(ctx context.Context) {
	defer close(c.ended)
	for {
		select {
		case <-c.kick:
			c.work(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// work folds in what there is, again while the writer is adding more, and
// then has the writer do the rest.
func (c *checkpointer) work(ctx context.Context) {
	for range 4 {
		c.changes.Store(0)
		log, rest, err := fold(ctx, c.conn)
		failpoint.Hit(failpoint.MidFold)
		if err != nil {
			c.db.foldFailed(ctx, err)
			return
		}
		if log < longLog {
			return
		}
		if rest <= shortRest {
			break
		}
	}
	select {
	case c.db.writer.between <- c.db.finishLog:
	case <-ctx.Done():
	case <-c.db.writer.ended:
	}
}

// finishLog runs in the writer's goroutine.
func (db *DB) finishLog(ctx context.Context) {
	if db.refusal() != nil {
		return
	}
	if _, _, err := fold(ctx, db.conn); err != nil {
		db.foldFailed(ctx, err)
	}
}

// foldFailed stops the store when what is in the file can no longer be
// believed. Otherwise the log keeps what was written, and grows until the
// next time.
func (db *DB) foldFailed(ctx context.Context, err error) {
	switch {
	case cancelled(err) || code(err)&0xff == sqlite3.SQLITE_INTERRUPT:
	case fatal(err):
		db.fail(err)
	default:
		db.logger.WarnContext(ctx, "log of the store could not be folded in", "err", err)
	}
}

// fold moves what it can from the log into the file without waiting for
// anybody, and returns the pages of the log and how many it had to leave.
func fold(ctx context.Context, conn *sql.Conn) (log, rest int, err error) {
	var busy, done int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &log, &done)
	return log, log - done, err
}

// close waits for the end; the writer must have ended.
func (c *checkpointer) close() error {
	c.cancel()
	<-c.ended
	return c.conn.Close()
}
