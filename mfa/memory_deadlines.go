package mfa

import (
	"container/heap"
	"sync"
	"time"
)

// queued is a value in a [queue].
type queued[T any] struct {
	at    time.Time
	value T
	index int
}

// queue orders values by time, the soonest first.
type queue[T any] struct{ items queueItems[T] }

func (q *queue[T]) len() int { return len(q.items) }

func (q *queue[T]) push(at time.Time, value T) *queued[T] {
	item := &queued[T]{at: at, value: value}
	heap.Push(&q.items, item)
	return item
}

// first is the soonest item, nil when there is none.
func (q *queue[T]) first() *queued[T] {
	if len(q.items) == 0 {
		return nil
	}
	return q.items[0]
}

func (q *queue[T]) remove(item *queued[T]) { heap.Remove(&q.items, item.index) }

func (q *queue[T]) move(item *queued[T], at time.Time) {
	item.at = at
	heap.Fix(&q.items, item.index)
}

// queueItems implements [heap.Interface].
type queueItems[T any] []*queued[T]

func (s queueItems[T]) Len() int           { return len(s) }
func (s queueItems[T]) Less(i, j int) bool { return s[i].at.Before(s[j].at) }

func (s queueItems[T]) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

func (s *queueItems[T]) Push(x any) {
	item, _ := x.(*queued[T])
	item.index = len(*s)
	*s = append(*s, item)
}

func (s *queueItems[T]) Pop() any {
	last := len(*s) - 1
	item := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return item
}

// deadlines is a bounded set whose members leave at a time. The zero value is
// empty.
type deadlines[K comparable] struct {
	mu    sync.Mutex
	items map[K]*queued[K]
	queue queue[K]
}

// beyond reports whether k is a member after now.
func (d *deadlines[K]) beyond(k K, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	item, ok := d.items[k]
	return ok && item.at.After(now)
}

// extend makes k a member until the given time or later. The member that
// leaves soonest makes room.
func (d *deadlines[K]) extend(k K, until time.Time, limit int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if item, ok := d.items[k]; ok {
		if until.After(item.at) {
			d.queue.move(item, until)
		}
		return
	}
	if d.queue.len() >= limit {
		d.drop(d.queue.first())
	}
	d.add(k, until)
}

// take makes k a member unless it is one after now; fresh reports which. full
// is set when nothing left to make room.
func (d *deadlines[K]) take(k K, until, now time.Time, limit int) (fresh, full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for item := d.queue.first(); item != nil && !item.at.After(now); item = d.queue.first() {
		d.drop(item)
	}
	if _, ok := d.items[k]; ok {
		return false, false
	}
	if d.queue.len() >= limit {
		return false, true
	}
	d.add(k, until)
	return true, false
}

func (d *deadlines[K]) add(k K, until time.Time) {
	if d.items == nil {
		d.items = make(map[K]*queued[K])
	}
	d.items[k] = d.queue.push(until, k)
}

func (d *deadlines[K]) drop(item *queued[K]) {
	d.queue.remove(item)
	delete(d.items, item.value)
}
