package session

import (
	"context"
	"sync"
)

// watchers tells those who serve a session for long when it ends on this
// node. The zero value is ready.
type watchers struct {
	mu  sync.Mutex // guards all
	all map[Key]*watched
}

type watched struct {
	ended chan struct{}
	count int
}

// Watch returns a channel that is closed when the session ends on this node:
// by logout, revocation, replacement, the limit of its user, or the sweep that
// finds it over. It is closed at once when the session is not there or the
// store cannot tell. Call stop when done; it may be called more than once.
//
// A long answer selects on it to be cut short (threats T113, T152).
func (m *Manager) Watch(ctx context.Context, key Key) (ended <-chan struct{}, stop func()) {
	w := m.watched.add(key)
	// Asked after the entry was made, so that no end falls between the two.
	if _, err := m.cfg.Store.Find(ctx, key, m.clock.Now()); err != nil {
		m.watched.end(key)
	}
	return w.ended, sync.OnceFunc(func() { m.watched.remove(key, w) })
}

func (ws *watchers) add(key Key) *watched {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.all == nil {
		ws.all = make(map[Key]*watched)
	}
	w := ws.all[key]
	if w == nil {
		w = &watched{ended: make(chan struct{})}
		ws.all[key] = w
	}
	w.count++
	return w
}

func (ws *watchers) remove(key Key, w *watched) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.count--
	if w.count == 0 && ws.all[key] == w {
		delete(ws.all, key)
	}
}

func (ws *watchers) end(key Key) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if w := ws.all[key]; w != nil {
		close(w.ended)
		delete(ws.all, key)
	}
}
