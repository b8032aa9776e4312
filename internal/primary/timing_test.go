package primary_test

import (
	"flag"
	"math"
	"slices"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
)

var timing = flag.Bool("timing", false, "measure that all refusals take the same time; wants a quiet machine and a minute")

// Threat T006: 300 samples of each class, interleaved, at the real cost. The
// medians differ by less than 5 %, and a Mann-Whitney test finds nothing.
// TestEveryPathHashesOnce shows the reason on any machine.
func TestTiming(t *testing.T) { //nolint:paralleltest // it measures
	if !*timing {
		t.Skip("wants -timing")
	}
	s := newSetup(t, unlimited, func(c *primary.LocalConfig, _ *throttle.Config) { c.Hasher = nil })
	for _, name := range []string{"alice", "disabled", "malformed"} {
		s.add(t, name, primary.RoleUser)
	}
	if _, err := s.Disable(t.Context(), "disabled"); err != nil {
		t.Fatal(err)
	}
	_, err := s.users.Update(t.Context(), "malformed", func(_ *primary.User, hash *string) error { *hash = "x"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	users := []string{"alice", "nobody", "disabled", "malformed"}
	samples := make([][]float64, len(users))
	for range 300 {
		for i, name := range users {
			begun := time.Now()
			_, _, _ = s.try(t, name, wrong, home)
			samples[i] = append(samples[i], time.Since(begun).Seconds())
		}
	}
	base := median(samples[0])
	for i, name := range users[1:] {
		off := median(samples[i+1])/base - 1
		p := mannWhitney(samples[0], samples[i+1])
		t.Logf("%s: median %+.2f %% of a wrong password's %.1f ms, p = %.3f", name, 100*off, 1000*base, p)
		if math.Abs(off) > 0.05 || p < 0.01 {
			t.Errorf("%s can be told from a wrong password", name)
		}
	}
}

func median(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// mannWhitney is the two-sided p-value by the normal approximation.
func mannWhitney(a, b []float64) float64 {
	u := 0.0
	for _, x := range a {
		for _, y := range b {
			if x > y {
				u++
			} else if x == y {
				u += 0.5
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
