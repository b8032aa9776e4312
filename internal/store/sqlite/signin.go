package sqlite

import (
	"context"
	"math"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/internal/token"
)

// signIn implements [token.SignInCodes]. Codes are short: the file holds them
// as keyed hashes, so that nobody who has it alone can search for one.
type signIn struct{ db *DB }

var _ token.SignInCodes = (*signIn)(nil)

// endedDead in the column ends marks a code that any sweep may have. It is
// not endedByClock, which says that its time is over.
const endedDead = math.MinInt64 + 1

// Insert implements [token.SignInCodes].
func (s *signIn) Insert(ctx context.Context, r token.CodeRecord, limit int, now time.Time) error {
	const insert = `INSERT INTO sign_in_codes (code, user, live, issued, ends, record)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	row := signInRow{code: s.code(r.Key), user: s.db.vault.user(r.Proof.Username)}
	sealed := s.db.vault.sealer.Seal(record.EncodeSignIn(&r), s.aad(&row))
	err := s.db.writer.do(ctx, func(t *tx) error {
		if err := s.room(t, row.user, limit, record.Nanos(now)); err != nil {
			return err
		}
		added, err := t.change(insert, row.code, row.user, liveColumn(&r), record.Nanos(r.IssuedAt), record.Nanos(r.ExpiresAt), sealed)
		if err == nil && added == 0 {
			return token.ErrExists
		}
		return err
	})
	return unavailable(token.ErrUnavailable, err)
}

func (s *signIn) code(k token.Key) []byte { return s.db.vault.hash("sign-in code", k[:]) }

func liveColumn(r *token.CodeRecord) int64 {
	if r.State == token.Live {
		return 1
	}
	return 0
}

// room ends the earliest live codes of a user, so that limit-1 are left.
func (s *signIn) room(t *tx, user []byte, limit int, now int64) error {
	if limit <= 0 {
		return nil
	}
	const query = "SELECT code, user, ends, record FROM sign_in_codes WHERE user = ? AND live > 0 AND ends > ? ORDER BY issued, id"
	var live []signInRow
	err := t.rows(query, []any{user, now}, func(scan func(...any) error) error {
		var row signInRow
		err := scan(row.columns()...)
		live = append(live, row)
		return err
	})
	if err != nil {
		return err
	}
	for i := 0; i <= len(live)-limit; i++ {
		r, err := s.open(&live[i])
		if err != nil {
			return err
		}
		r.State = token.Dead
		if err := s.save(t, &live[i], &r); err != nil {
			return err
		}
	}
	return nil
}

// Update implements [token.SignInCodes].
func (s *signIn) Update(ctx context.Context, k token.Key, change func(*token.CodeRecord) error) (token.CodeRecord, error) {
	const query = "SELECT code, user, ends, record FROM sign_in_codes WHERE code = ?"
	code := s.code(k)
	var changed token.CodeRecord
	err := s.db.writer.do(ctx, func(t *tx) error {
		var row signInRow
		if err := t.row(query, []any{code}, row.columns()...); err != nil {
			return tokenError(err)
		}
		stored, err := s.open(&row)
		if err != nil {
			return err
		}
		changed = stored.Clone()
		if err := change(&changed); err != nil {
			return err
		}
		changed.Key, changed.Proof.Username = stored.Key, stored.Proof.Username
		changed = changed.Clone()
		return s.save(t, &row, &changed)
	})
	if err != nil {
		return token.CodeRecord{}, unavailable(token.ErrUnavailable, err)
	}
	return changed, nil
}

// save writes what became of a row.
func (s *signIn) save(t *tx, row *signInRow, r *token.CodeRecord) error {
	if r.State == token.Dead {
		row.ends = endedDead
	}
	sealed := s.db.vault.sealer.Seal(record.EncodeSignIn(r), s.aad(row))
	return t.exec("UPDATE sign_in_codes SET live = ?, ends = ?, record = ? WHERE code = ?", liveColumn(r), row.ends, sealed, row.code)
}

// Sweep implements [token.SignInCodes]. Records that were tampered with are
// removed and logged. When a later step fails, what the earlier ones removed
// is returned without an error.
func (s *signIn) Sweep(ctx context.Context, now time.Time, limit int) ([]token.CodeRecord, error) {
	const query = `DELETE FROM sign_in_codes WHERE id IN (
		SELECT id FROM sign_in_codes WHERE ends <= ? ORDER BY ends LIMIT ?
	) RETURNING code, user, ends, record`
	var all []token.CodeRecord
	pace := s.db.writer.newPace()
	for taken := 0; taken < limit; {
		step := min(pace.rows, limit-taken)
		var over []token.CodeRecord
		var rows int
		err := pace.do(ctx, func(t *tx) error {
			return t.rows(query, []any{record.Nanos(now), step}, func(scan func(...any) error) error {
				var row signInRow
				if err := scan(row.columns()...); err != nil {
					return err
				}
				rows++
				if r, err := s.open(&row); err == nil { // open logs what it refuses
					over = append(over, r)
				}
				return nil
			})
		})
		if err != nil && len(all) == 0 {
			return nil, unavailable(token.ErrUnavailable, err)
		}
		if err != nil {
			return all, nil //nolint:nilerr // what was removed must be reported; the next sweep meets the error again
		}
		all = append(all, over...)
		if taken += rows; rows < step {
			break
		}
	}
	return all, nil
}

// signInRow is a row of the table.
type signInRow struct {
	code, user []byte
	ends       int64
	sealed     []byte
}

func (row *signInRow) columns() []any { return []any{&row.code, &row.user, &row.ends, &row.sealed} }

func (s *signIn) aad(row *signInRow) []byte {
	return s.db.vault.aad("sign_in_codes", row.code, row.user)
}

// open unseals a row. A record that is not what was written is a failure of
// the store.
func (s *signIn) open(row *signInRow) (token.CodeRecord, error) {
	plain, err := s.db.vault.sealer.Open(row.sealed, s.aad(row))
	if err == nil {
		var r token.CodeRecord
		if r, err = record.DecodeSignIn(string(plain)); err == nil {
			if row.ends == endedByClock {
				r.ExpiresAt = time.Time{} // the clock may be back before its issue
			}
			return r, nil
		}
	}
	s.db.logger.Error("stored sign-in code fails its integrity check", "err", err)
	return token.CodeRecord{}, fault("open sign-in code", err)
}
