package audit

import "time"

const (
	// passingDelay is how long a passing event waits at most for others to be
	// written with.
	passingDelay = 50 * time.Millisecond
	// passingMost is how many events wait for the disk before passing ones wait
	// too: a trail that cannot keep up slows down what it records.
	passingMost = 4096
)

// Passing reports whether an event tells of something that was turned away
// before anything was looked at, a password least of all: too many failures, or
// a form that is none. Nothing follows from it.
func (n Name) Passing() bool {
	switch n {
	case PrimaryThrottled, LoginThrottled, LoginBadRequest:
		return true
	default:
		return false
	}
}

// leave leaves e to whoever writes next, or to a timer. It reports false when
// too much waits already, or the trail is closed.
func (t *Trail) leave(e *Event) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut || t.next != nil && len(t.next.events) >= passingMost {
		return false
	}
	first := t.next == nil
	b := t.add(e)
	if first {
		time.AfterFunc(passingDelay, func() { t.commitLeft(b) })
	}
	return true
}

// commitLeft writes b unless somebody is at it. What fails is counted and told
// when the trail has healed.
func (t *Trail) commitLeft(b *batch) {
	t.mu.Lock()
	mine := !b.taken
	b.taken = true
	t.mu.Unlock()
	if mine {
		t.commit(b)
	}
}

// writeLeft writes what was left to a timer, before the trail is closed. The
// caller holds t.disk.
func (t *Trail) writeLeft() error {
	t.mu.Lock()
	t.shut = true
	b := t.next
	if b == nil || b.taken {
		t.mu.Unlock()
		return nil
	}
	b.taken, t.next = true, nil
	t.mu.Unlock()
	defer close(b.done)
	b.err = t.write(b.events, false)
	return b.err
}
