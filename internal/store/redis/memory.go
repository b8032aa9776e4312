package redis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"mfaserver/session"
)

// Sizes of what a node remembers by itself.
const (
	graveAge, graveLimit     = 24 * time.Hour, 200_000
	versionAge, versionLimit = time.Hour, 200_000
	spentAge, spentLimit     = time.Hour, 200_000
	epochAge, epochLimit     = 365 * 24 * time.Hour, 100_000
	// unfinishedLimit bounds the deletions that are to be tried again.
	unfinishedLimit = 10_000
)

// memory is what a node knows beside the server: the sessions in use, and
// what must not come back when the server loses writes that it acknowledged
// (threat T120): ended sessions, epochs, versions of records that are used
// once, spent codes. Every node hears of all of them. Safe for concurrent use.
type memory struct {
	link     *link
	cache    *sessionCache
	graves   *aging[session.Key, struct{}]
	versions *aging[string, uint64]
	spent    *aging[string, string]
	users    *aging[string, string]

	// global is the epoch of everybody.
	global atomic.Pointer[string]

	finishing sync.Mutex // held while finish runs
	mu        sync.Mutex // guards what follows
	// unfinished are sessions whose deletion may not have reached the server.
	unfinished map[session.Key]struct{}
}

func newMemory(l *link) *memory {
	return &memory{
		link: l, cache: newSessionCache(),
		graves:     newAging[session.Key, struct{}](graveAge, graveLimit),
		versions:   newAging[string, uint64](versionAge, versionLimit),
		spent:      newAging[string, string](spentAge, spentLimit),
		users:      newAging[string, string](epochAge, epochLimit),
		unfinished: make(map[session.Key]struct{}),
	}
}

func (m *memory) forgetCache() { m.cache.clear() }

// bury makes a session dead on this node, whatever the server says later.
func (m *memory) bury(k session.Key) {
	m.graves.put(k, m.link.since(), func(struct{}) struct{} { return struct{}{} })
	m.cache.remove(k)
}

func (m *memory) buried(k session.Key) bool {
	_, dead := m.graves.get(k)
	return dead
}

// noteEpoch notes that sessions of a user (of everybody when empty) from
// before a time are dead.
func (m *memory) noteEpoch(user, before string) {
	if before == "" {
		return
	}
	if user != "" {
		m.users.put(user, m.link.since(), func(known string) string { return max(known, before) })
		return
	}
	for {
		known := m.global.Load()
		if known != nil && *known >= before || m.global.CompareAndSwap(known, &before) {
			return
		}
	}
}

// outlived reports whether a session of a user, created at a time, is from
// before an epoch.
func (m *memory) outlived(user, created string) bool {
	if global := m.global.Load(); global != nil && created < *global {
		return true
	}
	epoch, _ := m.users.get(user)
	return created < epoch
}

func (m *memory) noteVersion(key string, v uint64) {
	m.versions.put(key, m.link.since(), func(known uint64) uint64 { return max(known, v) })
}

// rolledBack reports whether a later version of a record was seen.
func (m *memory) rolledBack(key string, v uint64) bool {
	known, _ := m.versions.get(key)
	return v < known
}

func (m *memory) noteSpent(code, until string) {
	m.spent.put(code, m.link.since(), func(known string) string { return max(known, until) })
}

func (m *memory) isSpent(code, now string) bool {
	until, _ := m.spent.get(code)
	return until > now
}

// unsure keeps a session dead on this node whose deletion may not have
// reached the server, and has it tried again when there is one.
func (m *memory) unsure(ctx context.Context, k session.Key) {
	if errors.Is(ctx.Err(), context.Canceled) || m.link.closed.Load() {
		return
	}
	m.bury(k)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.unfinished) < unfinishedLimit {
		m.unfinished[k] = struct{}{}
	}
}

// hasUnfinished reports whether finish has something to do.
func (m *memory) hasUnfinished() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.unfinished) > 0
}

// finish deletes what could not be deleted before.
func (m *memory) finish(ctx context.Context) {
	if !m.finishing.TryLock() {
		return
	}
	defer m.finishing.Unlock()
	m.mu.Lock()
	keys := make([]session.Key, 0, len(m.unfinished))
	for k := range m.unfinished {
		keys = append(keys, k)
	}
	m.mu.Unlock()
	for _, k := range keys {
		if _, err := m.link.write(ctx, scriptDelete, hexKey(k), graveTTL); err != nil {
			return // they are met again
		}
		m.mu.Lock()
		delete(m.unfinished, k)
		m.mu.Unlock()
	}
}
