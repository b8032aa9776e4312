package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"mfaserver/internal/store/record"
	"mfaserver/internal/token"
)

// tokens implements [token.ServiceTokens]. Only a token's id, its public
// name, and its hash are readable in the file.
type tokens struct{ db *DB }

var _ token.ServiceTokens = (*tokens)(nil)

// Insert implements [token.ServiceTokens].
func (s *tokens) Insert(ctx context.Context, r token.Record) error {
	const query = "INSERT INTO tokens (id, key, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
	sealed := s.db.vault.sealer.Seal(record.EncodeToken(&r), s.aad(r.ID, r.Key[:]))
	err := s.db.writer.do(ctx, func(t *tx) error {
		added, err := t.change(query, r.ID, r.Key[:], sealed)
		if err == nil && added == 0 {
			return token.ErrExists
		}
		return err
	})
	return unavailable(token.ErrUnavailable, err)
}

// Find implements [token.ServiceTokens].
func (s *tokens) Find(ctx context.Context, k token.Key) (token.Record, error) {
	return s.find(ctx, "SELECT id, key, record FROM tokens WHERE key = ?", k[:])
}

// Get implements [token.ServiceTokens].
func (s *tokens) Get(ctx context.Context, id string) (token.Record, error) {
	return s.find(ctx, "SELECT id, key, record FROM tokens WHERE id = ?", id)
}

func (s *tokens) find(ctx context.Context, query string, arg any) (token.Record, error) {
	var row tokenRow
	if err := s.db.reads.row(ctx, query, []any{arg}, row.columns()...); err != nil {
		return token.Record{}, tokenError(err)
	}
	r, err := s.open(&row)
	return r, tokenError(err)
}

// List implements [token.ServiceTokens]. One record that was tampered with
// fails the whole list.
func (s *tokens) List(ctx context.Context) ([]token.Record, error) {
	var all []token.Record
	err := s.db.reads.rows(ctx, "SELECT id, key, record FROM tokens", nil, func(scan func(...any) error) error {
		var row tokenRow
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
	slices.SortFunc(all, func(a, b token.Record) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, nil
}

// Update implements [token.ServiceTokens].
func (s *tokens) Update(ctx context.Context, id string, change func(*token.Record) error) (token.Record, error) {
	var changed token.Record
	err := s.db.writer.do(ctx, func(t *tx) error {
		var row tokenRow
		if err := t.row("SELECT id, key, record FROM tokens WHERE id = ?", []any{id}, row.columns()...); err != nil {
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
		changed.Key, changed.ID, changed.Username = stored.Key, stored.ID, stored.Username
		changed = changed.Clone()
		return s.save(t, &changed)
	})
	if err != nil {
		return token.Record{}, unavailable(token.ErrUnavailable, err)
	}
	return changed, nil
}

func (s *tokens) save(t *tx, r *token.Record) error {
	sealed := s.db.vault.sealer.Seal(record.EncodeToken(r), s.aad(r.ID, r.Key[:]))
	return t.exec("UPDATE tokens SET record = ? WHERE id = ?", sealed, r.ID)
}

// Delete implements [token.ServiceTokens].
func (s *tokens) Delete(ctx context.Context, id string) error {
	err := s.db.writer.do(ctx, func(t *tx) error {
		removed, err := t.change("DELETE FROM tokens WHERE id = ?", id)
		if err == nil && removed == 0 {
			return token.ErrUnknown
		}
		return err
	})
	return unavailable(token.ErrUnavailable, err)
}

// tokenRow is a row of the table.
type tokenRow struct {
	id          string
	key, sealed []byte
}

func (row *tokenRow) columns() []any { return []any{&row.id, &row.key, &row.sealed} }

func (s *tokens) aad(id string, key []byte) []byte {
	return s.db.vault.aad("tokens", []byte(id), key)
}

// open unseals a row. A record that is not what was written, a wider scope for
// one, is a failure of the store.
func (s *tokens) open(row *tokenRow) (token.Record, error) {
	plain, err := s.db.vault.sealer.Open(row.sealed, s.aad(row.id, row.key))
	if err == nil {
		var k token.Key
		copy(k[:], row.key)
		var r token.Record
		if r, err = record.DecodeToken(row.id, k, string(plain)); err == nil {
			return r, nil
		}
	}
	s.db.logger.Error("stored service token fails its integrity check", "token", row.id, "err", err)
	return token.Record{}, fault("open service token", err)
}

// reseal seals all tokens anew that are not under the current key; see users.
func (s *tokens) reseal(ctx context.Context) error {
	return s.db.writer.do(ctx, func(t *tx) error {
		var old []tokenRow
		err := t.rows("SELECT id, key, record FROM tokens", nil, func(scan func(...any) error) error {
			var row tokenRow
			err := scan(row.columns()...)
			if err == nil && !s.db.vault.sealer.Current(row.sealed) {
				old = append(old, row)
			}
			return err
		})
		if err != nil {
			return err
		}
		for i := range old {
			r, err := s.open(&old[i])
			if err != nil {
				continue // logged; refused whenever it is read
			}
			if err := s.save(t, &r); err != nil {
				return err
			}
		}
		return nil
	})
}

// tokenError is what the rooms of package token answer.
func tokenError(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return token.ErrUnknown
	}
	return unavailable(token.ErrUnavailable, err)
}
