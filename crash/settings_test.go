//go:build unix

package crash_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// settings are what a run is told from outside.
type settings struct {
	kills   int
	seed    uint64
	workers int
}

// readSettings reads CRASH_KILLS and CRASH_SEED. Without them the run is
// short, and its seed is new.
func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{kills: 12, workers: 8, seed: rand.Uint64N(1 << 32)}
	if testing.Short() {
		s.kills = 4
	}
	if n := number(t, "CRASH_KILLS"); n > 0 {
		s.kills = int(n)
	}
	if n := number(t, "CRASH_SEED"); n > 0 {
		s.seed = n
	}
	return s
}

func number(t *testing.T, variable string) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("%s=%q: want a number", variable, text)
	}
	return n
}

const (
	// startTimeout is generous: a loaded machine is slow.
	startTimeout = 30 * time.Second
	// promptStart is how long a start may take by fault R01.
	promptStart = 2 * time.Second
	// requestTimeout ends a request that nobody answers.
	requestTimeout = 20 * time.Second
	// pointPatience is how long a run waits for an armed point under load.
	pointPatience = 4 * time.Second
	// keptLive is how many live sessions a worker lets stand.
	keptLive = 12
)
