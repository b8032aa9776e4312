package sqlite

import (
	"math"
	"sync"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

// touchChunk is how many touches one commit writes.
const touchChunk = 256

// touches are the sessions whose last activity is newer in the cache than in
// the file. They are written every few seconds, and before a query that would
// otherwise take one of them for over. Safe for concurrent use.
type touches struct {
	mu   sync.Mutex
	keys map[session.Key]struct{}
	// earliest is a lower bound of the column ends over all keys.
	earliest int64
}

func newTouches() *touches {
	return &touches{keys: make(map[session.Key]struct{}), earliest: math.MaxInt64}
}

func (q *touches) add(k session.Key, ends int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.keys[k] = struct{}{}
	q.earliest = min(q.earliest, ends)
}

// take removes and returns up to n keys.
func (q *touches) take(n int) []session.Key {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := make([]session.Key, 0, min(n, len(q.keys)))
	for k := range q.keys {
		if len(taken) == n {
			break
		}
		taken = append(taken, k)
		delete(q.keys, k)
	}
	if len(q.keys) == 0 {
		q.earliest = math.MaxInt64
		q.keys = make(map[session.Key]struct{}) // lets a large map go
	}
	return taken
}

func (q *touches) pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.keys)
}

// overdue reports whether a key may look over at now in the file.
func (q *touches) overdue(now int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.earliest <= now
}

// settle writes all touches if the file would take one of the touched
// sessions for over at now.
func (s *sessions) settle(t *tx, now time.Time) error {
	if !s.touches.overdue(record.Nanos(now)) {
		return nil
	}
	return s.writeTouches(t, math.MaxInt)
}

// writeTouches writes up to n touches. If the batch fails they are queued
// again.
func (s *sessions) writeTouches(t *tx, n int) error {
	taken := s.touches.take(n)
	written := make([]int64, len(taken))
	t.onUndo(func() {
		for _, k := range taken {
			if e := s.cache.get(k); e != nil {
				s.touches.add(k, e.stored.Load())
			}
		}
	})
	for i, k := range taken {
		ends, err := s.writeTouch(t, k)
		if err != nil {
			return err
		}
		written[i] = ends
	}
	t.onCommit(func() {
		for i, k := range taken {
			s.touched(k, written[i])
		}
	})
	return nil
}

// writeTouch writes the session of k as the cache has it.
func (s *sessions) writeTouch(t *tx, k session.Key) (ends int64, err error) {
	e := s.cache.get(k)
	if e == nil || e.dead || e.over {
		return 0, nil
	}
	current, err := e.session(k)
	if err != nil {
		return 0, s.tampered(k, err)
	}
	user, page := s.db.vault.user(current.Username), kindColumn(current.Kind)
	ends = record.SessionEnd(&current)
	sealed := s.db.vault.sealer.Seal(record.EncodeSession(&current), s.aad(k, user, page))
	return ends, t.exec("UPDATE sessions SET ends = ?, record = ? WHERE key = ?", ends, sealed, k[:])
}

// touched notes that the file holds k with the column ends, and queues it
// again if it was touched meanwhile.
func (s *sessions) touched(k session.Key, ends int64) {
	e := s.cache.get(k)
	if e == nil || e.dead || e.over {
		return
	}
	e.stored.Store(ends)
	e.dirty.Store(false)
	if current, err := e.session(k); err == nil && record.SessionEnd(&current) > ends && !e.dirty.Swap(true) {
		s.touches.add(k, ends)
	}
}
