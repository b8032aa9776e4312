package helpdesk

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// day is the span that quotas count in; it moves with the clock.
const day = 24 * time.Hour

// mostActors bounds the memory of quotas.
const mostActors = 10_000

// quota counts what each actor had within a day, in this process.
type quota struct {
	limit int
	now   func() time.Time
	*counts
}

// counts are shared by desks that follow each other.
type counts struct {
	mu    sync.Mutex
	taken map[string][]time.Time // guarded by mu
}

func newQuota(limit int, now func() time.Time) *quota {
	return &quota{limit: limit, now: now, counts: &counts{taken: make(map[string][]time.Time)}}
}

// take counts n for the actor, or none and [ErrQuota].
func (q *quota) take(actor string, n int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.now()
	key := strings.ToLower(strings.TrimSpace(actor))
	if len(q.taken) >= mostActors {
		q.forget(at)
	}
	had := recent(q.taken[key], at)
	if len(had)+n > q.limit {
		q.taken[key] = had
		rule := fmt.Sprintf("goes over the %d bypass codes that one person may hand out within 24 hours", q.limit)
		return &PolicyError{Field: "count", Rule: rule, kind: ErrQuota}
	}
	if len(q.taken) >= mostActors && had == nil {
		return &PolicyError{Field: "actor", Rule: "is one of too many today", kind: ErrQuota}
	}
	for range n {
		had = append(had, at)
	}
	q.taken[key] = had
	return nil
}

// forget drops the actors who had nothing within the day.
func (q *quota) forget(at time.Time) {
	for actor, had := range q.taken {
		if len(recent(had, at)) == 0 {
			delete(q.taken, actor)
		}
	}
}

// recent are the times of the last day. A time that lies ahead, after the
// clock was put back, counts too.
func recent(times []time.Time, at time.Time) []time.Time {
	var out []time.Time
	for _, t := range times {
		if at.Sub(t) < day {
			out = append(out, t)
		}
	}
	return out
}
