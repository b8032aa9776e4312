package breather_test

import (
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/breather"
)

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
