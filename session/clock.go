package session

import (
	"sync"
	"time"
)

// clock is a clock that never goes back. While the system's clock is behind
// the highest time it showed, this one goes on at the pace of the monotonic
// clock, so that sessions still grow older: nothing that is over revives, and
// nothing lasts longer (threat T124). A step forward is followed, which ends
// sessions early and is safe. Safe for concurrent use.
type clock struct {
	now func() time.Time

	mu   sync.Mutex // guards last and high
	last time.Time  // as read, with the monotonic reading where there is one
	high time.Time
}

func newClock(now func() time.Time, notBefore time.Time) *clock {
	first := now()
	c := &clock{now: now, last: first, high: first.Round(0).UTC()}
	if notBefore.After(c.high) {
		c.high = notBefore.Round(0).UTC()
	}
	return c
}

// Now returns the time in UTC without a monotonic reading: it is written to
// stores and compared with what was read from them.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := c.now()
	if passed := read.Sub(c.last); passed > 0 {
		c.high = c.high.Add(passed)
	}
	c.last = read
	if wall := read.Round(0); wall.After(c.high) {
		c.high = wall.UTC()
	}
	return c.high
}
