package breather_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/breather"
)

func TestGentle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		air := breather.New(breather.Gentle())
		air.Breathe()
		began, worked := time.Now(), time.Duration(0)
		for range 1000 {
			time.Sleep(25 * time.Microsecond)
			worked += 25 * time.Microsecond
			air.Breathe()
		}
		if share := float64(worked) / float64(time.Since(began)); share < 0.2 || share > 0.3 {
			t.Errorf("gentle work takes %.2f of the time, want a quarter", share)
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
