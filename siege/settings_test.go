package siege_test

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// settings are how long and how hard a siege is.
type settings struct {
	// long judges ratios of times too.
	long bool
	// rounds are measured one after the other; the median counts.
	rounds int
	// rate is in logins a second, for so long.
	rate    int
	seconds time.Duration
	// connections are those of a flood.
	connections int
	// slow is how many slow connections there are, soak how many logins.
	slow, soak int
	// samples is how many refusals of each kind are timed.
	samples int
}

// readSettings reads SIEGE=1, for the long form, and the variables that change
// single figures.
func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{rounds: 1, rate: 500, seconds: 3 * time.Second, connections: fewConnections, slow: 800, soak: 60, samples: 12}
	if testing.Short() {
		s.rate, s.seconds, s.slow, s.soak, s.samples = 200, time.Second, 200, 20, 4
	}
	if os.Getenv("SIEGE") != "" {
		s = settings{long: true, rounds: 3, rate: 2000, seconds: 30 * time.Second, connections: manyConnections, slow: 8000, soak: 2000, samples: 300}
	}
	for variable, to := range map[string]*int{
		"SIEGE_ROUNDS": &s.rounds, "SIEGE_RATE": &s.rate, "SIEGE_SLOW": &s.slow, "SIEGE_SOAK": &s.soak, "SIEGE_SAMPLES": &s.samples,
	} {
		if n := number(t, variable); n > 0 {
			*to = n
		}
	}
	if n := number(t, "SIEGE_SECONDS"); n > 0 {
		s.seconds = time.Duration(n) * time.Second
	}
	return s
}

func number(t *testing.T, variable string) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q: want a number", variable, text)
	}
	return n
}
