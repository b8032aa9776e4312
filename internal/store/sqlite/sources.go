package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/netip"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/mfa"
)

// sources implements [mfa.Sources]: a row holds a keyed hash of user and
// address, and until when it counts.
type sources struct{ db *DB }

// codes implements [mfa.Codes]: a row holds the hash of a code, and until
// when it stays spent.
type codes struct{ db *DB }

var (
	_ mfa.Sources = (*sources)(nil)
	_ mfa.Codes   = (*codes)(nil)
)

// Known implements [mfa.Sources].
func (s *sources) Known(ctx context.Context, username string, addr netip.Addr, now time.Time) (bool, error) {
	var until int64
	err := s.db.reads.row(ctx, "SELECT until FROM sources WHERE source = ?", []any{s.source(username, addr)}, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, unavailable(mfa.ErrUnavailable, err)
	}
	return until > record.Nanos(now), nil
}

// Remember implements [mfa.Sources]. A later time already noted stays.
func (s *sources) Remember(ctx context.Context, username string, addr netip.Addr, until time.Time) error {
	const query = "INSERT INTO sources (source, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)"
	source := s.source(username, addr)
	err := s.db.writer.do(ctx, func(t *tx) error { return t.exec(query, source, record.Nanos(until)) })
	return unavailable(mfa.ErrUnavailable, err)
}

func (s *sources) source(username string, addr netip.Addr) []byte {
	return s.db.vault.hash("source", []byte(username), []byte(record.EncodeAddr(addr)))
}

// Spend implements [mfa.Codes].
func (c *codes) Spend(ctx context.Context, code [sha256.Size]byte, until, now time.Time) (bool, error) {
	const query = "INSERT INTO codes (code, until) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET until = ?2 WHERE until <= ?3"
	var changed int64
	err := c.db.writer.do(ctx, func(t *tx) (err error) {
		changed, err = t.change(query, code[:], record.Nanos(until), record.Nanos(now))
		return err
	})
	if err != nil {
		return false, unavailable(mfa.ErrUnavailable, err)
	}
	return changed == 1, nil
}
