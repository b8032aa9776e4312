package token

import (
	"sync"
	"time"
)

const (
	// noteInterval is how often the use or the refusal of one token from one
	// place is recorded: a program that polls would fill the trail.
	noteInterval = time.Minute
	// noteCapacity is how many are remembered; beyond it some are recorded
	// more often.
	noteCapacity = 4096
)

// notes lets through one call per key and interval. Safe for concurrent use.
type notes struct {
	mu   sync.Mutex
	keys map[noteKey]*noted
}

// noteKey is what was noted: of which token (or none), from where, and what.
type noteKey struct{ token, source, what string }

type noted struct {
	mu sync.Mutex
	at time.Time
	// skipped counts what was not noted since.
	skipped int
}

// once runs note, unless it ran without an error less than an interval ago.
// Callers with the same key wait for it: nobody goes on while it is undecided
// whether his call can be recorded. note gets the number of calls that were
// let through since the last one.
func (n *notes) once(k noteKey, now time.Time, note func(skipped int) error) error {
	e := n.entry(k, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	if age := now.Sub(e.at); age >= 0 && age < noteInterval {
		e.skipped++
		return nil
	}
	if err := note(e.skipped); err != nil {
		return err
	}
	e.at, e.skipped = now, 0
	return nil
}

func (n *notes) entry(k noteKey, now time.Time) *noted {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e := n.keys[k]; e != nil {
		return e
	}
	if n.keys == nil {
		n.keys = make(map[noteKey]*noted)
	}
	if len(n.keys) >= noteCapacity {
		n.forget(now)
	}
	e := new(noted)
	n.keys[k] = e
	return e
}

// forget makes room: what is old, or else anything.
func (n *notes) forget(now time.Time) {
	for k, e := range n.keys {
		if e.mu.TryLock() {
			if now.Sub(e.at) >= noteInterval {
				delete(n.keys, k)
			}
			e.mu.Unlock()
		}
	}
	for k := range n.keys {
		if len(n.keys) < noteCapacity {
			return
		}
		delete(n.keys, k)
	}
}
