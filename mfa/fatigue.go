package mfa

import (
	"sync"
	"time"
)

const (
	// fatigueAt unfinished logins of a user raise the alarm, and every
	// further as many raise it again (threats T037, T198).
	fatigueAt = 3
	// fatigueWindow without a new login forgets the earlier ones.
	fatigueWindow = time.Hour
	// fatigueUsers in each of two generations bound the memory.
	fatigueUsers = 5_000
)

// fatigue counts logins of each user that were started and not finished: many
// of them are somebody with the password who hopes for a careless tap. Each
// process counts for itself. Users move to the young generation when they
// begin a login; when that is full the old one is forgotten.
type fatigue struct {
	mu         sync.Mutex
	young, old map[string]unfinished
}

type unfinished struct {
	count int
	last  time.Time
}

func newFatigue() *fatigue {
	return &fatigue{young: make(map[string]unfinished), old: make(map[string]unfinished)}
}

// started counts a login; alarm is set when it is one too many.
func (f *fatigue) started(username string, now time.Time) (count int, alarm bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u, ok := f.young[username]
	if !ok {
		u = f.old[username]
		delete(f.old, username)
	}
	if now.Sub(u.last) >= fatigueWindow {
		u.count = 0
	}
	u.count++
	u.last = now
	f.young[username] = u
	if len(f.young) >= fatigueUsers {
		f.young, f.old = make(map[string]unfinished), f.young
	}
	return u.count, u.count%fatigueAt == 0
}

// finished forgets a user who completed a login.
func (f *fatigue) finished(username string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.young, username)
	delete(f.old, username)
}
