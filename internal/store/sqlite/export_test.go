package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

// Hooks for what cannot be had from outside: a schema of another version,
// an upkeep at a given moment.

// Upkeep runs what the store does every few seconds, now, and waits for it.
func (db *DB) Upkeep(ctx context.Context) error {
	return db.writer.do(ctx, func(t *tx) error {
		t.onCommit(func() { db.upkeep(t.ctx) })
		return nil
	})
}

// Write runs a write that does nothing but f.
func (db *DB) Write(ctx context.Context, f func() error) error {
	return db.writer.do(ctx, func(*tx) error { return f() })
}

// Exec runs SQL in a write.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	return db.writer.do(ctx, func(t *tx) error { return t.exec(query, args...) })
}

// Migrate runs steps on the file at path.
func Migrate(ctx context.Context, path string, steps []string) error {
	pool, err := openPool(path, "mode=rw", "synchronous(FULL)")
	if err != nil {
		return err
	}
	defer pool.Close() //nolint:errcheck // the test reads the file next
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // as above
	return migrate(ctx, conn, steps)
}

// Migrations are the steps of this version.
func Migrations() []string { return migrations }

// Plan explains a query on the file.
func (db *DB) Plan(ctx context.Context, query string, args ...any) (string, error) {
	var plan string
	err := db.reads.rows(ctx, "EXPLAIN QUERY PLAN "+query, args, func(scan func(...any) error) error {
		var a, b, c sql.RawBytes
		var detail string
		err := scan(&a, &b, &c, &detail)
		plan += detail + "\n"
		return err
	})
	return plan, err
}

// Uncache forgets the cached sessions and users, as a restart would.
func (db *DB) Uncache() {
	db.sessions.cache.clear()
	db.users.cache.clear()
}

// LimitCache makes the cache smaller.
func (db *DB) LimitCache(bytes int) {
	for i := range db.sessions.cache.shards {
		db.sessions.cache.shards[i].limit = bytes / shardCount
	}
}

// CachedBytes is what the cache of sessions takes.
func (db *DB) CachedBytes() int {
	sum := 0
	for i := range db.sessions.cache.shards {
		shard := &db.sessions.cache.shards[i]
		shard.mu.RLock()
		sum += shard.bytes
		shard.mu.RUnlock()
	}
	return sum
}

// Rows counts the rows of all tables that sweeps clean.
func (db *DB) Rows(ctx context.Context) (rows int, err error) {
	const query = `SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM transactions)
		+ (SELECT count(*) FROM codes) + (SELECT count(*) FROM sources)
		+ (SELECT count(*) FROM sign_in_codes) + (SELECT count(*) FROM ledger)`
	return rows, db.reads.row(ctx, query, nil, &rows)
}

// Checkpoint moves the log into the file.
func (db *DB) Checkpoint(ctx context.Context) error {
	return db.writer.do(ctx, func(t *tx) error {
		t.onCommit(func() { _ = t.exec("PRAGMA wal_checkpoint(TRUNCATE)") })
		return nil
	})
}

// Fail stops the store as a failed sync does.
func (db *DB) Fail(err error) { db.fail(err) }

// SealSession writes the record of a session as it is given.
func (db *DB) SealSession(ctx context.Context, s *session.Session, plain []byte) error {
	user, page := db.vault.user(s.Username), kindColumn(s.Kind)
	sealed := db.vault.sealer.Seal(plain, db.sessions.aad(s.Key, user, page))
	return db.writer.do(ctx, func(t *tx) error { return t.exec("UPDATE sessions SET record = ? WHERE key = ?", sealed, s.Key[:]) })
}

// Added are the tables that steps after the first make.
func Added() []string { return tables(len(migrations))[len(tables(1)):] }

// Fill adds sessions without asking for any limit, many in one write.
func (db *DB) Fill(ctx context.Context, count int, make func(i int) session.Session) error {
	const chunk = 5000
	for from := 0; from < count; from += chunk {
		err := db.writer.do(ctx, func(t *tx) error {
			for i := from; i < min(from+chunk, count); i++ {
				s := make(i)
				user, page := db.vault.user(s.Username), kindColumn(s.Kind)
				sealed := db.vault.sealer.Seal(record.EncodeSession(&s), db.sessions.aad(s.Key, user, page))
				const insert = "INSERT INTO sessions (key, user, page, created, ends, record) VALUES (?, ?, ?, ?, ?, ?)"
				if err := t.exec(insert, s.Key[:], user, page, record.Nanos(s.CreatedAt), record.SessionEnd(&s), sealed); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Pages are the pages of the file and how many of them are free.
func (db *DB) Pages(ctx context.Context) (pages, free int, err error) {
	err = db.reads.row(ctx, "PRAGMA page_count", nil, &pages)
	return pages, free, errors.Join(err, db.reads.row(ctx, "PRAGMA freelist_count", nil, &free))
}

// Read runs a query of one row.
func (db *DB) Read(ctx context.Context, query string, into ...any) error {
	return db.reads.row(ctx, query, nil, into...)
}
