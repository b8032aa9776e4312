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
	if m.first(endpoint, c.Organization) {
		for _, outcome := range []string{"misconfigured", "untrusted", "outage"} {
			m.duoCalls.WithLabelValues(endpoint, c.Organization, outcome)
		}
	}
	m.duoCalls.WithLabelValues(endpoint, c.Organization, c.Outcome).Inc()
	if !c.Waits {
		m.duoCall.WithLabelValues(endpoint).Observe(c.Took.Seconds())
	}
	if c.Dated {
		m.skew.Store(&c.Skew)
	}
}

// first reports whether an endpoint of an organisation is called for the first
// time. What alerts look for begins at 0 then: a counter that begins at 1 has
// not increased.
func (m *Metrics) first(endpoint, organization string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	pair := [2]string{endpoint, organization}
	if m.called[pair] {
		return false
	}
	m.called[pair] = true
	return true
}

// Skew is our clock minus Duo's at the last answer; false before there was one.
func (m *Metrics) Skew() (time.Duration, bool) {
	skew := m.skew.Load()
	if skew == nil {
		return 0, false
	}
	return *skew, true
}
