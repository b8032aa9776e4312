// Package metrics counts and measures what the server does, for Prometheus. It
// has a registry of its own, label values that are bounded, and never the name
// of a user.
//
// How logins end is read from the audit trail's events, so that the figures say
// the same as the trail. What is a state and not an event is read when somebody
// asks, see [State].
package metrics

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what [Metrics] are made of.
type Config struct {
	// Version is the program's.
	Version string
	// Organization is the label of logins: the account of Duo that they are
	// proved at.
	Organization string
	// Now is the clock of durations and of what is compared with it; nil means
	// the real one.
	Now func() time.Time
}

// Metrics are all figures of a server. They are safe for concurrent use.
type Metrics struct {
	cfg      Config
	registry *prometheus.Registry
	state    atomic.Pointer[State]

	logins        *prometheus.CounterVec
	failOpens     prometheus.Counter
	throttled     *prometheus.CounterVec
	alerts        *prometheus.CounterVec
	auditFailures prometheus.Counter
	auditWrite    prometheus.Histogram
	events        map[string]prometheus.Counter
	duoCalls      *prometheus.CounterVec
	duoCall       *prometheus.HistogramVec
	skew          atomic.Pointer[time.Duration]
	store         *prometheus.HistogramVec
	storeFailed   *prometheus.CounterVec
	engine        *prometheus.HistogramVec

	mu        sync.Mutex
	factors   map[string]bool    // guarded by mu
	endpoints map[string]bool    // guarded by mu
	called    map[[2]string]bool // guarded by mu
}

// Buckets in seconds: of what is on this machine, and of what is on the network.
func near() []float64 {
	return []float64{0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5}
}

func far() []float64 {
	return []float64{0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
}

// New makes figures that are all zero.
func New(c Config) *Metrics {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	m := &Metrics{cfg: c, registry: prometheus.NewRegistry(), factors: make(map[string]bool), endpoints: make(map[string]bool), called: make(map[[2]string]bool)}
	m.logins = m.counters(logins)
	m.failOpens = m.counters(failOpens).WithLabelValues()
	m.throttled = m.counters(throttled)
	m.alerts = m.counters(alerts)
	m.auditFailures = m.counters(auditFailures).WithLabelValues()
	m.auditWrite = m.histograms(auditWrite, near()).WithLabelValues().(prometheus.Histogram) //nolint:forcetypeassert // the library's own words
	m.duoCalls = m.counters(duoCalls)
	m.duoCall = m.histograms(duoCall, far())
	m.store = m.histograms(storeOperation, near())
	m.storeFailed = m.counters(storeFailures)
	m.engine = m.histograms(engineRequest, far())
	m.prepareEvents()
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: buildInfo, Help: find(buildInfo).Help}, find(buildInfo).Labels)
	info.WithLabelValues(c.Version, runtime.Version()).Set(1)
	start := prometheus.NewGauge(prometheus.GaugeOpts{Name: startTime, Help: find(startTime).Help})
	start.Set(seconds(c.Now()))
	m.registry.MustRegister(info, start, newStateCollector(m),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *Metrics) counters(name string) *prometheus.CounterVec {
	entry := find(name)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: entry.Help}, entry.Labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histograms(name string, buckets []float64) *prometheus.HistogramVec {
	entry := find(name)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: entry.Help, Buckets: buckets}, entry.Labels)
	m.registry.MustRegister(v)
	return v
}

// Handler shows the figures in the form that Prometheus reads.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second, ErrorHandling: promhttp.ContinueOnError,
	})
}

// Gatherer gives the figures to tests and to other forms.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Show has state read at each scrape from now on.
func (m *Metrics) Show(s State) { m.state.Store(&s) }

// bounded returns value, or [valueOther] when it would be one too many in seen.
func (m *Metrics) bounded(seen map[string]bool, value string, most int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if seen[value] {
		return value
	}
	if len(seen) >= most || len(value) > 128 {
		return valueOther
	}
	seen[value] = true
	return value
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// scrapeTime bounds what a scrape asks of the store.
const scrapeTime = 2 * time.Second

func scrapeContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), scrapeTime)
}
