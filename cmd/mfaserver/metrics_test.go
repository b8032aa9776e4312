package main_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// figures is the metrics listener of a server.
type figures struct{ url string }

// serveMeasured runs serve with a metrics listener.
func serveMeasured(t *testing.T, more string) (*process, *apiClient, figures) {
	t.Helper()
	t.Helper()
	port := freePort(t)
	p, c := serveWith(t, newDuo(t), func(config string) string {
		return config + fmt.Sprintf("metrics: {listen: \"127.0.0.1:%d\"}\n%s", port, more)
	})
	return p, c, figures{fmt.Sprintf("http://127.0.0.1:%d", port)}
}

func (f figures) get(t *testing.T, path string) (int, string) {
	t.Helper()
	t.Helper()
	status, body, err := f.try(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

func (f figures) try(ctx context.Context, path string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+path, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// has waits for a figure.
func (f figures) has(t *testing.T, want string) {
	t.Helper()
	t.Helper()
	pattern := regexp.MustCompile("(?m)^" + want + "$")
	eventually(t, want, func() bool {
		_, body := f.get(t, "/metrics")
		return pattern.MatchString(body)
	})
}

// A login, a refusal and a logout of a running server are counted where
// Prometheus reads them, and promtool finds nothing wrong with how; nobody is
// named.
func TestMetricsOfARunningServer(t *testing.T) {
	t.Parallel()
	_, c, f := serveMeasured(t, "")
	c.login(t, "test1", "correct horse battery")
	if a := c.current(t); a.status != http.StatusOK {
		t.Fatalf("users/current = %d", a.status)
	}
	c.first(t, "test1", "wrong")
	for _, want := range []string{
		`mfaserver_logins_total\{factor="duo_push",mode="prompt",organization="default",outcome="allowed"\} 1`,
		`mfaserver_logins_total\{factor="none",mode="unknown",organization="default",outcome="password"\} 1`,
		`mfaserver_duo_calls_total\{endpoint="token",organization="default",outcome="ok"\} 1`,
		`mfaserver_duo_clock_skew_seconds (0|-?1)`,
		`mfaserver_sessions 1`,
		`mfaserver_pending_logins 0`,
		`mfaserver_store_up 1`,
		`mfaserver_ready 1`,
		`mfaserver_password_hashes_running 0`,
		`mfaserver_store_operation_seconds_count\{operation="sessions.find"\} [1-9].*`,
		`mfaserver_certificate_not_after_timestamp_seconds\{certificate="duo_roots"\} 2.*`,
		`mfaserver_certificate_not_after_timestamp_seconds\{certificate="server"\} 1.*`,
		`mfaserver_duty_hangs\{duty="sweeping sessions"\} 0`,
		`mfaserver_duty_last_success_timestamp_seconds\{duty="looking when certificates end"\} 1.*`,
		`mfaserver_audit_sink_backlog_records\{sink="alerts"\} 0`,
		`mfaserver_audit_records_total\{event="session.started"\} 1`,
		`mfaserver_build_info\{goversion="go.*",version=".*"\} 1`,
		`go_goroutines \d+`,
	} {
		f.has(t, want)
	}
	_, body := f.get(t, "/metrics")
	if strings.Contains(body, "test1") {
		t.Error("the figures name a user")
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no promtool found; install Debian's package prometheus")
	}
	check := exec.CommandContext(t.Context(), path, "check", "metrics")
	check.Stdin = strings.NewReader(body)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// Both listeners say whether the server is alive and ready. A stop is said first:
// the server goes on for the delay of the configuration, and answers calls.
func TestHealthUntilTheStop(t *testing.T) {
	t.Parallel()
	p, c, f := serveMeasured(t, "drain_delay: 2s\nadmin: {networks: [192.0.2.0/24]}\n")
	if status, body := f.get(t, "/readyz"); status != http.StatusOK || !strings.Contains(body, `{"ready":true`) {
		t.Errorf("readyz = %d %s", status, body)
	}
	public := func(path string) (int, string) {
		a, err := c.try(t.Context(), http.MethodGet, c.server+path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return a.status, a.body
	}
	for path, want := range map[string]string{"/healthz": "alive\n", "/readyz": "ready\n"} {
		if status, body := public(path); status != http.StatusOK || body != want {
			t.Errorf("%s for others = %d %q, want 200 %q", path, status, body, want)
		}
	}
	if status, _ := public("/metrics"); status == http.StatusOK {
		t.Error("the public listener shows metrics")
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is draining", func() bool {
		status, body, err := f.try(t.Context(), "/readyz")
		return err == nil && status == http.StatusServiceUnavailable && strings.Contains(body, "draining")
	})
	if status, body := public("/readyz"); status != http.StatusServiceUnavailable || body != "not ready\n" {
		t.Errorf("readyz for others = %d %q while draining, want 503 without a reason", status, body)
	}
	c.login(t, "test1", "correct horse battery")
	select {
	case <-p.ended:
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.log)
		}
	case <-time.After(startTimeout):
		t.Errorf("the server did not stop:\n%s", p.log)
	}
}

// Administrators are told the reasons at the public listener too.
func TestHealthForAdministrators(t *testing.T) {
	t.Parallel()
	_, c := serveWith(t, newDuo(t), nil)
	a, err := c.try(t.Context(), http.MethodGet, c.server+"/readyz", nil, nil)
	if err != nil || a.status != http.StatusOK || !strings.HasPrefix(a.body, `{"ready":true`) {
		t.Errorf("readyz = %d %s, %v, want that it is ready, in JSON", a.status, a.body, err)
	}
	a, err = c.try(t.Context(), http.MethodGet, c.server+"/readyz", nil, http.Header{"X-Forwarded-For": {"127.0.0.1"}})
	if err != nil || a.body != "ready\n" {
		t.Errorf("readyz through a proxy = %s, %v, want a word", a.body, err)
	}
}

// Who is not in the networks of the figures finds nothing.
func TestMetricsAreForTheirNetworks(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	serveWith(t, newDuo(t), func(config string) string {
		return config + fmt.Sprintf("metrics: {listen: \"127.0.0.1:%d\", networks: [192.0.2.0/24]}\n", port)
	})
	f := figures{fmt.Sprintf("http://127.0.0.1:%d", port)}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/"} {
		if status, body := f.get(t, path); status != http.StatusNotFound || body != "" {
			t.Errorf("%s = %d %q, want 404 and nothing", path, status, body)
		}
	}
}

// A listener that cannot be had keeps the server from starting.
func TestMetricsListenerIsTaken(t *testing.T) {
	t.Parallel()
	p, _, f := serveMeasured(t, "")
	config := filepath.Join(t.TempDir(), "mfaserver.yaml")
	text, err := os.ReadFile(p.cmd.Args[2])
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`data_dir: ".*"`).ReplaceAllString(string(text), fmt.Sprintf("data_dir: %q", t.TempDir()))
	other = regexp.MustCompile(`(?m)^listen: .*`).ReplaceAllString(other, `listen: "127.0.0.1:0"`)
	if err := os.WriteFile(config, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runCommand(t, "", "--config", config, "serve")
	if r.code == 0 || !strings.Contains(r.stderr, "metrics.listen") {
		t.Errorf("serve on %s twice = %d %s, want an error about metrics.listen", f.url, r.code, r.stderr)
	}
}

// A Prometheus that scrapes a running server with the configuration and the rules
// of deploy finds it up, and no alert fires.
func TestPrometheusScrapes(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no prometheus found; install Debian's package prometheus")
	}
	_, c, f := serveMeasured(t, "")
	c.login(t, "test1", "correct horse battery")
	folder := t.TempDir()
	for _, name := range []string{"prometheus.yml", "mfaserver.rules.yml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "prometheus", name))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.NewReplacer("127.0.0.1:9464", strings.TrimPrefix(f.url, "http://"), "15s", "1s").Replace(string(text))
		if err := os.WriteFile(filepath.Join(folder, name), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked := figures{fmt.Sprintf("http://127.0.0.1:%d", freePort(t))}
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+filepath.Join(folder, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+strings.TrimPrefix(asked.url, "http://"))
	log := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	query := func(expression string) string {
		_, body, err := asked.try(t.Context(), "/api/v1/query?query="+expression)
		if err != nil {
			return ""
		}
		return body
	}
	const one = `"value":[`
	eventually(t, "prometheus has the figures", func() bool {
		return strings.Contains(query(`up%7Bjob%3D%22mfaserver%22%7D%3D%3D1`), one) && strings.Contains(query(`mfaserver_sessions%3D%3D1`), one)
	})
	eventually(t, "prometheus has evaluated the rules", func() bool {
		_, body, err := asked.try(t.Context(), "/api/v1/rules")
		return err == nil && strings.Count(body, `"health":"ok"`) >= 20 && !strings.Contains(body, `"health":"err"`) && !strings.Contains(body, `"health":"unknown"`)
	})
	if body := query(`ALERTS%7Balertstate%3D%22firing%22%7D`); strings.Contains(body, one) {
		t.Errorf("alerts of a server that is well: %s", body)
	}
}
