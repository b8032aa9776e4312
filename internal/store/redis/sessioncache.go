package redis

import (
	"sync"

	"mfaserver/session"
)

const (
	cacheShards = 64
	// cacheBytes bounds the cache: about 50,000 ordinary sessions.
	cacheBytes = 64 << 20
	// entryCost is what an entry takes beside its value, roughly.
	entryCost = 700
)

// sessionCache holds sessions in use. What it holds is believed only while the
// link is fresh. Safe for concurrent use.
type sessionCache struct{ shards [cacheShards]cacheShard }

type cacheShard struct {
	mu      sync.RWMutex
	entries map[session.Key]*stored // entries are never changed
	bytes   int
	// removals counts what makes answers of before worthless.
	removals uint64
}

func newSessionCache() *sessionCache {
	c := &sessionCache{}
	for i := range c.shards {
		c.shards[i].entries = make(map[session.Key]*stored)
	}
	return c
}

func (c *sessionCache) shard(k session.Key) *cacheShard { return &c.shards[k[0]%cacheShards] }

// get returns the entry of k, or nil.
func (c *sessionCache) get(k session.Key) *stored {
	s := c.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[k]
}

// removals is what put wants to know of the time before the server was asked.
func (c *sessionCache) removals(k session.Key) uint64 {
	s := c.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.removals
}

// put adds what the server said, unless something of the shard has ended since
// removals was asked, or a later activity is known.
func (c *sessionCache) put(e *stored, removals uint64) {
	s := c.shard(e.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removals != removals {
		return
	}
	before, ok := s.entries[e.Key]
	if ok && before.LastActive.After(e.LastActive) {
		return
	}
	if ok {
		s.bytes -= before.cost()
	}
	s.entries[e.Key] = e
	s.bytes += e.cost()
	for k, victim := range s.entries {
		if s.bytes <= cacheBytes/cacheShards {
			return
		}
		if k != e.Key {
			delete(s.entries, k)
			s.bytes -= victim.cost()
		}
	}
}

// remove takes out a session that has ended.
func (c *sessionCache) remove(k session.Key) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removals++
	if e, ok := s.entries[k]; ok {
		delete(s.entries, k)
		s.bytes -= e.cost()
	}
}

// clear forgets everything.
func (c *sessionCache) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.entries, s.bytes = make(map[session.Key]*stored), 0
		s.removals++
		s.mu.Unlock()
	}
}

func (s *stored) cost() int { return entryCost + len(s.value) + len(s.Carry) }
