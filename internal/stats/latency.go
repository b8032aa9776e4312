package stats

import (
	"math"
	"sync"
	"time"
)

const (
	// LatencyStep is the length of a [Latency].
	LatencyStep = 5 * time.Minute
	// latencyKept is how many of them there are: a day.
	latencyKept = int(24 * time.Hour / LatencyStep)
	// The bins of durations grow by a fifth each, from a millisecond to some
	// three minutes: a quantile is right to a tenth.
	latencyBins   = 68
	latencyGrowth = 1.2
)

// latency counts durations, in bins.
type latency struct {
	mu    sync.Mutex
	slots [latencyKept]latencySlot // guarded by mu; a ring
}

// latencySlot is what five minutes had.
type latencySlot struct {
	// at numbers the five minutes since 1970; another one's is over.
	at     int64
	calls  int
	failed int
	bins   [latencyBins]uint32
}

const stepSeconds = int64(LatencyStep / time.Second)

// Answered notes a call of Duo that took so long. failed says that Duo could
// not be asked, not that it said no.
func (s *Stats) Answered(took time.Duration, failed bool) {
	at := s.now().Unix() / stepSeconds
	s.latency.mu.Lock()
	defer s.latency.mu.Unlock()
	slot := &s.latency.slots[at%int64(latencyKept)]
	if slot.at != at {
		*slot = latencySlot{at: at}
	}
	slot.calls++
	if failed {
		slot.failed++
		return
	}
	slot.bins[bin(took)]++
}

// bin is that of a duration.
func bin(took time.Duration) int {
	ms := float64(took) / float64(time.Millisecond)
	if ms <= 1 {
		return 0
	}
	return min(int(math.Ceil(math.Log(ms)/math.Log(latencyGrowth))), latencyBins-1)
}

// Latency is how long Duo took within five minutes.
type Latency struct {
	// From is when they begin.
	From time.Time
	// Calls were made, Failed of them without an answer.
	Calls, Failed int
	// Median and P95 are of those with one; zero when there were none.
	Median, P95 time.Duration
}

// Latency returns what the last five minutes were like, and so many before
// them, oldest first; at most a day.
func (s *Stats) Latency(count int) []Latency {
	count = min(count, latencyKept)
	now := s.now().Unix() / stepSeconds
	all := make([]Latency, count)
	s.latency.mu.Lock()
	defer s.latency.mu.Unlock()
	for i := range all {
		at := now - int64(count-1-i)
		all[i].From = time.Unix(at*stepSeconds, 0).UTC()
		if slot := &s.latency.slots[at%int64(latencyKept)]; slot.at == at {
			all[i].Calls, all[i].Failed = slot.calls, slot.failed
			all[i].Median, all[i].P95 = slot.quantile(0.5), slot.quantile(0.95)
		}
	}
	return all
}

// quantile is the middle of the bin that it falls into.
func (l *latencySlot) quantile(q float64) time.Duration {
	wanted := max(uint32(math.Ceil(q*float64(l.calls-l.failed))), 1)
	var seen uint32
	for i, n := range l.bins {
		if seen += n; n > 0 && seen >= wanted {
			return middle(i)
		}
	}
	return 0
}

func middle(i int) time.Duration {
	if i == 0 {
		return time.Millisecond
	}
	return time.Duration(math.Pow(latencyGrowth, float64(i)-0.5) * float64(time.Millisecond)).Round(time.Millisecond)
}
