package siege_test

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// figures are how long things took, sorted.
type figures []time.Duration

func sorted(took []time.Duration) figures {
	slices.Sort(took)
	return took
}

// at is the quantile q; 0 without figures.
func (f figures) at(q float64) time.Duration {
	if len(f) == 0 {
		return 0
	}
	return f[min(len(f)-1, int(q*float64(len(f))))]
}

func (f figures) String() string {
	short := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("n=%d p50=%v p99=%v max=%v", len(f), short(f.at(0.5)), short(f.at(0.99)), short(f.at(1)))
}

// ratio is how many times b takes as long as a.
func ratio(a, b time.Duration) float64 {
	if a <= 0 {
		return math.Inf(1)
	}
	return float64(b) / float64(a)
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
