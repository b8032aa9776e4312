package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"time"

	"mfaserver/internal/store/record"
)

const (
	clockMarkName = "clock"
	// clockSlack is how far the clock may go back unnoticed, and how rarely
	// the mark is written.
	clockSlack = time.Minute
)

// clockGuard notices that the wall clock was set back, while the store was
// open or closed: the file remembers the latest time it saw. Everything that
// was live is then over, since how long it really lived cannot be known;
// users log in again. What is begun afterwards is judged by the new time.
// Only the writer's goroutine uses it after start.
type clockGuard struct {
	db *DB
	// mark is the latest time seen, saved the one in the file.
	mark, saved int64
}

// start reads the mark and judges the time since the store was last open.
func (g *clockGuard) start(ctx context.Context) error {
	return g.db.writer.do(ctx, func(t *tx) error {
		var value []byte
		err := t.row("SELECT value FROM meta WHERE name = ?", []any{clockMarkName}, &value)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if len(value) == 8 {
			g.mark = int64(binary.BigEndian.Uint64(value)) //nolint:gosec // as save wrote it
			g.saved = g.mark
		}
		return g.look(t)
	})
}

// due reports whether look has something to write.
func (g *clockGuard) due() bool {
	now := record.Nanos(g.db.now())
	return g.mark-now > int64(clockSlack) || now-g.saved >= int64(clockSlack)
}

// look compares the clock with the mark.
func (g *clockGuard) look(t *tx) error {
	now := record.Nanos(g.db.now())
	if g.mark-now > int64(clockSlack) {
		return g.setBack(t, now)
	}
	return g.save(t, max(g.mark, now))
}

// setBack ends everything and lets the mark follow the clock.
func (g *clockGuard) setBack(t *tx, now int64) error {
	ended, err := g.db.endEverything(t)
	if err != nil {
		return err
	}
	g.db.sessions.epochs.lower(now)
	if err := g.db.sessions.saveEpochs(t); err != nil {
		return err
	}
	back := time.Duration(g.mark - now)
	t.onCommit(func() {
		g.db.logger.Warn("clock was set back, all sessions and pending logins are over", "back", back, "sessions", ended)
	})
	return g.save(t, now)
}

// endEverything ends all sessions, pending logins and sign-in codes; their
// rows stay until a sweep returns them.
func (db *DB) endEverything(t *tx) (sessions int64, err error) {
	for i, query := range endings {
		rows, err := t.change(query, endedByClock, endedByClock)
		if err != nil {
			return 0, err
		}
		if i == 0 {
			sessions = rows
		}
	}
	t.onCommit(db.sessions.cache.clear)
	return sessions, nil
}

// endings end all sessions, pending logins and sign-in codes.
var endings = []string{
	"UPDATE sessions SET ends = ? WHERE ends > ?",
	"UPDATE transactions SET expires = ? WHERE expires > ?",
	"UPDATE sign_in_codes SET ends = ? WHERE ends > ?",
}

func (g *clockGuard) save(t *tx, mark int64) error {
	const query = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2"
	value := binary.BigEndian.AppendUint64(nil, uint64(mark)) //nolint:gosec // read back as it is written
	if err := t.exec(query, clockMarkName, value); err != nil {
		return err
	}
	t.onCommit(func() { g.mark, g.saved = mark, mark })
	return nil
}
