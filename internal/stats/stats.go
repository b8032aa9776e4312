package stats

import (
	"context"
	"maps"
	"sync"
	"time"

	"mfaserver/internal/audit"
)

const (
	// Kept is how far back the logins go.
	Kept = 30 * 24 * time.Hour
	// mostFactors is how many factors are told apart within an hour. There are
	// some twenty; more would be somebody's invention.
	mostFactors = 32
)

// Stats counts. It is safe for concurrent use; the zero value is not: use
// [New].
type Stats struct {
	now   func() time.Time
	began time.Time

	mu    sync.Mutex
	hours map[int64]*hour // guarded by mu, by hours since 1970
	// primed says that what is older than began was read from the trail.
	primed bool

	latency latency
	people  people
}

// hour is what one hour had.
type hour struct {
	outcomes [outcomes]int
	factors  map[string]int
	alarms   map[audit.Name]int
}

// New begins to count. now is the clock; nil means the real one.
func New(now func() time.Time) *Stats {
	if now == nil {
		now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return &Stats{now: now, began: now(), hours: map[int64]*hour{}}
}

// Recorder is the audit trail, see [audit.Recorder].
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Watch returns a recorder that counts what next has recorded.
func (s *Stats) Watch(next Recorder) Recorder { return watched{s, next} }

type watched struct {
	stats *Stats
	next  Recorder
}

// Record implements [Recorder].
func (w watched) Record(ctx context.Context, e audit.Event) error {
	if err := w.next.Record(ctx, e); err != nil {
		return err
	}
	w.stats.note(&e, w.stats.now())
	return nil
}

// note counts an event of that time.
func (s *Stats) note(e *audit.Event, at time.Time) {
	outcome, factor, ok := Judge(e)
	alarm := alarming(e)
	if !ok && !alarm {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hour(at)
	if alarm {
		h.alarms[e.Name]++
	}
	if ok {
		h.outcomes[outcome]++
	}
	if factor == "" {
		return
	}
	if _, known := h.factors[factor]; !known && len(h.factors) >= mostFactors {
		factor = FactorOther
	}
	h.factors[factor]++
}

const hourSeconds = int64(time.Hour / time.Second)

// hour is the one of that time; a new one makes room for itself.
func (s *Stats) hour(at time.Time) *hour {
	n := at.Unix() / hourSeconds
	h := s.hours[n]
	if h == nil {
		h = &hour{factors: map[string]int{}, alarms: map[audit.Name]int{}}
		s.hours[n] = h
		oldest := s.now().Add(-Kept).Unix() / hourSeconds
		maps.DeleteFunc(s.hours, func(n int64, _ *hour) bool { return n < oldest })
	}
	return h
}

// Slot is what a span of time had.
type Slot struct {
	// From is when it begins.
	From time.Time
	// Outcomes are by their numbers, see [Outcomes].
	Outcomes [outcomes]int
	// Factors counts the logins that were allowed by what proved the user.
	Factors map[string]int
	// Alarms counts what somebody ought to look at: see [Alarms].
	Alarms map[audit.Name]int
}

// All is the number of logins of the slot, however they ended.
func (s *Slot) All() int {
	n := 0
	for _, of := range s.Outcomes {
		n += of
	}
	return n
}

// Logins returns count slots of the given length, whole hours, of which the
// last one is that of now. Slots of a day begin at midnight UTC.
func (s *Stats) Logins(step time.Duration, count int) []Slot {
	seconds := max(int64(step/time.Hour), 1) * hourSeconds
	last := s.now().Unix() / seconds
	slots := make([]Slot, count)
	for i := range slots {
		slots[i] = Slot{From: time.Unix((last-int64(count-1-i))*seconds, 0).UTC(), Factors: map[string]int{}, Alarms: map[audit.Name]int{}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, h := range s.hours {
		i := n*hourSeconds/seconds - last + int64(count) - 1
		if i < 0 || i >= int64(count) {
			continue
		}
		slot := &slots[i]
		for o, of := range h.outcomes {
			slot.Outcomes[o] += of
		}
		for factor, of := range h.factors {
			slot.Factors[factor] += of
		}
		for name, of := range h.alarms {
			slot.Alarms[name] += of
		}
	}
	return slots
}
