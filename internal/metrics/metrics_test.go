package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/audit/ship"
	"mfaserver/internal/connections"
	"mfaserver/internal/duty"
	"mfaserver/internal/expiry"
	"mfaserver/internal/metrics"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

var start = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Config{Version: "v1.2.3", Organization: "default", Now: func() time.Time { return start }})
}

// families are all metrics of the server itself, by name.
func families(t *testing.T, m *metrics.Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]*dto.MetricFamily)
	for _, f := range all {
		if strings.HasPrefix(f.GetName(), "mfaserver_") {
			found[f.GetName()] = f
		}
	}
	return found
}

// values are those of a metric by the values of its labels, zeros left out; of
// a histogram, how many were observed.
func values(t *testing.T, m *metrics.Metrics, name string) map[string]float64 {
	t.Helper()
	got := make(map[string]float64)
	for _, sample := range families(t, m)[name].GetMetric() {
		var labels []string
		for _, l := range sample.GetLabel() {
			labels = append(labels, l.GetValue())
		}
		value := sample.GetCounter().GetValue() + sample.GetGauge().GetValue() + float64(sample.GetHistogram().GetSampleCount())
		if value != 0 {
			got[strings.Join(labels, " ")] = value
		}
	}
	return got
}

func want(t *testing.T, m *metrics.Metrics, name string, want map[string]float64) {
	t.Helper()
	if diff := cmp.Diff(want, values(t, m, name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// Logins, throttles, fail-opens and alerts are read from what the trail took.
func TestTrail(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	trail := &audittest.Memory{}
	recorder := m.Watch(trail)
	detail := func(pairs ...string) map[string]string {
		d := make(map[string]string)
		for i := 0; i < len(pairs); i += 2 {
			d[pairs[i]] = pairs[i+1]
		}
		return d
	}
	for _, e := range []audit.Event{
		{Name: audit.MFAAllowed, Outcome: audit.OK, Username: "alice", Detail: detail("factor", "duo_push")},
		{Name: audit.MFAAllowed, Outcome: audit.OK, Username: "bob", Detail: detail("factor", "duo_push", "mode", "push")},
		{Name: audit.CodeUsed, Outcome: audit.OK},
		{Name: audit.MFAFailOpen, Outcome: audit.OK},
		{Name: audit.PrimaryRefused, Outcome: audit.Refused},
		{Name: audit.PrimaryThrottled, Outcome: audit.Refused, Reason: "account"},
		{Name: audit.PrimaryThrottled, Outcome: audit.Refused, Reason: "something new"},
		{Name: audit.LoginThrottled, Outcome: audit.Refused},
		{Name: audit.PushBraked, Outcome: audit.Refused},
		{Name: audit.TooManyPending, Outcome: audit.Refused},
		{Name: audit.TransactionExpired, Outcome: audit.OK},
		{Name: audit.DuoUnavailable, Outcome: audit.Failed},
		{Name: audit.AlertRaised, Outcome: audit.OK, Reason: "denied", Detail: detail("severity", "high")},
		{Name: audit.SessionStarted, Outcome: audit.OK},
	} {
		if err := recorder.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	want(t, m, "mfaserver_logins_total", map[string]float64{
		"duo_push prompt default allowed": 1, "duo_push push default allowed": 1, "sign_in_code code default allowed": 1,
		"fail_open prompt default allowed": 1, "none unknown default password": 4, "none unknown default trouble": 1,
		"none prompt default abandoned": 1, "none push default refused": 1, "none prompt default refused": 1,
	})
	want(t, m, "mfaserver_throttled_total", map[string]float64{"account": 1, "other": 1, "second_call": 1, "push": 1, "pending": 1})
	want(t, m, "mfaserver_fail_opens_total", map[string]float64{"": 1})
	want(t, m, "mfaserver_alerts_total", map[string]float64{"denied high": 1})
	want(t, m, "mfaserver_audit_write_seconds", map[string]float64{"": 14})
	if got := values(t, m, "mfaserver_audit_records_total")["primary.throttled"]; got != 2 {
		t.Errorf("%v records primary.throttled, want 2", got)
	}
	if len(trail.Events()) != 14 {
		t.Errorf("the trail has %d events, want all 14", len(trail.Events()))
	}
}

type brokenTrail struct{}

func (brokenTrail) Record(context.Context, audit.Event) error { return audit.ErrUnwritten }

// What the trail did not take is no login.
func TestUnwritten(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	err := m.Watch(brokenTrail{}).Record(t.Context(), audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK})
	if !errors.Is(err, audit.ErrUnwritten) {
		t.Errorf("Record = %v, want ErrUnwritten", err)
	}
	want(t, m, "mfaserver_audit_write_failures_total", map[string]float64{"": 1})
	want(t, m, "mfaserver_logins_total", map[string]float64{})
}

// Whoever invents factors and endpoints makes no series without
// end.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	recorder := m.Watch(&audittest.Memory{})
	for n := range 1000 {
		e := audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK, Detail: map[string]string{"factor": "factor " + strconv.Itoa(n)}}
		if err := recorder.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		m.Called(metrics.Call{Endpoint: "GET /" + strconv.Itoa(n), Organization: "default", Outcome: "ok", Took: time.Second})
	}
	for name, most := range map[string]int{"mfaserver_logins_total": 65, "mfaserver_duo_call_seconds": 257} {
		got := values(t, m, name)
		sum := 0.0
		for _, v := range got {
			sum += v
		}
		if len(got) > most || sum != 1000 {
			t.Errorf("%s has %d series of %v, want at most %d of 1000", name, len(got), sum, most)
		}
	}
}

func TestDuoCalls(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	if _, ok := m.Skew(); ok {
		t.Error("there is a clock skew before Duo was asked")
	}
	m.Called(metrics.Call{Endpoint: "token", Organization: "default", Outcome: "ok", Took: time.Second, Skew: -3 * time.Second, Dated: true})
	m.Called(metrics.Call{Endpoint: "token", Organization: "default", Outcome: "outage", Took: time.Second})
	m.Called(metrics.Call{Endpoint: "other", Organization: "clinic-a", Outcome: "ok", Took: time.Minute, Waits: true})
	want(t, m, "mfaserver_duo_calls_total", map[string]float64{"token default ok": 1, "token default outage": 1, "other clinic-a ok": 1})
	want(t, m, "mfaserver_duo_call_seconds", map[string]float64{"token": 2})
	want(t, m, "mfaserver_duo_clock_skew_seconds", map[string]float64{"": -3})
}

func TestEngine(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	status := http.StatusOK
	rt := m.Engine(roundTrip(func(*http.Request) (*http.Response, error) {
		if status == 0 {
			return nil, errors.New("reset")
		}
		return &http.Response{StatusCode: status, Body: http.NoBody}, nil
	}))
	for _, status = range []int{200, 204, 302, 404, 503, 999, 0} {
		res, err := rt.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		if (err != nil) != (status == 0) {
			t.Errorf("RoundTrip = %v, %v", res, err)
		}
	}
	want(t, m, "mfaserver_engine_request_seconds", map[string]float64{"2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1, "error": 2})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A store that is measured keeps its contract, and what it may offer beside.
func TestMeasuredStoresKeepTheContract(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	t.Run("sessions", func(t *testing.T) {
		t.Parallel()
		sessiontest.TestStore(t, func(t *testing.T) session.Store { t.Helper(); return m.Sessions(session.NewMemoryStore()) })
	})
	t.Run("transactions", func(t *testing.T) {
		t.Parallel()
		mfatest.TestTransactions(t, func(t *testing.T) mfa.Transactions { t.Helper(); return m.Transactions(mfa.NewMemory()) })
	})
	t.Run("unfinished transactions", func(t *testing.T) {
		t.Parallel()
		mfatest.TestUnfinished(t, func(t *testing.T) mfa.Transactions { t.Helper(); return m.Transactions(mfa.NewMemory()) })
	})
}

// full is a server with something of everything.
func full(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := newMetrics()
	m.Called(metrics.Call{Endpoint: "token", Organization: "default", Outcome: "ok", Dated: true})
	if err := m.Watch(&audittest.Memory{}).Record(t.Context(), audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK}); err != nil {
		t.Fatal(err)
	}
	m.Engine(nil)
	m.Sessions(session.NewMemoryStore())
	m.Transactions(mfa.NewMemory())
	m.Show(metrics.State{
		Counts:  func(context.Context) (int, int, error) { return 7, 3, nil },
		Hashing: func() (int, int) { return 1, 2 },
		Connections: func() connections.Figures {
			return connections.Figures{Open: 8, Waiting: 9, Refused: 10}
		},
		Certificates: func() []expiry.Certificate {
			return []expiry.Certificate{
				{Name: "duo_roots", NotAfter: start.Add(2 * time.Hour)},
				{Name: "duo_roots", NotAfter: start.Add(time.Hour)},
				{Name: "server", NotAfter: start.Add(3 * time.Hour)},
			}
		},
		Duties: func() []duty.State {
			return []duty.State{
				{Name: "sweeping", Every: time.Minute, Entered: start, Succeeded: start, Ended: start, Failures: 4},
				{Name: "counting", Every: time.Second, Entered: start.Add(-time.Hour)},
			}
		},
		Sinks: func() []ship.Status {
			return []ship.Status{{Name: "alerts", Sent: 100}, {Name: "syslog", Sent: 40, Since: start.Add(-time.Minute)}}
		},
		LastRecord: func() uint64 { return 100 },
		Ready:      func() bool { return true },
	})
	return m
}

// What is a state is read when it is asked for.
func TestState(t *testing.T) {
	t.Parallel()
	m := full(t)
	at := float64(start.Unix())
	for name, w := range map[string]map[string]float64{
		"mfaserver_sessions":                                {"": 7},
		"mfaserver_pending_logins":                          {"": 3},
		"mfaserver_store_up":                                {"": 1},
		"mfaserver_password_hashes_running":                 {"": 1},
		"mfaserver_password_hashes_waiting":                 {"": 2},
		"mfaserver_connections":                             {"": 8},
		"mfaserver_connections_waiting":                     {"": 9},
		"mfaserver_connections_refused_total":               {"": 10},
		"mfaserver_certificate_not_after_timestamp_seconds": {"duo_roots": at + 3600, "server": at + 3*3600},
		"mfaserver_duty_last_success_timestamp_seconds":     {"sweeping": at},
		"mfaserver_duty_interval_seconds":                   {"sweeping": 60, "counting": 1},
		"mfaserver_duty_hangs":                              {"counting": 1},
		"mfaserver_duty_failures_total":                     {"sweeping": 4},
		"mfaserver_audit_sink_backlog_records":              {"syslog": 60},
		"mfaserver_audit_sink_failing_seconds":              {"syslog": 60},
		"mfaserver_ready":                                   {"": 1},
	} {
		want(t, m, name, w)
	}
	m.Show(metrics.State{Counts: func(context.Context) (int, int, error) { return 0, 0, errors.New("disk on fire") }})
	want(t, m, "mfaserver_store_up", map[string]float64{})
	if _, there := families(t, m)["mfaserver_sessions"]; there {
		t.Error("a store that does not answer has a number of sessions")
	}
}

// The catalogue is what the registry has: every name, kind and label.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	got := families(t, full(t))
	for _, entry := range metrics.Catalogue() {
		f := got[entry.Name]
		delete(got, entry.Name)
		if f == nil || len(f.GetMetric()) == 0 {
			t.Errorf("%s has no figure", entry.Name)
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		wanted := slices.Sorted(slices.Values(entry.Labels))
		if !slices.Equal(labels, wanted) || !strings.EqualFold(f.GetType().String(), string(entry.Kind)) || f.GetHelp() != entry.Help {
			t.Errorf("%s is a %s of %q, the catalogue says %+v", entry.Name, f.GetType(), labels, entry)
		}
	}
	for name := range got {
		t.Errorf("%s is not in the catalogue", name)
	}
}

// Measuring a look into the store takes no memory. It is not parallel: what is
// allocated is the whole process's.
func TestMeasuringAllocatesNothing(t *testing.T) {
	m := newMetrics()
	bare := session.NewMemoryStore()
	measured := m.Sessions(bare)
	s := sessiontest.NewSession("a", "alice", start)
	if _, err := bare.Create(t.Context(), s, 0, start); err != nil {
		t.Fatal(err)
	}
	find := func(store session.Store) float64 {
		return testing.AllocsPerRun(100, func() {
			if _, err := store.Find(context.Background(), s.Key, start); err != nil { //nolint:usetesting // a context that allocates nothing
				t.Error(err)
			}
		})
	}
	if a, b := find(measured), find(bare); a != b {
		t.Errorf("a measured look allocates %v times, a bare one %v", a, b)
	}
}
