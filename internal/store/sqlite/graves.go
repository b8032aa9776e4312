package sqlite

import (
	"context"
	"errors"
	"sync"

	"mfaserver/session"
)

// graves are sessions whose deletion the disk refused. They are dead in
// memory at once and are deleted when the disk allows. Safe for concurrent
// use.
type graves struct {
	mu   sync.Mutex
	keys map[session.Key]struct{}
}

func (g *graves) add(k session.Key) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys == nil {
		g.keys = make(map[session.Key]struct{})
	}
	g.keys[k] = struct{}{}
}

func (g *graves) forget(k session.Key) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.keys, k)
}

func (g *graves) all() []session.Key {
	g.mu.Lock()
	defer g.mu.Unlock()
	keys := make([]session.Key, 0, len(g.keys))
	for k := range g.keys {
		keys = append(keys, k)
	}
	return keys
}

// buryAfter kills k in memory after its deletion failed with err, unless the
// caller gave up before it was tried.
func (s *sessions) buryAfter(ctx context.Context, err error, k session.Key) {
	if cancelled(err) || errors.Is(err, ErrClosed) {
		return
	}
	if _, err := s.entry(ctx, k); err != nil {
		return // no such session: nothing to bury
	}
	s.graves.add(k)
	s.cache.bury(k)
}

// buryUser does the same for the sessions of a user that began before a
// moment.
func (s *sessions) buryUser(ctx context.Context, err error, user []byte, before int64) {
	if cancelled(err) || errors.Is(err, ErrClosed) {
		return
	}
	var keys []session.Key
	const query = "SELECT key FROM sessions WHERE user = ? AND created < ?"
	readErr := s.db.reads.rows(ctx, query, []any{user, before}, func(scan func(...any) error) error {
		var key []byte
		if err := scan(&key); err != nil {
			return err
		}
		var k session.Key
		copy(k[:], key)
		keys = append(keys, k)
		return nil
	})
	if readErr != nil {
		s.db.logger.ErrorContext(ctx, "sessions of a user could be ended neither on disk nor in memory", "err", readErr)
	}
	for _, k := range keys {
		s.buryAfter(ctx, err, k)
	}
}

// deleteGraves deletes the rows of the dead.
func (s *sessions) deleteGraves(t *tx) error {
	for _, k := range s.graves.all() {
		if err := t.exec("DELETE FROM sessions WHERE key = ?", k[:]); err != nil {
			return err
		}
		t.onCommit(func() { s.buried(k) })
	}
	return nil
}
