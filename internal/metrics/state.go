package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mfaserver/internal/audit/ship"
	"mfaserver/internal/connections"
	"mfaserver/internal/duty"
	"mfaserver/internal/expiry"
)

// State is read at each scrape. A nil field is left out.
type State struct {
	// Counts are the sessions and the pending logins in the store.
	Counts func(ctx context.Context) (sessions, pending int, err error)
	// Hashing is how many passwords are being hashed, and how many wait.
	Hashing func() (running, waiting int)
	// Connections are those of clients.
	Connections func() connections.Figures
	// Certificates are those in use, Duties those on the roll.
	Certificates func() []expiry.Certificate
	Duties       func() []duty.State
	// Sinks follow the trail, whose last record is LastRecord.
	Sinks      func() []ship.Status
	LastRecord func() uint64
	// Ready reports whether the server takes logins.
	Ready func() bool
}

// stateCollector turns [State] into figures.
type stateCollector struct {
	metrics *Metrics
	descs   map[string]*prometheus.Desc
}

func newStateCollector(m *Metrics) *stateCollector {
	c := &stateCollector{metrics: m, descs: make(map[string]*prometheus.Desc)}
	for _, name := range []string{
		sessionsLive, pendingLogins, storeUp, hashesRunning, hashesWaiting, connectionsOpen, connectionsWaiting, connectionsRefused, certificateEnd, dutySuccess, dutyInterval, dutyHangs,
		dutyFailures, sinkBacklog, sinkFailing, duoSkew, readyNow,
	} {
		entry := find(name)
		c.descs[name] = prometheus.NewDesc(name, entry.Help, entry.Labels, nil)
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	gauge := func(name string, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, value, labels...)
	}
	if skew, ok := c.metrics.Skew(); ok {
		gauge(duoSkew, skew.Seconds())
	}
	s := c.metrics.state.Load()
	if s == nil {
		return
	}
	if s.Counts != nil {
		counts(s, gauge)
	}
	if s.Hashing != nil {
		running, waiting := s.Hashing()
		gauge(hashesRunning, float64(running))
		gauge(hashesWaiting, float64(waiting))
	}
	if s.Connections != nil {
		f := s.Connections()
		gauge(connectionsOpen, float64(f.Open))
		gauge(connectionsWaiting, float64(f.Waiting))
		out <- prometheus.MustNewConstMetric(c.descs[connectionsRefused], prometheus.CounterValue, float64(f.Refused))
	}
	if s.Certificates != nil {
		certificates(s, gauge)
	}
	if s.Duties != nil {
		c.duties(s, out, gauge)
	}
	if s.Sinks != nil && s.LastRecord != nil {
		c.sinks(s, gauge)
	}
	if s.Ready != nil {
		gauge(readyNow, one(s.Ready()))
	}
}

type gauges func(name string, value float64, labels ...string)

func counts(s *State, gauge gauges) {
	ctx, cancel := scrapeContext()
	defer cancel()
	sessions, pending, err := s.Counts(ctx)
	gauge(storeUp, one(err == nil))
	if err != nil {
		return
	}
	gauge(sessionsLive, float64(sessions))
	gauge(pendingLogins, float64(pending))
}

// certificates shows, of each kind, the one that ends first.
func certificates(s *State, gauge gauges) {
	ends := make(map[string]time.Time)
	for _, c := range s.Certificates() {
		if end, known := ends[c.Name]; !known || c.NotAfter.Before(end) {
			ends[c.Name] = c.NotAfter
		}
	}
	for name, end := range ends {
		gauge(certificateEnd, seconds(end), name)
	}
}

func (c *stateCollector) duties(s *State, out chan<- prometheus.Metric, gauge gauges) {
	now := c.metrics.cfg.Now()
	seen := make(map[string]bool)
	for _, d := range s.Duties() {
		if seen[d.Name] {
			continue // one that takes another's place
		}
		seen[d.Name] = true
		if !d.Succeeded.IsZero() {
			gauge(dutySuccess, seconds(d.Succeeded), d.Name)
		}
		gauge(dutyInterval, d.Every.Seconds(), d.Name)
		gauge(dutyHangs, one(d.Hangs(now)), d.Name)
		out <- prometheus.MustNewConstMetric(c.descs[dutyFailures], prometheus.CounterValue, float64(d.Failures), d.Name)
	}
}

func (c *stateCollector) sinks(s *State, gauge gauges) {
	now, last := c.metrics.cfg.Now(), s.LastRecord()
	seen := make(map[string]bool)
	for _, sink := range s.Sinks() {
		if seen[sink.Name] {
			continue
		}
		seen[sink.Name] = true
		gauge(sinkBacklog, float64(last-min(sink.Sent, last)), sink.Name)
		failing := 0.0
		if !sink.Since.IsZero() {
			failing = max(now.Sub(sink.Since).Seconds(), 0)
		}
		gauge(sinkFailing, failing, sink.Name)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
