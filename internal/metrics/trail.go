package metrics

import (
	"cmp"
	"context"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"mfaserver/internal/alert"
	"mfaserver/internal/audit"
	"mfaserver/internal/stats"
)

// Recorder is the audit trail. Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Watch returns a recorder that counts what next has recorded, and measures how
// long that took.
func (m *Metrics) Watch(next Recorder) Recorder { return watched{m, next} }

type watched struct {
	metrics *Metrics
	next    Recorder
}

// Record implements [Recorder].
func (w watched) Record(ctx context.Context, e audit.Event) error {
	began := w.metrics.cfg.Now()
	if err := w.next.Record(ctx, e); err != nil {
		w.metrics.auditFailures.Inc()
		return err
	}
	w.metrics.auditWrite.Observe(w.metrics.cfg.Now().Sub(began).Seconds())
	w.metrics.note(&e)
	return nil
}

// prepareEvents resolves the counter of each event once, and has those begin at
// 0 that alerts look for: a counter that begins at 1 has not increased.
func (m *Metrics) prepareEvents() {
	for _, rule := range alert.Rules() {
		m.alerts.WithLabelValues(string(rule), string(rule.Severity()))
	}
	for _, scope := range append(passwordScopes(), "second_call", "push", "pending") {
		m.throttled.WithLabelValues(scope)
	}
	records := m.counters(auditRecords)
	m.events = make(map[string]prometheus.Counter)
	for _, name := range audit.Names() {
		m.events[string(name)] = records.WithLabelValues(string(name))
	}
}

// note counts what an event says.
func (m *Metrics) note(e *audit.Event) {
	if counter := m.events[string(e.Name)]; counter != nil {
		counter.Inc()
	}
	if outcome, factor, ok := stats.Judge(e); ok {
		factor = m.bounded(m.factors, cmp.Or(factor, "none"), factorsAtMost)
		m.logins.WithLabelValues(outcome.String(), factor, mode(e), m.cfg.Organization).Inc()
	}
	if scope := scopeOf(e); scope != "" {
		m.throttled.WithLabelValues(scope).Inc()
	}
	switch e.Name {
	case audit.MFAFailOpen:
		m.failOpens.Inc()
	case audit.AlertRaised:
		m.alerts.WithLabelValues(e.Reason, e.Detail["severity"]).Inc()
	default:
	}
}

// mode is the way in that a login took, as the rules call it, as far as its
// event tells.
func mode(e *audit.Event) string {
	switch e.Name {
	case audit.MFAAllowed:
		return cmp.Or(e.Detail["mode"], "prompt")
	case audit.MFAFailOpen, audit.TransactionExpired, audit.MFACancelled, audit.MFAReplay, audit.TooManyPending,
		audit.LoginDataUnknown, audit.LoginDataExpired, audit.LoginDataBinding, audit.LoginDataUser, audit.LoginDataStatus,
		audit.LoginDataRedirect, audit.LoginDataBurned:
		return "prompt"
	case audit.CodeUsed, audit.CodeRefused:
		return "code"
	case audit.PushBraked, audit.PushFraud, audit.ProofCancelled:
		return "push"
	case audit.MFAExempt:
		return "exempt"
	case audit.BreakGlassUsed, audit.BreakGlassRefused:
		return "break_glass"
	default:
		return "unknown"
	}
}

// passwordScopes are the limits of the check of passwords.
func passwordScopes() []string { return []string{"account", "source", "global", "busy"} }

// scopeOf is the limit that an attempt met; empty when it met none.
func scopeOf(e *audit.Event) string {
	switch e.Name {
	case audit.PrimaryThrottled:
		if slices.Contains(passwordScopes(), e.Reason) {
			return e.Reason
		}
		return valueOther
	case audit.LoginThrottled:
		return "second_call"
	case audit.PushBraked:
		return "push"
	case audit.TooManyPending:
		return "pending"
	default:
		return ""
	}
}
