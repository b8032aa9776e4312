package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"strings"

	"mfaserver/internal/primary"
	"mfaserver/internal/store/record"
)

// users implements [primary.Users]. Only the name is readable in the file;
// the rest, role and password hash included, is sealed to the row.
type users struct {
	db    *DB
	cache *userCache
}

var _ primary.Users = (*users)(nil)

// Insert implements [primary.Users].
func (s *users) Insert(ctx context.Context, u primary.User, hash string) (primary.User, error) {
	err := s.db.writer.do(ctx, func(t *tx) error {
		var id int64
		const insert = "INSERT INTO users (username, record) VALUES (?, x'') ON CONFLICT DO NOTHING RETURNING id"
		err := t.row(insert, []any{[]byte(u.Username)}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return primary.ErrUserExists
		}
		if err != nil {
			return err
		}
		u.ID = int(id)
		return s.save(t, &u, hash)
	})
	if err != nil {
		return primary.User{}, unavailable(primary.ErrUnavailable, err)
	}
	return u, nil
}

func (s *users) save(t *tx, u *primary.User, hash string) error {
	username := u.Username
	t.onCommit(func() { s.cache.written(username) })
	sealed := s.db.vault.sealer.Seal(record.EncodeUser(u, hash), s.aad(int64(u.ID), []byte(u.Username)))
	return t.exec("UPDATE users SET record = ? WHERE id = ?", sealed, u.ID)
}

// Find implements [primary.Users]. A user of late is answered from memory.
func (s *users) Find(ctx context.Context, username string) (primary.User, string, error) {
	if err := s.db.refusal(); err != nil {
		return primary.User{}, "", userError(fault("find user", err))
	}
	known, found, writes := s.cache.get(username)
	if found {
		return known.user, known.hash, nil
	}
	if s.cache.absent(username) {
		return primary.User{}, "", primary.ErrUserUnknown
	}
	u, hash, err := s.find(ctx, "SELECT id, username, record FROM users WHERE username = ?", []byte(username))
	switch {
	case err == nil:
		s.cache.keep(u, hash, writes)
	case errors.Is(err, primary.ErrUserUnknown):
		s.cache.keepAbsent(username, writes)
	}
	return u, hash, err
}

// FindID implements [primary.Users].
func (s *users) FindID(ctx context.Context, id int) (primary.User, string, error) {
	return s.find(ctx, "SELECT id, username, record FROM users WHERE id = ?", id)
}

func (s *users) find(ctx context.Context, query string, arg any) (primary.User, string, error) {
	var r userRow
	if err := s.db.reads.row(ctx, query, []any{arg}, r.columns()...); err != nil {
		return primary.User{}, "", userError(err)
	}
	u, hash, err := s.open(&r)
	return u, hash, userError(err)
}

// List implements [primary.Users]. One record that was tampered with fails
// the whole list.
func (s *users) List(ctx context.Context) ([]primary.User, error) {
	var all []primary.User
	err := s.db.reads.rows(ctx, "SELECT id, username, record FROM users ORDER BY id", nil, func(scan func(...any) error) error {
		var r userRow
		if err := scan(r.columns()...); err != nil {
			return err
		}
		u, _, err := s.open(&r)
		all = append(all, u)
		return err
	})
	if err != nil {
		return nil, userError(err)
	}
	return all, nil
}

// Page implements [primary.Users]. Names are told apart by the index of the
// table; only the records of the page are opened.
func (s *users) Page(ctx context.Context, q primary.PageQuery) ([]primary.User, error) {
	query := "SELECT id, username, record FROM users WHERE username > ?"
	args := []any{[]byte(q.After)}
	if q.Before != "" {
		query += " AND username < ?"
		args = append(args, []byte(q.Before))
	}
	if q.Match != "" {
		// LIKE compares text, and takes the small and the large letters of
		// ASCII for the same.
		query += ` AND CAST(username AS TEXT) LIKE ? ESCAPE '\'`
		args = append(args, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(q.Match)+"%")
	}
	query += " ORDER BY username"
	if q.Before != "" {
		query += " DESC"
	}
	var page []primary.User
	err := s.db.reads.rows(ctx, query+" LIMIT ?", append(args, max(q.Max, 0)), func(scan func(...any) error) error {
		var r userRow
		if err := scan(r.columns()...); err != nil {
			return err
		}
		u, _, err := s.open(&r)
		page = append(page, u)
		return err
	})
	if err != nil {
		return nil, userError(err)
	}
	return q.Cut(page), nil
}

// Update implements [primary.Users].
func (s *users) Update(ctx context.Context, username string, change func(u *primary.User, hash *string) error) (primary.User, error) {
	var changed primary.User
	err := s.db.writer.do(ctx, func(t *tx) error {
		var r userRow
		if err := t.row("SELECT id, username, record FROM users WHERE username = ?", []any{[]byte(username)}, r.columns()...); err != nil {
			return userError(err)
		}
		stored, hash, err := s.open(&r)
		if err != nil {
			return err
		}
		changed = stored
		if err := change(&changed, &hash); err != nil {
			return err
		}
		changed.ID, changed.Username = stored.ID, stored.Username
		return s.save(t, &changed, hash)
	})
	if err != nil {
		return primary.User{}, unavailable(primary.ErrUnavailable, err)
	}
	return changed, nil
}

// Delete implements [primary.Users].
func (s *users) Delete(ctx context.Context, username string) error {
	err := s.db.writer.do(ctx, func(t *tx) error {
		removed, err := t.change("DELETE FROM users WHERE username = ?", []byte(username))
		if err == nil && removed == 0 {
			return primary.ErrUserUnknown
		}
		t.onCommit(func() { s.cache.written(username) })
		return err
	})
	return unavailable(primary.ErrUnavailable, err)
}

// userRow is a row of the table.
type userRow struct {
	id               int64
	username, sealed []byte
}

func (r *userRow) columns() []any { return []any{&r.id, &r.username, &r.sealed} }

func (s *users) aad(id int64, username []byte) []byte {
	return s.db.vault.aad("users", binary.AppendVarint(nil, id), username)
}

// open unseals a row. A record that is not what was written, a changed role
// for one, is a failure of the store.
func (s *users) open(r *userRow) (primary.User, string, error) {
	plain, err := s.db.vault.sealer.Open(r.sealed, s.aad(r.id, r.username))
	if err == nil {
		var u primary.User
		var hash string
		if u, hash, err = record.DecodeUser(string(plain)); err == nil {
			u.ID, u.Username = int(r.id), string(r.username)
			return u, hash, nil
		}
	}
	s.db.logger.Error("stored user fails its integrity check", "user_id", r.id, "err", err)
	return primary.User{}, "", fault("open user", err)
}

// reseal seals all users anew who are not under the current key, so that a
// previous key can be given up once the sessions under it are over.
func (s *users) reseal(ctx context.Context) error {
	return s.db.writer.do(ctx, func(t *tx) error {
		var old []userRow
		err := t.rows("SELECT id, username, record FROM users", nil, func(scan func(...any) error) error {
			var r userRow
			err := scan(r.columns()...)
			if err == nil && !s.db.vault.sealer.Current(r.sealed) {
				old = append(old, r)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range old {
			u, hash, err := s.open(&r)
			if err != nil {
				continue // logged; refused whenever it is read
			}
			if err := s.save(t, &u, hash); err != nil {
				return err
			}
		}
		return nil
	})
}

func userError(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return primary.ErrUserUnknown
	}
	return unavailable(primary.ErrUnavailable, err)
}
