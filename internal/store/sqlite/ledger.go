package sqlite

import (
	"bytes"
	"context"
	"slices"

	"mfaserver/internal/store/record"
	"mfaserver/internal/upstream"
)

// ledger implements [upstream.Ledger].
type ledger struct{ db *DB }

var _ upstream.Ledger = (*ledger)(nil)

// Add implements [upstream.Ledger].
func (s *ledger) Add(ctx context.Context, e upstream.Entry) error {
	const query = "INSERT INTO ledger (id, record) VALUES (?, ?) ON CONFLICT DO NOTHING"
	sealed := s.db.vault.sealer.Seal(record.EncodeEntry(&e), s.aad(e.ID[:]))
	err := s.db.writer.do(ctx, func(t *tx) error { return t.exec(query, e.ID[:], sealed) })
	return unavailable(upstream.ErrUnavailable, err)
}

// Remove implements [upstream.Ledger].
func (s *ledger) Remove(ctx context.Context, id upstream.ID) (bool, error) {
	var removed int64
	err := s.db.writer.do(ctx, func(t *tx) (err error) {
		removed, err = t.change("DELETE FROM ledger WHERE id = ?", id[:])
		return err
	})
	if err != nil {
		return false, unavailable(upstream.ErrUnavailable, err)
	}
	return removed > 0, nil
}

// List implements [upstream.Ledger]. Records that were tampered with are left
// out and logged: nobody could log such a session out, and the others can be.
func (s *ledger) List(ctx context.Context) ([]upstream.Entry, error) {
	var all []upstream.Entry
	err := s.db.reads.rows(ctx, "SELECT id, record FROM ledger", nil, func(scan func(...any) error) error {
		var id, sealed []byte
		if err := scan(&id, &sealed); err != nil {
			return err
		}
		plain, err := s.db.vault.sealer.Open(sealed, s.aad(id))
		if err == nil {
			var e upstream.Entry
			if e, err = decodeEntry(id, string(plain)); err == nil {
				all = append(all, e)
				return nil
			}
		}
		s.db.logger.ErrorContext(ctx, "stored ledger entry fails its integrity check", "err", err)
		return nil
	})
	if err != nil {
		return nil, unavailable(upstream.ErrUnavailable, err)
	}
	slices.SortFunc(all, func(a, b upstream.Entry) int {
		if c := a.OpenedAt.Compare(b.OpenedAt); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return all, nil
}

func (s *ledger) aad(id []byte) []byte { return s.db.vault.aad("ledger", id) }

func decodeEntry(id []byte, plain string) (upstream.Entry, error) {
	var key upstream.ID
	if len(id) != len(key) {
		return upstream.Entry{}, record.ErrDecode
	}
	copy(key[:], id)
	return record.DecodeEntry(key, plain)
}
