package redis

import (
	"sync"
	"time"
)

// aging is a bounded map that forgets: what was put is kept for at least age,
// unless more than limit others are put meanwhile, and for at most twice that.
// Safe for concurrent use.
type aging[K comparable, V any] struct {
	age   time.Duration
	limit int

	mu         sync.RWMutex
	young, old map[K]V
	turned     time.Duration
}

func newAging[K comparable, V any](age time.Duration, limit int) *aging[K, V] {
	return &aging[K, V]{age: age, limit: limit, young: make(map[K]V)}
}

func (a *aging[K, V]) get(k K) (V, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	v, ok := a.young[k]
	if !ok {
		v, ok = a.old[k]
	}
	return v, ok
}

// put sets k to what merge makes of the value that was known; at is the time
// since the store was opened.
func (a *aging[K, V]) put(k K, at time.Duration, merge func(V) V) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at-a.turned >= a.age || len(a.young) >= a.limit {
		a.old, a.young, a.turned = a.young, make(map[K]V), at
	}
	v, ok := a.young[k]
	if !ok {
		v = a.old[k]
	}
	a.young[k] = merge(v)
}
