package throttle_test

import (
	"testing"

	"mfaserver/internal/throttle"
	"mfaserver/internal/throttle/throttletest"
)

func TestLimiterKeepsTheContract(t *testing.T) {
	t.Parallel()
	throttletest.TestCounters(t, func(t *testing.T, c throttle.Config) throttle.Counters {
		t.Helper()
		l, err := throttle.New(c)
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
}
