package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/mirth"
)

// reloads replaces the configuration file of a running gateway, again and again.
type reloads struct {
	b *gatewayBench
	// good is the file that the server began with.
	good string
}

func newReloads(t *testing.T, b *gatewayBench) *reloads {
	t.Helper()
	data, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	return &reloads{b, string(data)}
}

const (
	saidReplaced = `msg="the configuration was replaced"`
	saidRefused  = `msg="the configuration was refused`
)

// hangup writes the file, sends SIGHUP and waits until the log says what became
// of it; it returns that line.
func (r *reloads) hangup(t *testing.T, text, said string) string {
	t.Helper()
	if err := os.WriteFile(r.b.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(r.b.log.String())
	if err := r.b.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	found := ""
	eventually(t, said, func() bool {
		for line := range strings.Lines(r.b.log.String()[before:]) {
			if strings.Contains(line, "configuration was re") {
				found = line
				return true
			}
		}
		return false
	})
	if !strings.Contains(found, said) {
		t.Fatalf("the log says %s, want %s", found, said)
	}
	return found
}

// bad are files that must be refused, and the reason that must be told.
func (r *reloads) bad() [][2]string {
	swap := func(from, to string) string { return strings.Replace(r.good, from, to, 1) }
	return [][2]string{
		{"", "the file is empty"},
		{r.good[:len(r.good)/2], "mfaserver.yaml:"},
		{r.good + "nonsense: true\n", "nonsense"},
		{swap("listen: ", "listen: \"127.0.0.1:1\" #"), "restart the server to change: listen"},
		{swap("engine.pem", "nobody.pem"), "primary.upstream.ca_file"},
		{r.good + "log: {format: json}\n", "restart the server to change: log.format"},
		{swap("limits_factor: 100", "limits_factor: 2"), "restart the server to change: limits_factor"},
		{swap("https://127.0.0.1:", "https://other.example.org:"), "new names of public_urls"},
	}
}

// load is what goes on meanwhile. Nothing of it may fail.
type load struct {
	ctx           context.Context //nolint:containedctx // of the goroutines of one test
	logins, calls atomic.Int64
	all           sync.WaitGroup
}

// use calls the engine with one session, over connections that stay open or over
// new ones.
func (l *load) use(t *testing.T, c *apiClient, keep bool) {
	t.Helper()
	l.all.Go(func() {
		for l.ctx.Err() == nil {
			a, err := c.try(l.ctx, http.MethodGet, c.server+"/api/channels", nil, nil)
			if l.ctx.Err() == nil && (err != nil || a.status != http.StatusOK) {
				t.Errorf("a call of a session = %d %s, %v", a.status, a.body, err)
				return
			}
			l.calls.Add(1)
			if !keep {
				c.http.CloseIdleConnections()
			}
		}
	})
}

// signIn plays the whole login and the logout.
func (l *load) signIn(t *testing.T, c *apiClient, username string) {
	t.Helper()
	l.all.Go(func() {
		for l.ctx.Err() == nil {
			if err := l.round(c, username); err != nil && l.ctx.Err() == nil {
				t.Error(err)
				return
			}
			l.logins.Add(1)
		}
	})
}

func (l *load) round(c *apiClient, username string) error {
	a, err := c.firstCall(l.ctx, username)
	if err != nil {
		return err
	}
	parsed, err := mirth.ParseLoginStatus([]byte(a.body), a.header.Get("Content-Type"))
	status, ok := parsed.(mirth.DuoLoginStatus)
	if err != nil || !ok {
		return fmt.Errorf("first call = %d %s, %w", a.status, a.body, err)
	}
	back, err := c.try(l.ctx, http.MethodGet, status.AuthURL, nil, nil)
	if err != nil || back.status != http.StatusOK {
		return fmt.Errorf("prompt = %d, %w", back.status, err)
	}
	q := back.url.Query()
	data := mirth.NewLoginData(username, status.PrimaryStatus, q.Get("duo_code"), q.Get("state"), status.RedirectURI)
	if a, err = c.redeem(l.ctx, username, data.String()); err != nil || a.status != http.StatusOK {
		return fmt.Errorf("second call = %d %s, %w", a.status, a.body, err)
	}
	if a, err = c.try(l.ctx, http.MethodPost, c.server+"/api/users/_logout", nil, nil); err != nil || a.status != http.StatusNoContent {
		return fmt.Errorf("logout = %d, %w", a.status, err)
	}
	return nil
}

// shown asks for the engine's version without a session, which a setting hides.
func shownVersion(t *testing.T, c *apiClient) bool {
	t.Helper()
	a := c.do(t, http.MethodGet, c.server+"/api/server/version", nil, http.Header{"Accept": {"text/plain"}})
	if a.status != http.StatusOK && a.status != http.StatusNotFound {
		t.Errorf("the version = %d %s", a.status, a.body)
	}
	return a.status == http.StatusOK
}

// Threat T171, fault R27: a hundred reloads under load, good and bad
// configurations in turns. The good ones are in force when the log says so, the
// bad ones change nothing and are refused with their reason; no login, no call of
// a session and no connection is lost, and nothing is left behind.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob", "carol"}, nil)
	r := newReloads(t, b)
	open, hidden := r.good, r.good+`gateway: {hide_version: true}
alerts: {rules_off: [relay]}
helpdesk: {bypass_per_day: 20}
session: {idle: 20m}
log: {level: debug}
`
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &load{ctx: ctx}
	for i, keep := range []bool{true, true, false} {
		c := b.client(t)
		c.login(t, "alice", gatewayPassword)
		l.use(t, c, keep)
		l.signIn(t, b.client(t), []string{"bob", "carol", "bob"}[i])
	}
	stranger := b.client(t)
	bad := r.bad()
	for n := range reloadRounds {
		text, shown := open, true
		if n%2 == 0 {
			text, shown = hidden, false
		}
		r.hangup(t, text, saidReplaced)
		if got := shownVersion(t, stranger); got != shown {
			t.Fatalf("round %d: the version is shown: %v, want %v; the log:\n%s", n, got, shown, b.log)
		}
		why := bad[n%len(bad)]
		if line := r.hangup(t, why[0], saidRefused); !strings.Contains(line, why[1]) {
			t.Errorf("round %d: refused with %s, want %q", n, line, why[1])
		}
		if got := shownVersion(t, stranger); got != shown {
			t.Fatalf("round %d: after a bad file the version is shown: %v, want %v", n, got, shown)
		}
	}
	cancel()
	l.all.Wait()
	t.Logf("%d logins and %d calls during %d reloads", l.logins.Load(), l.calls.Load(), 2*reloadRounds)
	if l.logins.Load() < 5 || l.calls.Load() < 100 {
		t.Errorf("%d logins and %d calls meanwhile: the test shows little", l.logins.Load(), l.calls.Load())
	}
	if err := os.WriteFile(b.config, []byte(open), 0o600); err != nil {
		t.Fatal(err)
	}
	r.events(t)
	r.nothingLeft(t)
}

// reloadRounds are two reloads each.
const reloadRounds = 50

// events looks for what the trail has to hold.
func (r *reloads) events(t *testing.T) {
	t.Helper()
	for name, outcome := range map[string]string{"config.reloaded": "ok", "config.refused": "refused"} {
		got := runCommand(t, "", "--config", r.b.config, "--output", "json", "audit", "show", "--event", name, "--limit", "1000")
		if n := strings.Count(got.stdout, `"`+name+`"`); n != reloadRounds {
			t.Errorf("%d records of %s, want %d (%d %s)", n, name, reloadRounds, got.code, got.stderr)
		}
		if !strings.Contains(got.stdout, `"digest"`) || !strings.Contains(got.stdout, outcome) {
			t.Errorf("records of %s lack digest or outcome", name)
		}
	}
}

// nothingLeft counts open files, and goroutines by what the program prints when
// it is quit.
func (r *reloads) nothingLeft(t *testing.T) {
	t.Helper()
	files := func() int {
		all, err := os.ReadDir(filepath.Join("/proc", fmt.Sprint(r.b.cmd.Process.Pid), "fd"))
		if err != nil {
			t.Skipf("open files cannot be counted: %v", err)
		}
		return len(all)
	}
	eventually(t, "fewer open files", func() bool { return files() < mostFiles })
	if err := r.b.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.b.ended:
	case <-time.After(startTimeout):
		t.Fatal("the server was quit and goes on")
	}
	n := 0
	for one := range strings.SplitSeq(r.b.log.String(), "\n\n") {
		// Connections that are kept open were counted as files.
		if strings.HasPrefix(one, "goroutine ") && !strings.Contains(one, "net/http.(*persistConn)") {
			n++
		}
	}
	t.Logf("%d goroutines after %d reloads", n, 2*reloadRounds)
	if n == 0 || n > mostGoroutines {
		t.Errorf("%d goroutines after %d reloads, want at most %d", n, 2*reloadRounds, mostGoroutines)
	}
}

// What a gateway has open that did not reload anything is half of it.
const (
	mostFiles      = 60
	mostGoroutines = 48
)

// The command says what a reload did, or why there was none, and ends with the
// code that scripts know.
func TestReloadCommand(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	r := newReloads(t, b)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := runCommand(t, "", "--config", b.config, "reload")
	if got.code != 0 || !strings.Contains(got.stdout, "no setting changed") {
		t.Errorf("reload of the same = %d %s%s", got.code, got.stdout, got.stderr)
	}
	write(r.good + "gateway: {hide_version: true}\nsession: {idle: 20m}\n")
	got = runCommand(t, "", "--config", b.config, "--output", "json", "reload")
	var done struct {
		Digest  string
		Changed []string
	}
	if err := json.Unmarshal([]byte(got.stdout), &done); err != nil || len(done.Digest) != 64 || strings.Join(done.Changed, " ") != "gateway session" {
		t.Errorf("reload = %d %s%s, %v", got.code, got.stdout, got.stderr, err)
	}
	if shownVersion(t, b.client(t)) {
		t.Error("the version is shown after the reload")
	}
	dir := filepath.Dir(b.config)
	for _, c := range []struct{ name, text, want string }{
		{"a fault", r.good + "nonsense: 1\n", "nonsense"},
		{"a restart", r.good + "log: {format: json}\n", "restart the server to change: log.format"},
	} {
		write(c.text)
		got = runCommand(t, "", "reload", "--data-dir", dir)
		if got.code != 3 || !strings.Contains(got.stderr, c.want) || !strings.Contains(got.stderr, "goes on with the configuration it has") {
			t.Errorf("%s: reload = %d %s, want 3 and %q", c.name, got.code, got.stderr, c.want)
		}
	}
	write(r.good)
	b.stop(t)
	if got = runCommand(t, "", "--config", b.config, "reload"); got.code != 5 {
		t.Errorf("reload without a server = %d %s, want 5", got.code, got.stderr)
	}
}
