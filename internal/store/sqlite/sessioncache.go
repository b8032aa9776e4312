package sqlite

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

const (
	shardCount = 64
	// cacheBytes bounds the cache: about 150,000 ordinary sessions.
	cacheBytes = 64 << 20
	// entryCost is what an entry takes beside its record, roughly.
	entryCost = 168
)

// sessionCache holds the records of sessions in use. It is never behind the
// file: one process holds the file, every write passes here before it is
// acknowledged, and a record read from the file is kept only if nothing of
// its shard was deleted meanwhile. Safe for concurrent use.
type sessionCache struct {
	shards [shardCount]cacheShard
	// epoch is the moment before which no session may have begun.
	epoch *atomic.Int64
}

type cacheShard struct {
	mu      sync.RWMutex
	entries map[session.Key]*entry
	bytes   int
	limit   int
	// removals counts what invalidates reads that are under way.
	removals uint64
}

// entry is one session; only active, dirty and stored ever change.
type entry struct {
	record string
	// created is when the session began.
	created int64
	// active is the last activity, ahead of record by what was not written.
	active atomic.Int64
	// stored is the column ends as it is in the file.
	stored atomic.Int64
	// dirty: queued to be written.
	dirty atomic.Bool
	// over: ended by the clock guard, whatever the times say.
	over bool
	// dead: its deletion could not be written yet. Such an entry answers
	// "not found" and is never evicted.
	dead bool
}

func newSessionCache(epoch *atomic.Int64) *sessionCache {
	c := &sessionCache{epoch: epoch}
	for i := range c.shards {
		c.shards[i].entries = make(map[session.Key]*entry)
		c.shards[i].limit = cacheBytes / shardCount
	}
	return c
}

func (c *sessionCache) shard(k session.Key) *cacheShard { return &c.shards[k[0]%shardCount] }

// get returns the entry of k, or nil.
func (c *sessionCache) get(k session.Key) *entry {
	s := c.shard(k)
	s.mu.RLock()
	e := s.entries[k]
	s.mu.RUnlock()
	return e
}

// removals is what keep wants to know of the time before the read.
func (c *sessionCache) removals(k session.Key) uint64 {
	s := c.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.removals
}

// keep adds what was read from the file, unless the shard lost anything since
// removals was asked, and returns the entry that counts from now on.
func (c *sessionCache) keep(k session.Key, e *entry, removals uint64) *entry {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if present := s.entries[k]; present != nil {
		return present
	}
	if s.removals == removals {
		s.put(k, e)
	}
	return e
}

// add puts a session that was just committed.
func (c *sessionCache) add(k session.Key, e *entry) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k)
	s.put(k, e)
}

// remove takes out a session whose deletion was just committed.
func (c *sessionCache) remove(k session.Key) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k)
}

// bury leaves a mark that k is dead although the file still holds it.
func (c *sessionCache) bury(k session.Key) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k)
	s.put(k, &entry{dead: true, created: math.MaxInt64})
}

// clear forgets everything but the dead.
func (c *sessionCache) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k, e := range s.entries {
			if !e.dead {
				s.drop(k)
			}
		}
		s.removals++
		s.mu.Unlock()
	}
}

// touch moves the activity of k forward and reports whether the entry must be
// queued for writing; found says whether there is one. An entry is not
// evicted meanwhile.
func (c *sessionCache) touch(k session.Key, at int64) (e *entry, found bool) {
	s := c.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, found = s.entries[k]
	if found && e.created < c.epoch.Load() {
		return nil, false
	}
	if !found || e.dead || !e.advance(at) || e.dirty.Swap(true) {
		return nil, found && !e.dead
	}
	return e, true
}

func (e *entry) advance(at int64) bool {
	for {
		active := e.active.Load()
		if at <= active {
			return false
		}
		if e.active.CompareAndSwap(active, at) {
			return true
		}
	}
}

// session is the entry's session with its last activity.
func (e *entry) session(k session.Key) (session.Session, error) {
	s, err := record.DecodeSession(k, e.record)
	if active := e.active.Load(); active > record.Nanos(s.LastActive) {
		s.LastActive = time.Unix(0, active).UTC()
	}
	return s, err
}

// put adds and makes room: arbitrary others go, but never dirty or dead ones.
func (s *cacheShard) put(k session.Key, e *entry) {
	s.entries[k] = e
	s.bytes += e.cost()
	if s.bytes <= s.limit {
		return
	}
	for other, victim := range s.entries {
		if other == k || victim.dirty.Load() || victim.dead {
			continue
		}
		delete(s.entries, other)
		s.bytes -= victim.cost()
		if s.bytes <= s.limit {
			return
		}
	}
}

func (s *cacheShard) drop(k session.Key) {
	s.removals++
	if e, ok := s.entries[k]; ok {
		delete(s.entries, k)
		s.bytes -= e.cost()
	}
}

func (e *entry) cost() int { return entryCost + len(e.record) }

// newEntry makes the entry of a record as it is in the file.
func newEntry(s *session.Session, plain string, ends int64) *entry {
	e := &entry{record: plain, created: record.Nanos(s.CreatedAt), over: ends == endedByClock}
	e.active.Store(record.Nanos(s.LastActive))
	e.stored.Store(ends)
	return e
}

// endedByClock in the column ends marks a session the clock guard ended.
const endedByClock = math.MinInt64
