package helpdesk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Day is the span that quotas count in; it moves with the clock.
const Day = 24 * time.Hour

// mostActors bounds the memory of quotas.
const mostActors = 10_000

// Quota counts what each actor had within a day: in the memory of one process,
// [NewQuota], or in a store that nodes share (threat T158). It is safe for
// concurrent use.
type Quota interface {
	// Take counts n for the actor at a time and reports whether that stays
	// within the limit over the day before; when it does not, nothing is
	// counted. Of many at once no more get through than one by one. An error
	// means that nobody can say, and is no leave.
	Take(ctx context.Context, actor string, n, limit int, now time.Time) (within bool, err error)
}

// Quota is where this desk counts, for those who make codes beside it.
func (d *Desk) Quota() Quota { return d.quota }

// takeQuota counts n bypass codes for the actor, or none and [ErrQuota].
func (d *Desk) takeQuota(ctx context.Context, actor string, n int) error {
	within, err := d.quota.Take(ctx, strings.ToLower(strings.TrimSpace(actor)), n, d.perDay, d.now())
	if err != nil || within {
		return err
	}
	rule := fmt.Sprintf("goes over the %d bypass codes that one person may hand out within 24 hours", d.perDay)
	return &PolicyError{Field: "count", Rule: rule, kind: ErrQuota}
}

// memoryQuota is the [Quota] of one process.
type memoryQuota struct {
	mu    sync.Mutex
	taken map[string][]time.Time // guarded by mu
}

// NewQuota returns a Quota in the memory of this process, which forgets it when
// it ends. Beside 10,000 actors with something counted a further one has
// nothing left.
func NewQuota() Quota { return &memoryQuota{taken: make(map[string][]time.Time)} }

// Take implements [Quota].
func (q *memoryQuota) Take(_ context.Context, actor string, n, limit int, now time.Time) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.taken) >= mostActors {
		q.forget(now)
	}
	had, within := TakeWithin(q.taken[actor], n, limit, now)
	if within && len(had) == n && len(q.taken) >= mostActors {
		return false, nil
	}
	if len(had) > 0 {
		q.taken[actor] = had
	}
	return within, nil
}

// forget drops the actors who had nothing within the day.
func (q *memoryQuota) forget(at time.Time) {
	for actor, had := range q.taken {
		if len(recent(had, at)) == 0 {
			delete(q.taken, actor)
		}
	}
}

// TakeWithin is the rule of a [Quota], for those that keep the times
// elsewhere: had without what is older than a day, and with n times now when
// that stays within the limit.
func TakeWithin(had []time.Time, n, limit int, now time.Time) (after []time.Time, within bool) {
	after = recent(had, now)
	if n < 0 || len(after)+n > limit {
		return after, false
	}
	for range n {
		after = append(after, now)
	}
	return after, true
}

// recent are the times of the last day. A time that lies ahead, after the
// clock was put back, counts too.
func recent(times []time.Time, at time.Time) []time.Time {
	var out []time.Time
	for _, t := range times {
		if at.Sub(t) < Day {
			out = append(out, t)
		}
	}
	return out
}
