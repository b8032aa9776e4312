package gateway

import (
	"sync"
	"time"
)

// watch looks after the transfers under way, all by one timer that runs while
// there are any. A timer for each would be most of what looking after the short
// ones costs, and nearly all are over before the first look.
type watch struct {
	tick time.Duration

	mu    sync.Mutex // guards what follows
	first *transfer
	timer *time.Timer // nil until there was a transfer
	going bool
}

// links are a transfer's neighbours in the watch, guarded by its mutex.
type links struct {
	next, prev *transfer
	watched    bool
	old        bool // was there at the last tick already
}

// add begins to look after t: first after one tick, before two.
func (w *watch) add(t *transfer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.links = links{next: w.first, watched: true}
	if w.first != nil {
		w.first.links.prev = t
	}
	w.first = t
	if w.going {
		return
	}
	w.going = true
	if w.timer == nil {
		w.timer = time.AfterFunc(w.tick, w.look)
		return
	}
	w.timer.Reset(w.tick)
}

// remove ends it. A look that has begun may still go on.
func (w *watch) remove(t *transfer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !t.links.watched {
		return
	}
	if t.links.next != nil {
		t.links.next.links.prev = t.links.prev
	}
	if t.links.prev != nil {
		t.links.prev.links.next = t.links.next
	} else {
		w.first = t.links.next
	}
	t.links = links{}
}

// look has all but the youngest looked after, each beside the others: one that
// cannot be looked after now does not hold them up.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first == nil {
		w.going = false
		return
	}
	w.timer.Reset(w.tick)
	for t := w.first; t != nil; t = t.links.next {
		if !t.links.old {
			t.links.old = true
			continue
		}
		if t.looking.CompareAndSwap(false, true) {
			go t.look()
		}
	}
}
