package loadgen_test

import (
	"math"
	"testing"
	"time"

	"mfaserver/internal/loadgen"
)

// Percentiles are right to two percent, in any range, alone and merged.
func TestHistogram(t *testing.T) {
	t.Parallel()
	for _, unit := range []time.Duration{10 * time.Microsecond, time.Millisecond, time.Second} {
		var h, half loadgen.Histogram
		for i := range 1000 {
			into := &h
			if i%2 == 0 {
				into = &half
			}
			into.Add(time.Duration(i+1) * unit)
		}
		h.Merge(&half)
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
			want := q * 1000 * float64(unit)
			if got := float64(h.Quantile(q)); math.Abs(got/want-1) > 0.021 {
				t.Errorf("unit %v: Quantile(%v) = %v, want %v", unit, q, time.Duration(got), time.Duration(want))
			}
		}
		if h.Count() != 1000 || h.Max() != 1000*unit || h.Quantile(1) != h.Max() || h.Mean() != 1001*unit/2 {
			t.Errorf("unit %v: count %d, max %v, mean %v", unit, h.Count(), h.Max(), h.Mean())
		}
	}
}

func TestHistogramAtItsEnds(t *testing.T) {
	t.Parallel()
	var h loadgen.Histogram
	if h.Quantile(0.5) != 0 || h.Mean() != 0 {
		t.Error("an empty histogram has a median")
	}
	h.Add(-time.Second)
	h.Add(100 * time.Hour)
	if h.Quantile(0) > 2*time.Microsecond || h.Quantile(2) != 100*time.Hour {
		t.Errorf("Quantile(0) = %v, Quantile(2) = %v", h.Quantile(0), h.Quantile(2))
	}
}
