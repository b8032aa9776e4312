package loadgen

import (
	"math"
	"time"
)

// Histogram counts durations in classes that are two percent wide, from a
// microsecond to an hour, so that percentiles are right to two percent whatever
// their number. The zero value is ready. Not safe for concurrent use.
type Histogram struct {
	classes [classCount]uint64
	count   uint64
	sum     time.Duration
	most    time.Duration
}

const (
	classWidth = 1.02
	classCount = 1112 // log(hour/microsecond) / log(classWidth), and one
)

func classOf(d time.Duration) int {
	if d <= time.Microsecond {
		return 0
	}
	return min(classCount-1, int(math.Log(float64(d)/float64(time.Microsecond))/math.Log(classWidth)))
}

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	d = max(0, d)
	h.classes[classOf(d)]++
	h.count++
	h.sum += d
	h.most = max(h.most, d)
}

// Merge counts all that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.classes {
		h.classes[i] += n
	}
	h.count += other.count
	h.sum += other.sum
	h.most = max(h.most, other.most)
}

// Count is how many durations were added.
func (h *Histogram) Count() int { return int(h.count) } //nolint:gosec // nobody lives to see it overflow

// Mean is their average; 0 without any.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return h.sum / time.Duration(h.count) //nolint:gosec // as above
}

// Max is the longest of them.
func (h *Histogram) Max() time.Duration { return h.most }

// Quantile is the duration that the share q of all, between 0 and 1, does not
// exceed: the nearest rank, and the upper end of its class.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := max(1, uint64(math.Ceil(min(max(q, 0), 1)*float64(h.count))))
	var seen uint64
	for i, n := range h.classes[:classCount-1] {
		if seen += n; seen >= rank {
			end := time.Duration(math.Pow(classWidth, float64(i+1)) * float64(time.Microsecond))
			return min(end, h.most)
		}
	}
	return h.most
}
