package session

import (
	"cmp"
	"container/heap"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// MemoryStore is a [Store] that forgets everything when the process ends. It
// is for tests, benchmarks and single runs. Safe for concurrent use.
type MemoryStore struct {
	mu       sync.RWMutex
	sessions map[Key]*record
	// users holds each user's sessions by CreatedAt, earliest first.
	users map[string][]*record
	// ends orders the sessions by when they end; see record.end.
	ends endHeap
	// epochs are those of users, and under the empty name everybody's.
	epochs map[string]time.Time
}

var _ Store = (*MemoryStore)(nil)

type record struct {
	Session
	// end is never later than the real end: a touch moves only the real one,
	// and Sweep catches up. So a touch costs nothing but its own write.
	end   time.Time
	index int
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{sessions: make(map[Key]*record), users: make(map[string][]*record), epochs: make(map[string]time.Time)}
}

// Create implements [Store].
func (m *MemoryStore) Create(_ context.Context, s Session, limit int, now time.Time) ([]Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.CreatedAt.Before(m.epochs[""]) || s.CreatedAt.Before(m.epochs[s.Username]) {
		return nil, ErrRevoked
	}
	if _, taken := m.sessions[s.Key]; taken {
		return nil, ErrExists
	}
	var ended []Session
	if limit > 0 {
		ended = m.makeRoom(s, limit-1, now)
	}
	r := &record{Session: s.Clone(), end: s.end()}
	m.sessions[s.Key] = r
	list := m.users[s.Username]
	at, _ := slices.BinarySearchFunc(list, r, byCreation)
	m.users[s.Username] = slices.Insert(list, at, r)
	heap.Push(&m.ends, r)
	return ended, nil
}

// makeRoom deletes the earliest live sessions of s's user and kind so that at
// most keep of them stay.
func (m *MemoryStore) makeRoom(s Session, keep int, now time.Time) []Session {
	var live []*record
	for _, r := range m.users[s.Username] {
		if r.Kind == s.Kind && !r.ExpiredAt(now) {
			live = append(live, r)
		}
	}
	if len(live) <= keep {
		return nil
	}
	ended := make([]Session, 0, len(live)-keep)
	for _, r := range live[:len(live)-keep] {
		m.remove(r)
		ended = append(ended, r.Session)
	}
	return ended
}

// Find implements [Store].
func (m *MemoryStore) Find(_ context.Context, k Key, now time.Time) (Session, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r, ok := m.sessions[k]
	if !ok || r.ExpiredAt(now) {
		return Session{}, ErrNotFound
	}
	return r.Clone(), nil
}

// Touch implements [Store].
func (m *MemoryStore) Touch(_ context.Context, k Key, t time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.sessions[k]
	if !ok {
		return ErrNotFound
	}
	if t.After(r.LastActive) {
		r.LastActive = t
	}
	return nil
}

// Delete implements [Store].
func (m *MemoryStore) Delete(_ context.Context, k Key) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.sessions[k]
	if !ok {
		return Session{}, ErrNotFound
	}
	m.remove(r)
	return r.Session, nil
}

// List implements [Store].
func (m *MemoryStore) List(_ context.Context, username string, now time.Time) ([]Session, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var live []Session
	if username != "" {
		for _, r := range slices.Backward(m.users[username]) {
			if !r.ExpiredAt(now) {
				live = append(live, r.Clone())
			}
		}
		return live, nil
	}
	for _, r := range m.sessions {
		if !r.ExpiredAt(now) {
			live = append(live, r.Clone())
		}
	}
	slices.SortFunc(live, func(a, b Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return live, nil
}

// DeleteUser implements [Store].
func (m *MemoryStore) DeleteUser(_ context.Context, username string) ([]Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.users[username]
	delete(m.users, username)
	ended := make([]Session, 0, len(list))
	for _, r := range list {
		delete(m.sessions, r.Key)
		heap.Remove(&m.ends, r.index)
		ended = append(ended, r.Session)
	}
	return ended, nil
}

// DeleteBefore implements [Store].
func (m *MemoryStore) DeleteBefore(_ context.Context, username string, before time.Time) ([]Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before.After(m.epochs[username]) {
		m.epochs[username] = before
	}
	var early []*record
	if username != "" {
		for _, r := range m.users[username] {
			if r.CreatedAt.Before(before) {
				early = append(early, r)
			}
		}
	} else {
		for _, r := range m.sessions {
			if r.CreatedAt.Before(before) {
				early = append(early, r)
			}
		}
	}
	ended := make([]Session, 0, len(early))
	for _, r := range early {
		m.remove(r)
		ended = append(ended, r.Session)
	}
	return ended, nil
}

// Sweep implements [Store]. It looks only at sessions that ended, or were
// touched since they were last looked at.
func (m *MemoryStore) Sweep(_ context.Context, now time.Time, max int) ([]Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.epochs, func(username string, epoch time.Time) bool {
		return username != "" && now.Sub(epoch) >= EpochKept
	})
	var ended []Session
	for len(ended) < max && len(m.ends) > 0 && !now.Before(m.ends[0].end) {
		r := m.ends[0]
		if !r.ExpiredAt(now) {
			r.end = r.Session.end()
			heap.Fix(&m.ends, 0)
			continue
		}
		m.remove(r)
		ended = append(ended, r.Session)
	}
	return ended, nil
}

// remove takes r out of all three indexes.
func (m *MemoryStore) remove(r *record) {
	delete(m.sessions, r.Key)
	heap.Remove(&m.ends, r.index)
	list := m.users[r.Username]
	if at := slices.Index(list, r); at >= 0 {
		list = slices.Delete(list, at, at+1)
	}
	if len(list) == 0 {
		delete(m.users, r.Username)
		return
	}
	m.users[r.Username] = list
}

func byCreation(a, b *record) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), slices.Compare(a.Key[:], b.Key[:]))
}

// endHeap is a [heap.Interface]: the session that ends first is on top.
type endHeap []*record

func (h endHeap) Len() int           { return len(h) }
func (h endHeap) Less(i, j int) bool { return h[i].end.Before(h[j].end) }

func (h endHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements [heap.Interface].
func (h *endHeap) Push(x any) {
	r, _ := x.(*record)
	r.index = len(*h)
	*h = append(*h, r)
}

// Pop implements [heap.Interface].
func (h *endHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
