package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

// Create implements [session.Store].
func (s *sessions) Create(ctx context.Context, n session.Session, limit int, now time.Time) ([]session.Session, error) {
	plain := record.EncodeSession(&n)
	user, page, ends := s.db.vault.user(n.Username), kindColumn(n.Kind), record.SessionEnd(&n)
	sealed := s.db.vault.sealer.Seal(plain, s.aad(n.Key, user, page))
	var ended []session.Session
	err := s.db.writer.do(ctx, func(t *tx) error {
		if s.epochs.refuses(user, record.Nanos(n.CreatedAt)) {
			return session.ErrRevoked
		}
		const insert = "INSERT INTO sessions (key, user, page, created, ends, record) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
		var id int64
		err := t.row(insert, []any{n.Key[:], user, page, record.Nanos(n.CreatedAt), ends, sealed}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return session.ErrExists
		}
		if err != nil {
			return err
		}
		t.onCommit(func() { s.cache.add(n.Key, newEntry(&n, string(plain), ends)) })
		ended, err = s.makeRoom(t, id, user, page, limit, now)
		return err
	})
	if err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	return ended, nil
}

// kindColumn is the column page, which has kept the name of the time of two
// kinds.
func kindColumn(k session.Kind) int64 { return int64(k) }

// makeRoom deletes the earliest live sessions of a user and kind, but not the
// new one, so that limit are left.
func (s *sessions) makeRoom(t *tx, added int64, user []byte, page int64, limit int, now time.Time) ([]session.Session, error) {
	if limit <= 0 {
		return nil, nil
	}
	if err := s.settle(t, now); err != nil {
		return nil, err
	}
	var live int
	const count = "SELECT count(*) FROM sessions WHERE user = ? AND page = ? AND ends > ? AND id <> ?"
	if err := t.row(count, []any{user, page, record.Nanos(now), added}, &live); err != nil {
		return nil, err
	}
	if live < limit {
		return nil, nil
	}
	const oldest = `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE user = ? AND page = ? AND ends > ? AND id <> ? ORDER BY created, id LIMIT ?
	) RETURNING key, user, page, ends, record`
	ended, err := s.deleteRows(t, oldest, user, page, record.Nanos(now), added, live-limit+1)
	return byCreation(ended), ignoreTampered(err)
}

// Delete implements [session.Store]. While the disk refuses, the session is
// dead all the same, and its row is removed as soon as the disk allows; the
// answer is [session.ErrUnavailable].
func (s *sessions) Delete(ctx context.Context, k session.Key) (session.Session, error) {
	const query = "DELETE FROM sessions WHERE key = ? RETURNING key, user, page, ends, record"
	var ended []session.Session
	var broken error
	err := s.db.writer.do(ctx, func(t *tx) error {
		var err error
		ended, err = s.deleteRows(t, query, k[:])
		if errors.Is(err, session.ErrTampered) { // deleted all the same
			broken, err = err, nil
		}
		return err
	})
	switch {
	case err != nil:
		s.buryAfter(ctx, err, k)
		return session.Session{}, unavailable(session.ErrUnavailable, err)
	case broken != nil:
		return session.Session{}, broken
	case len(ended) == 0:
		return session.Session{}, session.ErrNotFound
	}
	return ended[0], nil
}

// DeleteUser implements [session.Store]. It treats a failing disk as Delete
// does.
func (s *sessions) DeleteUser(ctx context.Context, username string) ([]session.Session, error) {
	const query = "DELETE FROM sessions WHERE user = ? RETURNING key, user, page, ends, record"
	user := s.db.vault.user(username)
	var ended []session.Session
	err := s.db.writer.do(ctx, func(t *tx) error {
		var err error
		ended, err = s.deleteRows(t, query, user)
		return ignoreTampered(err)
	})
	if err != nil {
		s.buryUser(ctx, err, user, math.MaxInt64)
		return nil, unavailable(session.ErrUnavailable, err)
	}
	return byCreation(ended), nil
}

// Sweep implements [session.Store]. It works in small steps, so that other
// writes do not wait for it. When a later step fails, what the earlier ones
// ended is returned without an error.
func (s *sessions) Sweep(ctx context.Context, now time.Time, limit int) ([]session.Session, error) {
	const query = `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE ends <= ? ORDER BY ends LIMIT ?
	) RETURNING key, user, page, ends, record`
	var all []session.Session
	pace := s.db.writer.newPace()
	for taken := 0; taken < limit; {
		step := min(pace.rows, limit-taken)
		var ended []session.Session
		var rows int
		err := pace.do(ctx, func(t *tx) error {
			if err := errors.Join(s.forgetEpochs(t, now), s.settle(t, now)); err != nil {
				return err
			}
			var err error
			ended, rows, err = s.deleteCounted(t, query, record.Nanos(now), step)
			return ignoreTampered(err)
		})
		if err != nil && len(all) == 0 {
			return nil, unavailable(session.ErrUnavailable, err)
		}
		if err != nil {
			return all, nil //nolint:nilerr // what was ended must be reported; the next sweep meets the error again
		}
		all = append(all, ended...)
		if taken += rows; rows < step {
			break
		}
	}
	return all, nil
}

// deleteRows runs a DELETE ... RETURNING of the columns of scanSession. With
// [session.ErrTampered] all rows are deleted, and those that open returned.
func (s *sessions) deleteRows(t *tx, query string, args ...any) ([]session.Session, error) {
	ended, _, err := s.deleteCounted(t, query, args...)
	return ended, err
}

func (s *sessions) deleteCounted(t *tx, query string, args ...any) (ended []session.Session, rows int, err error) {
	var broken error
	err = t.rows(query, args, func(scan func(...any) error) error {
		r, err := scanSession(scan)
		if err != nil {
			return err
		}
		rows++
		t.onCommit(func() { s.buried(r.key) })
		found, e, err := s.current(&r)
		switch {
		case err != nil:
			broken = err
		case e.dead: // its cached record is gone: take the row's
			if found, _, err = s.open(&r); err == nil {
				ended = append(ended, found)
			}
		default:
			ended = append(ended, found)
		}
		return nil
	})
	if err == nil {
		err = broken
	}
	return ended, rows, err
}

// buried takes a deleted session out of memory.
func (s *sessions) buried(k session.Key) {
	s.cache.remove(k)
	s.graves.forget(k)
}

// byCreation puts what was deleted in order, earliest first.
func byCreation(ended []session.Session) []session.Session {
	slices.SortStableFunc(ended, func(a, b session.Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return ended
}

// ignoreTampered lets a deletion stand that met a record it could not return.
func ignoreTampered(err error) error {
	if errors.Is(err, session.ErrTampered) {
		return nil
	}
	return err
}
