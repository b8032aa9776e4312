package audit

import (
	"strconv"
	"sync"
	"time"
)

// Bounds of [Repeats].
const (
	repeatsWindow = 10 * time.Minute
	mostRepeats   = 1000
)

// Repeats is a brake on records of one kind that somebody can cause as often
// as he likes, such as looks at what is hidden from him: the first of ten
// minutes is a record, then the tenth, the hundredth and so on, each with how
// many there were since the one before. It is safe for concurrent use, and
// bounded: when it knows too many it begins anew, with more records and never
// with fewer.
type Repeats struct {
	now func() time.Time

	mu  sync.Mutex
	all map[string]*repeat // guarded by mu
}

// repeat is one kind: since when it is counted, how many there were, the number
// of the next that is worth a record, and how many were withheld.
type repeat struct {
	since                 time.Time
	count, next, withheld int
}

// NewRepeats returns a Repeats.
func NewRepeats(now func() time.Time) *Repeats {
	return &Repeats{now: now, all: make(map[string]*repeat)}
}

// Worth reports whether e is to be recorded. Who repeats what is told by its
// name, user and reason. Detail gets "withheld", the number of events like it
// since the last that was recorded, unless there were none.
func (r *Repeats) Worth(e *Event) bool {
	withheld, worth := r.count(string(e.Name) + "\x00" + e.Username + "\x00" + e.Reason)
	if !worth || withheld == 0 {
		return worth
	}
	if e.Detail == nil {
		e.Detail = make(map[string]string)
	}
	e.Detail["withheld"] = strconv.Itoa(withheld)
	return true
}

func (r *Repeats) count(key string) (withheld int, worth bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[key]
	if one == nil {
		r.free(now)
		one = &repeat{since: now, next: 1}
		r.all[key] = one
	}
	if age := now.Sub(one.since); age < 0 || age >= repeatsWindow {
		one.since, one.count, one.next = now, 0, 1
	}
	if one.count++; one.count < one.next {
		one.withheld++
		return 0, false
	}
	withheld, one.withheld, one.next = one.withheld, 0, one.next*10
	return withheld, true
}

// free makes room for one more, with the lock held: what is over goes, and all
// where nothing is.
func (r *Repeats) free(now time.Time) {
	if len(r.all) < mostRepeats {
		return
	}
	for key, one := range r.all {
		if now.Sub(one.since) >= repeatsWindow {
			delete(r.all, key)
		}
	}
	if len(r.all) >= mostRepeats {
		clear(r.all)
	}
}
