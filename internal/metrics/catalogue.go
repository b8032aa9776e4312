package metrics

import (
	"slices"
	"strings"
)

// Kind of a metric, in Prometheus' words.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Metric is an entry of the catalogue.
type Metric struct {
	Name   string
	Kind   Kind
	Labels []string
	Help   string
}

// The names. All of them stand in the catalogue, and in docs/metrics.md.
const (
	logins             = "mfaserver_logins_total"
	failOpens          = "mfaserver_fail_opens_total"
	throttled          = "mfaserver_throttled_total"
	alerts             = "mfaserver_alerts_total"
	auditRecords       = "mfaserver_audit_records_total"
	auditFailures      = "mfaserver_audit_write_failures_total"
	auditWrite         = "mfaserver_audit_write_seconds"
	sinkBacklog        = "mfaserver_audit_sink_backlog_records"
	sinkFailing        = "mfaserver_audit_sink_failing_seconds"
	duoCalls           = "mfaserver_duo_calls_total"
	duoCall            = "mfaserver_duo_call_seconds"
	duoSkew            = "mfaserver_duo_clock_skew_seconds"
	sessionsLive       = "mfaserver_sessions"
	pendingLogins      = "mfaserver_pending_logins"
	storeUp            = "mfaserver_store_up"
	storeOperation     = "mfaserver_store_operation_seconds"
	storeFailures      = "mfaserver_store_failures_total"
	engineRequest      = "mfaserver_engine_request_seconds"
	hashesRunning      = "mfaserver_password_hashes_running"
	hashesWaiting      = "mfaserver_password_hashes_waiting"
	connectionsOpen    = "mfaserver_connections"
	connectionsWaiting = "mfaserver_connections_waiting"
	connectionsRefused = "mfaserver_connections_refused_total"
	certificateEnd     = "mfaserver_certificate_not_after_timestamp_seconds"
	dutySuccess        = "mfaserver_duty_last_success_timestamp_seconds"
	dutyInterval       = "mfaserver_duty_interval_seconds"
	dutyHangs          = "mfaserver_duty_hangs"
	dutyFailures       = "mfaserver_duty_failures_total"
	readyNow           = "mfaserver_ready"
	buildInfo          = "mfaserver_build_info"
	startTime          = "mfaserver_start_timestamp_seconds"
)

// Bounds of label values that others choose; what would be too many is
// valueOther.
const (
	factorsAtMost   = 64
	endpointsAtMost = 256
	valueOther      = "other"
)

// Catalogue lists everything that the server itself counts or shows, by name.
// Beside it stand the go_ and process_ metrics of the client library.
func Catalogue() []Metric {
	all := []Metric{
		{logins, Counter, []string{"outcome", "factor", "mode", "organization"}, "Logins that ended, by how: allowed, password, refused, abandoned, trouble."},
		{failOpens, Counter, nil, "Logins let in with the password alone because Duo was out of reach."},
		{throttled, Counter, []string{"scope"}, "Attempts turned away by a limit: account, source, global, busy, second_call, push, pending."},
		{alerts, Counter, []string{"rule", "severity"}, "Alerts raised from the audit trail."},
		{auditRecords, Counter, []string{"event"}, "Records written to the audit trail, by event."},
		{auditFailures, Counter, nil, "Records that the audit trail could not take."},
		{auditWrite, Histogram, nil, "How long it takes until a record is durable."},
		{sinkBacklog, Gauge, []string{"sink"}, "Records that a follower of the audit trail does not have yet."},
		{sinkFailing, Gauge, []string{"sink"}, "For how long a follower of the audit trail has failed; 0 when it works."},
		{duoCalls, Counter, []string{"endpoint", "organization", "outcome"}, "Calls of Duo; outcome is ok or whose fault it was."},
		{duoCall, Histogram, []string{"endpoint"}, "How long Duo takes to answer, without calls that wait for a person or read lists."},
		{duoSkew, Gauge, nil, "Our clock minus Duo's, at the last answer. Logins are refused beyond 60 s."},
		{sessionsLive, Gauge, nil, "Sessions in the store."},
		{pendingLogins, Gauge, nil, "Logins between first call and end, in the store."},
		{storeUp, Gauge, nil, "1 when the store answers."},
		{storeOperation, Histogram, []string{"operation"}, "How long the store takes."},
		{storeFailures, Counter, []string{"operation"}, "Operations that the store could not do."},
		{engineRequest, Histogram, []string{"class"}, "How long the engine behind takes to answer, by class of the status, or error."},
		{hashesRunning, Gauge, nil, "Passwords being hashed."},
		{hashesWaiting, Gauge, nil, "Logins waiting for their turn to hash."},
		{connectionsOpen, Gauge, nil, "Connections of clients that are open."},
		{connectionsWaiting, Gauge, nil, "Connections that wait because their source, or all together, have what they may have."},
		{connectionsRefused, Counter, nil, "Connections that were closed because they waited in vain."},
		{certificateEnd, Gauge, []string{"certificate"}, "When the first certificate of a kind ends: server, duo_roots, engine_ca, store_ca."},
		{dutySuccess, Gauge, []string{"duty"}, "When a background duty last went well."},
		{dutyInterval, Gauge, []string{"duty"}, "How often a background duty is done."},
		{dutyHangs, Gauge, []string{"duty"}, "1 while a background duty hangs."},
		{dutyFailures, Counter, []string{"duty"}, "Rounds of a background duty that did not go well."},
		{readyNow, Gauge, nil, "1 when the server takes logins, as /readyz says."},
		{buildInfo, Gauge, []string{"version", "goversion"}, "1, with what is running."},
		{startTime, Gauge, nil, "When the server started."},
	}
	slices.SortFunc(all, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// find is the entry of a name.
func find(name string) Metric {
	all := Catalogue()
	return all[slices.IndexFunc(all, func(m Metric) bool { return m.Name == name })]
}
