package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

// sessions implements [session.Store].
type sessions struct {
	db      *DB
	cache   *sessionCache
	touches *touches
	graves  *graves
	epochs  *epochs
}

var (
	_ session.Store    = (*sessions)(nil)
	_ session.KeyRange = (*sessions)(nil)
)

func newSessions(db *DB) *sessions {
	e := newEpochs()
	return &sessions{db: db, cache: newSessionCache(&e.all), touches: newTouches(), graves: &graves{}, epochs: e}
}

// Find implements [session.Store]. A session in use is answered from memory.
func (s *sessions) Find(ctx context.Context, k session.Key, now time.Time) (session.Session, error) {
	if err := s.db.refusal(); err != nil {
		return session.Session{}, unavailable(session.ErrUnavailable, fault("find session", err))
	}
	e, err := s.entry(ctx, k)
	if err != nil {
		return session.Session{}, err
	}
	found, err := e.session(k)
	if err != nil {
		return session.Session{}, s.tampered(k, err)
	}
	if e.over || found.ExpiredAt(now) {
		return session.Session{}, session.ErrNotFound
	}
	return found, nil
}

// Touch implements [session.Store]. It is written within seconds.
func (s *sessions) Touch(ctx context.Context, k session.Key, t time.Time) error {
	if err := s.db.refusal(); err != nil {
		return unavailable(session.ErrUnavailable, fault("touch session", err))
	}
	for {
		e, found := s.cache.touch(k, record.Nanos(t))
		if e != nil {
			s.touches.add(k, e.stored.Load())
		}
		if found {
			return nil
		}
		if _, err := s.entry(ctx, k); err != nil {
			return err
		}
	}
}

// entry returns the live or expired session of k from the cache, or else from
// the file.
func (s *sessions) entry(ctx context.Context, k session.Key) (*entry, error) {
	e := s.cache.get(k)
	if e == nil {
		removals := s.cache.removals(k)
		read, err := s.read(ctx, k)
		if err != nil {
			return nil, err
		}
		e = s.cache.keep(k, read, removals)
	}
	if e.dead || e.created < s.epochs.all.Load() {
		return nil, session.ErrNotFound
	}
	return e, nil
}

func (s *sessions) read(ctx context.Context, k session.Key) (*entry, error) {
	const query = "SELECT user, page, ends, record FROM sessions WHERE key = ?"
	r := sessionRow{key: k}
	err := s.db.reads.row(ctx, query, []any{k[:]}, &r.user, &r.page, &r.ends, &r.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, session.ErrNotFound
	}
	if err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	found, record, err := s.open(&r)
	if err != nil {
		return nil, err
	}
	return newEntry(&found, record, r.ends), nil
}

// List implements [session.Store]. Records that were tampered with are left
// out and logged.
func (s *sessions) List(ctx context.Context, username string, now time.Time) ([]session.Session, error) {
	query := "SELECT key, user, page, ends, record FROM sessions ORDER BY id DESC"
	var args []any
	if username != "" {
		query = "SELECT key, user, page, ends, record FROM sessions WHERE user = ? ORDER BY id DESC"
		args = []any{s.db.vault.user(username)}
	}
	var live []session.Session
	err := s.db.reads.rows(ctx, query, args, func(scan func(...any) error) error {
		r, err := scanSession(scan)
		if err != nil {
			return err
		}
		if found, ok := s.lives(&r, now); ok {
			live = append(live, found)
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	slices.SortStableFunc(live, func(a, b session.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return live, nil
}

// Between implements [session.KeyRange].
func (s *sessions) Between(ctx context.Context, low, high session.Key, now time.Time, limit int) ([]session.Session, error) {
	const query = "SELECT key, user, page, ends, record FROM sessions WHERE key BETWEEN ? AND ? ORDER BY key"
	var live []session.Session
	err := s.db.reads.rows(ctx, query, []any{low[:], high[:]}, func(scan func(...any) error) error {
		r, err := scanSession(scan)
		if err != nil {
			return err
		}
		if found, ok := s.lives(&r, now); ok {
			live = append(live, found)
		}
		if len(live) == limit {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, unavailable(session.ErrUnavailable, err)
	}
	return live, nil
}

// lives returns the session of a row if it lives at now. One that does not
// open is logged.
func (s *sessions) lives(r *sessionRow, now time.Time) (session.Session, bool) {
	found, e, err := s.current(r)
	if err != nil || e.over || e.dead || e.created < s.epochs.all.Load() || found.ExpiredAt(now) {
		return session.Session{}, false
	}
	return found, true
}

// current is the session of a row with the activity the cache knows.
func (s *sessions) current(r *sessionRow) (session.Session, *entry, error) {
	if e := s.cache.get(r.key); e != nil {
		found, err := e.session(r.key)
		if e.dead {
			err = nil
		}
		return found, e, err
	}
	found, record, err := s.open(r)
	if err != nil {
		return session.Session{}, nil, err
	}
	return found, newEntry(&found, record, r.ends), nil
}

// sessionRow is a row of the table.
type sessionRow struct {
	key    session.Key
	user   []byte
	page   int64
	ends   int64
	sealed []byte
}

// scanSession reads the columns key, user, page, ends, record.
func scanSession(scan func(...any) error) (sessionRow, error) {
	var r sessionRow
	var key []byte
	if err := scan(&key, &r.user, &r.page, &r.ends, &r.sealed); err != nil {
		return r, err
	}
	copy(r.key[:], key) // a key of another length names no session: the record will not open
	return r, nil
}

// open unseals and decodes the record of r; [session.ErrTampered].
func (s *sessions) open(r *sessionRow) (session.Session, string, error) {
	plain, err := s.db.vault.sealer.Open(r.sealed, s.aad(r.key, r.user, r.page))
	if err != nil {
		return session.Session{}, "", s.tampered(r.key, err)
	}
	text := string(plain)
	found, err := record.DecodeSession(r.key, text)
	if err != nil {
		return session.Session{}, "", s.tampered(r.key, err)
	}
	return found, text, nil
}

func (s *sessions) aad(k session.Key, user []byte, page int64) []byte {
	return s.db.vault.aad("sessions", k[:], user, binary.AppendVarint(nil, page))
}

// tampered reports a record that is not what was written.
func (s *sessions) tampered(k session.Key, err error) error {
	s.db.logger.Error("stored session fails its integrity check", "session", k.Handle(), "err", err)
	return errors.Join(session.ErrTampered, err)
}
