package sqlite

import (
	"context"
	"slices"
	"strings"

	"mfaserver/internal/store/record"
	"mfaserver/internal/token"
)

// breakGlass implements [token.BreakGlassCodes]. The file holds the codes as
// keyed hashes, so that nobody who has it alone can search for one in the
// year that they keep.
type breakGlass struct{ db *DB }

var _ token.BreakGlassCodes = (*breakGlass)(nil)

// Replace implements [token.BreakGlassCodes].
func (s *breakGlass) Replace(ctx context.Context, username string, codes []token.BreakGlassRecord) ([]token.BreakGlassRecord, error) {
	user := s.db.vault.user(username)
	rows := make([]breakGlassRow, len(codes))
	for i := range codes {
		rows[i] = breakGlassRow{code: s.code(codes[i].Key), user: user}
		rows[i].sealed = s.db.vault.sealer.Seal(record.EncodeBreakGlass(&codes[i]), s.aad(&rows[i]))
	}
	var before []token.BreakGlassRecord
	err := s.db.writer.do(ctx, func(t *tx) error {
		var err error
		if before, err = s.remove(t, user); err != nil {
			return err
		}
		for _, row := range rows {
			added, err := t.change("INSERT INTO break_glass (code, user, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row.code, row.user, row.sealed)
			if err != nil {
				return err
			}
			if added == 0 {
				return token.ErrExists
			}
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(token.ErrUnavailable, err)
	}
	return before, nil
}

// remove deletes all codes of a user and returns those that open.
func (s *breakGlass) remove(t *tx, user []byte) ([]token.BreakGlassRecord, error) {
	var before []token.BreakGlassRecord
	err := t.rows("SELECT code, user, record FROM break_glass WHERE user = ? ORDER BY id", []any{user}, func(scan func(...any) error) error {
		var row breakGlassRow
		if err := scan(row.columns()...); err != nil {
			return err
		}
		if r, err := s.open(&row); err == nil { // open logs what it refuses
			before = append(before, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return before, t.exec("DELETE FROM break_glass WHERE user = ?", user)
}

func (s *breakGlass) code(k token.Key) []byte { return s.db.vault.hash("break-glass code", k[:]) }

// Update implements [token.BreakGlassCodes].
func (s *breakGlass) Update(ctx context.Context, k token.Key, change func(*token.BreakGlassRecord) error) (token.BreakGlassRecord, error) {
	code := s.code(k)
	var changed token.BreakGlassRecord
	err := s.db.writer.do(ctx, func(t *tx) error {
		var row breakGlassRow
		if err := t.row("SELECT code, user, record FROM break_glass WHERE code = ?", []any{code}, row.columns()...); err != nil {
			return tokenError(err)
		}
		stored, err := s.open(&row)
		if err != nil {
			return err
		}
		changed = stored
		if err := change(&changed); err != nil {
			return err
		}
		changed.Key, changed.Username = stored.Key, stored.Username
		return s.save(t, &row, &changed)
	})
	if err != nil {
		return token.BreakGlassRecord{}, unavailable(token.ErrUnavailable, err)
	}
	return changed, nil
}

func (s *breakGlass) save(t *tx, row *breakGlassRow, r *token.BreakGlassRecord) error {
	sealed := s.db.vault.sealer.Seal(record.EncodeBreakGlass(r), s.aad(row))
	return t.exec("UPDATE break_glass SET record = ? WHERE code = ?", sealed, row.code)
}

// List implements [token.BreakGlassCodes]. One record that was tampered with
// fails the whole list.
func (s *breakGlass) List(ctx context.Context, username string) ([]token.BreakGlassRecord, error) {
	query := "SELECT code, user, record FROM break_glass ORDER BY id"
	var args []any
	if username != "" {
		query = "SELECT code, user, record FROM break_glass WHERE user = ? ORDER BY id"
		args = []any{s.db.vault.user(username)}
	}
	var all []token.BreakGlassRecord
	err := s.db.reads.rows(ctx, query, args, func(scan func(...any) error) error {
		var row breakGlassRow
		if err := scan(row.columns()...); err != nil {
			return err
		}
		r, err := s.open(&row)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, tokenError(err)
	}
	slices.SortStableFunc(all, func(a, b token.BreakGlassRecord) int { return strings.Compare(a.Username, b.Username) })
	return all, nil
}

// breakGlassRow is a row of the table.
type breakGlassRow struct{ code, user, sealed []byte }

func (row *breakGlassRow) columns() []any { return []any{&row.code, &row.user, &row.sealed} }

func (s *breakGlass) aad(row *breakGlassRow) []byte {
	return s.db.vault.aad("break_glass", row.code, row.user)
}

// open unseals a row. A record that is not what was written is a failure of
// the store.
func (s *breakGlass) open(row *breakGlassRow) (token.BreakGlassRecord, error) {
	plain, err := s.db.vault.sealer.Open(row.sealed, s.aad(row))
	if err == nil {
		var r token.BreakGlassRecord
		if r, err = record.DecodeBreakGlass(string(plain)); err == nil {
			return r, nil
		}
	}
	s.db.logger.Error("stored break-glass code fails its integrity check", "err", err)
	return token.BreakGlassRecord{}, fault("open break-glass code", err)
}

// reseal seals all codes anew that are not under the current key; see users.
func (s *breakGlass) reseal(ctx context.Context) error {
	return s.db.writer.do(ctx, func(t *tx) error {
		var old []breakGlassRow
		err := t.rows("SELECT code, user, record FROM break_glass", nil, func(scan func(...any) error) error {
			var row breakGlassRow
			err := scan(row.columns()...)
			if err == nil && !s.db.vault.sealer.Current(row.sealed) {
				old = append(old, row)
			}
			return err
		})
		for i := range old {
			r, openErr := s.open(&old[i])
			if err == nil && openErr == nil { // open logs; such a record is refused whenever it is read
				err = s.save(t, &old[i], &r)
			}
		}
		return err
	})
}
