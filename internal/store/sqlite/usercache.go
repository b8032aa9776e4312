package sqlite

import (
	"sync"

	"mfaserver/internal/primary"
)

// maxCachedUsers bounds the cache: a few hundred bytes each. As many names that
// nobody has are kept, none longer than maxCachedName bytes.
const (
	maxCachedUsers = 4096
	maxCachedName  = 256
)

// userCache holds the users who are looked up by name, as every request of a
// signed-in client does. It is never behind the file: one process holds the
// file, every write passes here before it is acknowledged, and what was read
// is kept only if nobody was written meanwhile. Safe for concurrent use.
type userCache struct {
	mu    sync.RWMutex // guards what follows
	users map[string]cachedUser
	// nobody holds names that nobody has: they are found to be so as fast as
	// those that somebody has are found (threat T006).
	nobody map[string]struct{}
	// writes counts what invalidates reads that are under way.
	writes uint64
}

type cachedUser struct {
	user primary.User
	hash string
}

func newUserCache() *userCache {
	return &userCache{users: make(map[string]cachedUser), nobody: make(map[string]struct{})}
}

// get returns a user, or what keep wants to know of the time before the read.
func (c *userCache) get(username string) (u cachedUser, found bool, writes uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	u, found = c.users[username]
	return u, found, c.writes
}

// absent reports whether it is known that nobody has a name.
func (c *userCache) absent(username string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, absent := c.nobody[username]
	return absent
}

// keepAbsent notes that nobody had a name, unless anybody was written since.
func (c *userCache) keepAbsent(username string, writes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes != writes || len(username) > maxCachedName {
		return
	}
	makeRoom(c.nobody)
	c.nobody[username] = struct{}{}
}

// makeRoom lets any one go of as many as are kept.
func makeRoom[V any](m map[string]V) {
	if len(m) < maxCachedUsers {
		return
	}
	for name := range m {
		delete(m, name)
		return
	}
}

// keep adds a user who was just read, unless anybody was written since. Of many
// any one goes for it.
func (c *userCache) keep(u primary.User, hash string, writes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes != writes {
		return
	}
	makeRoom(c.users)
	c.users[u.Username] = cachedUser{u, hash}
}

// written forgets a user whose row was just committed.
func (c *userCache) written(username string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.users, username)
	delete(c.nobody, username)
	c.writes++
}

// clear forgets all.
func (c *userCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.users)
	clear(c.nobody)
	c.writes++
}
