package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// Engine measures how long the engine takes until it begins to answer.
func (m *Metrics) Engine(next http.RoundTripper) http.RoundTripper {
	e := &engine{metrics: m, next: next, failed: m.engine.WithLabelValues("error")}
	for i, class := range []string{"1xx", "2xx", "3xx", "4xx", "5xx"} {
		e.classes[i] = m.engine.WithLabelValues(class)
	}
	return e
}

type engine struct {
	metrics *Metrics
	next    http.RoundTripper
	classes [5]prometheus.Observer
	failed  prometheus.Observer
}

// RoundTrip implements [http.RoundTripper].
func (e *engine) RoundTrip(r *http.Request) (*http.Response, error) {
	began := e.metrics.cfg.Now()
	res, err := e.next.RoundTrip(r)
	took := e.metrics.cfg.Now().Sub(began).Seconds()
	if err != nil {
		e.failed.Observe(took)
		return nil, err
	}
	if class := res.StatusCode/100 - 1; class >= 0 && class < len(e.classes) {
		e.classes[class].Observe(took)
	} else {
		e.failed.Observe(took)
	}
	return res, nil
}
