package sqlite

import (
	"sync"

	"mfaserver/internal/primary"
)

// maxCachedUsers bounds the cache: a few hundred bytes each.
const maxCachedUsers = 4096

// userCache holds the users who are looked up by name, as every request of a
// signed-in client does. It is never behind the file: one process holds the
// file, every write passes here before it is acknowledged, and what was read
// is kept only if nobody was written meanwhile. Safe for concurrent use.
type userCache struct {
	mu    sync.RWMutex // guards what follows
	users map[string]cachedUser
	// writes counts what invalidates reads that are under way.
	writes uint64
}

type cachedUser struct {
	user primary.User
	hash string
}

func newUserCache() *userCache { return &userCache{users: make(map[string]cachedUser)} }

// get returns a user, or what keep wants to know of the time before the read.
func (c *userCache) get(username string) (u cachedUser, found bool, writes uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	u, found = c.users[username]
	return u, found, c.writes
}

// keep adds a user who was just read, unless anybody was written since. Of many
// any one goes for it.
func (c *userCache) keep(u primary.User, hash string, writes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes != writes {
		return
	}
	if len(c.users) >= maxCachedUsers {
		for name := range c.users {
			delete(c.users, name)
			break
		}
	}
	c.users[u.Username] = cachedUser{u, hash}
}

// written forgets a user whose row was just committed.
func (c *userCache) written(username string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.users, username)
	c.writes++
}

// clear forgets all.
func (c *userCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.users)
	c.writes++
}
