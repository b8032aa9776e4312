package breather_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/breather"
)

// Each pace takes its share of the time, also after it was changed.
func TestShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var air breather.Breather
		for _, tt := range []struct {
			name        string
			pace        breather.Pace
			least, most float64
		}{
			{"steady", breather.Steady(), 0.7, 0.8},
			{"gentle", breather.Gentle(), 0.2, 0.3},
			{"unhurried", breather.Unhurried(), 0.02, 0.04},
		} {
			air.Keep(tt.pace)
			air.Breathe()
			began, worked := time.Now(), time.Duration(0)
			for range 2000 {
				time.Sleep(25 * time.Microsecond)
				worked += 25 * time.Microsecond
				air.Breathe()
			}
			if share := float64(worked) / float64(time.Since(began)); share < tt.least || share > tt.most {
				t.Errorf("%s work takes %.2f of the time, want %.2f to %.2f", tt.name, share, tt.least, tt.most)
			}
		}
	})
}

func TestBreathe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var air breather.Breather
		work := func(d time.Duration) (slept time.Duration) {
			time.Sleep(d)
			began := time.Now()
			air.Breathe()
			return time.Since(began)
		}
		for i, step := range []struct {
			works  time.Duration
			sleeps bool
		}{
			{time.Hour, false}, // before the first piece nothing is known
			{100 * time.Microsecond, false},
			{100 * time.Microsecond, false},
			{100 * time.Microsecond, true}, // 300 in all
			{100 * time.Microsecond, false},
			{time.Second, true},
			{0, false},
		} {
			if slept := work(step.works); slept > 0 != step.sleeps || slept > time.Millisecond {
				t.Errorf("piece %d of %v: slept %v, want any: %t", i, step.works, slept, step.sleeps)
			}
		}
	})
}
