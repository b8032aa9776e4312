package throttle

import (
	"sync"
	"time"
)

// known remembers which sources completed a login for which account. Only a
// complete login gets in, so an attacker cannot fill it.
type known struct {
	keep time.Duration

	mu   sync.Mutex
	last lru[time.Duration]
}

func newKnown(keep time.Duration, capacity int) *known {
	return &known{keep: keep, last: newLRU[time.Duration](capacity)}
}

func (k *known) note(pair key, at time.Duration) {
	if k.keep == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	*k.last.obtain(pair) = at
}

func (k *known) has(pair key, at time.Duration) bool {
	if k.keep == 0 {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	last := k.last.find(pair)
	return last != nil && at < *last+k.keep
}
