package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

// epochs are the moments before which no session may have begun: one for
// everybody, and those of users. They are kept in memory as well, where a new
// one counts from the moment it is told, whatever the disk says. Safe for
// concurrent use.
type epochs struct {
	// all is that of everybody.
	all atomic.Int64

	mu    sync.Mutex
	users map[string]int64 // by hash of the user
	// unsaved are those the disk did not take; under the empty name
	// everybody's.
	unsaved map[string]struct{}
}

// noEpoch is before every session.
const noEpoch = math.MinInt64

func newEpochs() *epochs {
	e := &epochs{users: make(map[string]int64), unsaved: make(map[string]struct{})}
	e.all.Store(noEpoch)
	return e
}

// raise moves an epoch forward, everybody's when user is empty, and returns
// it. It is unsaved until saved is told.
func (e *epochs) raise(user []byte, to int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unsaved[string(user)] = struct{}{}
	if len(user) == 0 {
		to = max(to, e.all.Load())
		e.all.Store(to)
		return to
	}
	if before, ok := e.users[string(user)]; ok {
		to = max(to, before)
	}
	e.users[string(user)] = to
	return to
}

// at returns an epoch.
func (e *epochs) at(user []byte) int64 {
	if len(user) == 0 {
		return e.all.Load()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if epoch, ok := e.users[string(user)]; ok {
		return epoch
	}
	return noEpoch
}

// refuses reports whether a session of the user begun at created may not be.
func (e *epochs) refuses(user []byte, created int64) bool {
	return created < e.all.Load() || created < e.at(user)
}

func (e *epochs) saved(user []byte, epoch int64) {
	if e.at(user) != epoch {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.unsaved, string(user))
}

// left are the users whose epoch is unsaved.
func (e *epochs) left() [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([][]byte, 0, len(e.unsaved))
	for user := range e.unsaved {
		all = append(all, []byte(user))
	}
	return all
}

// forget drops the saved epochs of users before a moment.
func (e *epochs) forget(before int64) (any bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for user, epoch := range e.users {
		if _, unsaved := e.unsaved[user]; epoch <= before && !unsaved {
			delete(e.users, user)
			any = true
		}
	}
	return any
}

// lower takes every epoch back to a moment at the latest.
func (e *epochs) lower(to int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all.Store(min(to, e.all.Load()))
	e.unsaved[""] = struct{}{}
	for user, epoch := range e.users {
		e.users[user] = min(to, epoch)
		e.unsaved[user] = struct{}{}
	}
}

// DeleteBefore implements [session.Store]. While the disk refuses, the
// sessions are dead all the same, as with Delete. Those of everybody are
// removed in small steps, so that other writes do not wait; they are dead
// from the first one on. What a crash leaves of them stays dead, and the
// sweep removes it when its time would have been over.
func (s *sessions) DeleteBefore(ctx context.Context, username string, before time.Time) ([]session.Session, error) {
	var user []byte
	if username != "" {
		user = s.db.vault.user(username)
	}
	var ended []session.Session
	err := s.db.writer.do(ctx, func(t *tx) error {
		if err := s.saveEpoch(t, user, s.epochs.raise(user, record.Nanos(before))); err != nil || user == nil {
			return err
		}
		const query = "DELETE FROM sessions WHERE user = ? AND created < ? RETURNING key, user, page, ends, record"
		var err error
		ended, err = s.deleteRows(t, query, user, record.Nanos(before))
		return ignoreTampered(err)
	})
	switch {
	case err != nil:
		if cancelled(err) || errors.Is(err, ErrClosed) {
			return nil, unavailable(session.ErrUnavailable, err)
		}
		s.epochs.raise(user, record.Nanos(before))
		s.buryUser(ctx, err, user, record.Nanos(before))
		return nil, unavailable(session.ErrUnavailable, err)
	case user == nil:
		ended, err = s.deleteAllBefore(ctx, record.Nanos(before))
	}
	return byCreation(ended), unavailable(session.ErrUnavailable, err)
}

// deleteAllBefore walks through the table, a step a write.
func (s *sessions) deleteAllBefore(ctx context.Context, before int64) ([]session.Session, error) {
	const (
		step   = "SELECT id, created FROM sessions WHERE id > ? ORDER BY id LIMIT ?"
		remove = "DELETE FROM sessions WHERE id > ? AND id <= ? AND created < ? RETURNING key, user, page, ends, record"
	)
	var all []session.Session
	pace := s.db.writer.newPace()
	for last := int64(math.MinInt64); ; {
		from, early, rows := last, 0, 0
		err := s.db.reads.rows(ctx, step, []any{from, walkChunk}, func(scan func(...any) error) error {
			var id, created int64
			if err := scan(&id, &created); err != nil {
				return err
			}
			rows++
			if created < before {
				early++
			}
			last = id
			if early == pace.rows {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return all, err
		}
		if rows == 0 {
			return all, nil
		}
		if early == 0 {
			continue
		}
		var ended []session.Session
		err = pace.do(ctx, func(t *tx) error {
			var err error
			ended, err = s.deleteRows(t, remove, from, last, before)
			return ignoreTampered(err)
		})
		if err != nil {
			return all, err
		}
		all = append(all, ended...)
	}
}

// walkChunk is how many rows one reading step of a walk takes.
const walkChunk = 1024

// errEnough ends a reading before its last row.
var errEnough = errors.New("sqlite: enough rows read")

// saveEpoch writes an epoch; those of users until they may be forgotten.
func (s *sessions) saveEpoch(t *tx, user []byte, epoch int64) error {
	if user == nil {
		user = []byte{}
	}
	const query = "INSERT INTO epochs (user, until, record) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET until = ?2, record = ?3"
	until := int64(math.MaxInt64)
	if len(user) > 0 && epoch < math.MaxInt64-int64(session.EpochKept) {
		until = epoch + int64(session.EpochKept)
	}
	plain := binary.BigEndian.AppendUint64(nil, uint64(epoch)) //nolint:gosec // read back as it is written
	if err := t.exec(query, user, until, s.db.vault.sealer.Seal(plain, s.db.vault.aad("epochs", user))); err != nil {
		return err
	}
	t.onCommit(func() { s.epochs.saved(user, epoch) })
	return nil
}

// saveEpochs writes what the disk did not take before.
func (s *sessions) saveEpochs(t *tx) error {
	for _, user := range s.epochs.left() {
		if err := s.saveEpoch(t, user, s.epochs.at(user)); err != nil {
			return err
		}
	}
	return nil
}

// forgetEpochs drops the epochs of users whose time is over.
func (s *sessions) forgetEpochs(t *tx, now time.Time) error {
	if !s.epochs.forget(record.Nanos(now.Add(-session.EpochKept))) {
		return nil
	}
	return t.exec("DELETE FROM epochs WHERE until <= ?", record.Nanos(now))
}

// loadEpochs reads the epochs when the store opens. One that does not open
// has been tampered with: then all sessions are over, since which of them it
// forbids cannot be known.
func (s *sessions) loadEpochs(t *tx) error {
	type row struct{ user, sealed []byte }
	var rows []row
	err := t.rows("SELECT user, record FROM epochs", nil, func(scan func(...any) error) error {
		var r row
		err := scan(&r.user, &r.sealed)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range rows {
		plain, err := s.db.vault.sealer.Open(r.sealed, s.db.vault.aad("epochs", r.user))
		if err != nil || len(plain) != 8 {
			s.db.logger.Error("stored epoch fails its integrity check, all sessions are over", "err", err)
			if err := t.exec("DELETE FROM epochs WHERE user = ?", r.user); err != nil {
				return err
			}
			if _, err := s.db.endEverything(t); err != nil {
				return err
			}
			continue
		}
		epoch := s.epochs.raise(r.user, int64(binary.BigEndian.Uint64(plain))) //nolint:gosec // as saveEpoch wrote it
		if s.db.vault.sealer.Current(r.sealed) {
			s.epochs.saved(r.user, epoch)
		}
	}
	return s.saveEpochs(t) // under the current key
}
