package metrics

import "time"

// Call is a call of Duo that was made.
type Call struct {
	// Endpoint is the method and the pattern of the path: no key, no name.
	Endpoint string
	// Organization is whose account was asked.
	Organization string
	// Outcome is ok, or whose fault it was, in a word.
	Outcome string
	// Took is how long; it says nothing of Duo when Waits is set.
	Took  time.Duration
	Waits bool
	// Skew is our clock minus Duo's; it means nothing unless Dated.
	Skew  time.Duration
	Dated bool
}

// Called counts a call of Duo.
func (m *Metrics) Called(c Call) {
	endpoint := m.bounded(m.endpoints, c.Endpoint, endpointsAtMost)
	m.duoCalls.WithLabelValues(endpoint, c.Organization, c.Outcome).Inc()
	if !c.Waits {
		m.duoCall.WithLabelValues(endpoint).Observe(c.Took.Seconds())
	}
	if c.Dated {
		m.skew.Store(&c.Skew)
	}
}

// Skew is our clock minus Duo's at the last answer; false before there was one.
func (m *Metrics) Skew() (time.Duration, bool) {
	skew := m.skew.Load()
	if skew == nil {
		return 0, false
	}
	return *skew, true
}
