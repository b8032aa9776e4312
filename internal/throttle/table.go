package throttle

import (
	"math"
	"sync"
	"time"
)

// slots is how many parts the window of a rule is counted in.
const slots = 15

// shards spreads the keys of a table over several locks.
const shards = 16

// table counts the failures of many keys by one rule, in bounded memory.
type table struct {
	enabled bool
	shards  []shard
}

type shard struct {
	mu      sync.Mutex
	rule    Rule // the same in all shards but while it is being changed
	entries lru[counter]
}

// counter is what is known of one key. Times are since the limiter's start.
type counter struct {
	// counts are the failures of the last slots; the one of slot number n
	// is counts[n%slots].
	counts [slots]uint32
	// strikes is how many times the key was made to wait since it was calm.
	strikes uint8
	// running is the number of reserved attempts.
	running uint16
	// slot is the number of the slot counted last.
	slot uint32
	// until is when the wait ends.
	until time.Duration
}

func newTable(r Rule, capacity int) *table {
	n := 1
	if capacity >= shards*shards {
		n = shards
	}
	t := &table{enabled: r.Limit > 0, shards: make([]shard, n)}
	for i := range t.shards {
		t.shards[i].rule = r
		t.shards[i].entries = newLRU[counter]((capacity + n - 1) / n)
	}
	return t
}

// switched is a rule that tells whether there is one.
func (t *table) switched() (r Rule) {
	if t.on() {
		r.Limit = 1
	}
	return r
}

func (t *table) on() bool { return t.enabled }

// change replaces the rule; what was counted stays. Where the window is another
// one, all failures of a key count as if they had happened now: nothing is
// forgotten too early.
func (t *table) change(r Rule, at time.Duration) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		was := s.rule
		s.rule = r
		if was.Window != r.Window {
			for n := range s.entries.nodes {
				c := &s.entries.nodes[n].value
				c.advance(was.slotAt(at))
				c.recount(r.slotAt(at))
			}
		}
		s.mu.Unlock()
	}
}

func (t *table) shard(k key) *shard {
	return &t.shards[k[0]%uint64(len(t.shards))]
}

// wait returns how long k has to wait; 0 when it may attempt.
func (t *table) wait(k key, at time.Duration) time.Duration {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.entries.find(k)
	if c == nil {
		return 0
	}
	return s.rule.waitOf(c, at)
}

// take is wait that reserves an attempt when it returns 0.
func (t *table) take(k key, at time.Duration) time.Duration {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.entries.obtain(k)
	wait := s.rule.waitOf(c, at)
	if wait == 0 && c.running < math.MaxUint16 {
		c.running++
	}
	return wait
}

// end gives a reservation back.
func (t *table) end(k key) {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.entries.find(k); c != nil && c.running > 0 {
		c.running--
	}
}

// fail counts a failure of k.
func (t *table) fail(k key, at time.Duration) {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.entries.obtain(k)
	s.rule.calm(c, at)
	c.advance(s.rule.slotAt(at))
	if n := &c.counts[c.slot%slots]; *n < MaxLimit {
		*n++
	}
	if c.strikes == 0 && c.sum() < s.rule.Limit {
		return
	}
	delay := s.rule.Delay
	for range c.strikes {
		if delay >= s.rule.MaxDelay {
			break
		}
		delay *= 2
	}
	if c.strikes < math.MaxUint8 {
		c.strikes++
	}
	c.until = max(c.until, at+min(delay, s.rule.MaxDelay))
}

// waitOf is the verdict on c at a time. Reservations bind only where there are
// failures: successes are never limited.
func (r *Rule) waitOf(c *counter, at time.Duration) time.Duration {
	r.calm(c, at)
	c.advance(r.slotAt(at))
	switch sum := c.sum(); {
	case at < c.until:
		return c.until - at
	case c.strikes > 0 && c.running > 0:
		return min(time.Second, r.Delay)
	case c.strikes == 0 && sum > 0 && sum+int(c.running) >= r.Limit:
		return min(time.Second, r.Delay)
	}
	return 0
}

// calm forgets the strikes of a key that kept quiet for a window after its
// last wait.
func (r *Rule) calm(c *counter, at time.Duration) {
	if c.strikes > 0 && at >= c.until+r.Window {
		c.strikes = 0
	}
}

func (r *Rule) slotAt(at time.Duration) uint32 {
	return uint32(at / (r.Window / slots)) //nolint:gosec // 2^32 slots of a second's fifteenth are nine years, and a wrap only forgets failures
}

// advance empties the slots that the clock has passed.
func (c *counter) advance(slot uint32) {
	if slot <= c.slot {
		return
	}
	if slot-c.slot >= slots {
		clear(c.counts[:])
	} else {
		for n := c.slot + 1; n <= slot; n++ {
			c.counts[n%slots] = 0
		}
	}
	c.slot = slot
}

// recount puts all that is counted into one slot.
func (c *counter) recount(slot uint32) {
	sum := min(c.sum(), MaxLimit)
	clear(c.counts[:])
	c.counts[slot%slots] = uint32(sum) //nolint:gosec // bounded by MaxLimit
	c.slot = slot
}

func (c *counter) sum() int {
	sum := 0
	for _, n := range c.counts {
		sum += int(n)
	}
	return sum
}
