package checkup_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/checkup"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
)

// site is an engine, its client, and a network in which it is found at chosen
// addresses.
type site struct {
	*mirthtest.Server
	config checkup.GatewayConfig
	// routes are who listens at an address, by host:port.
	routes map[string]string
}

func newSite(t *testing.T, c mirthtest.Config) *site {
	t.Helper()
	server := mirthtest.NewServer(c)
	t.Cleanup(server.Close)
	client, err := engine.New(engine.Config{URL: server.URL, CA: server.CAPool(), AllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s := &site{Server: server, routes: map[string]string{}}
	s.routes[client.Base().Host] = client.Base().Host
	s.config = checkup.GatewayConfig{
		Engine: client, PublicURLs: []string{"https://mirth.example.org"},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			to, ok := s.routes[address]
			if !ok {
				return nil, errors.New("connection refused")
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "mirth.example.org" {
				return nil, errors.New("no such host")
			}
			return []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")}, nil
		},
		Interfaces: func() ([]netip.Addr, error) {
			return []netip.Addr{
				netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("fe80::1%eth0"),
				netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("192.0.2.7"),
			}, nil
		},
		Now: func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) },
	}
	return s
}

// at is an address with the engine's port.
func (s *site) at(host string) string { return net.JoinHostPort(host, s.config.Engine.Base().Port()) }

func (s *site) run(t *testing.T) checkup.Report {
	t.Helper()
	told := 0
	s.config.Progress = func(checkup.Finding) { told++ }
	report := checkup.Gateway(t.Context(), s.config)
	if told != len(report.Findings) {
		t.Errorf("%d findings were told of %d", told, len(report.Findings))
	}
	for _, f := range report.Findings {
		if f.Subject == "" || f.Text == "" || (f.Level != checkup.OK) != (f.Advice != "") || f.Advice != "" && !strings.HasSuffix(f.Advice, ".") {
			t.Errorf("finding without words: %+v", f)
		}
	}
	return report
}

// says fails when no finding of the subject and level holds the words.
func says(t *testing.T, r checkup.Report, subject string, level checkup.Level, words ...string) {
	t.Helper()
	f := finding(t, r, subject, level)
	for _, w := range words {
		if !strings.Contains(f.Text+". "+f.Advice, w) {
			t.Errorf("%s: %s. %s\nwant %q", subject, f.Text, f.Advice, w)
		}
	}
}

func changedPassword() mirthtest.Config {
	return mirthtest.Config{Users: []mirthtest.User{{Name: "admin", Password: "other than admin"}}}
}

func TestGatewayIsWell(t *testing.T) {
	t.Parallel()
	s := newSite(t, changedPassword())
	report := s.run(t)
	if !report.OK() || report.Count(checkup.Warn) != 0 {
		t.Errorf("not well:\n%s", list(report))
	}
	says(t, report, "primary.upstream", checkup.OK, "answers at "+s.config.Engine.Base().Host, "4.5.2")
	says(t, report, "engine version", checkup.OK, "4.5.2 is not older than 4.4.1")
	says(t, report, "engine account admin", checkup.OK, "does not take")
	says(t, report, "engine addresses", checkup.OK, "none of 3 other", "past the gateway")
	if n := s.Sessions(); n != 0 {
		t.Errorf("%d sessions are left at the engine", n)
	}
}

// Threat T145: engines with known holes are named, and what to do.
func TestEngineVersion(t *testing.T) {
	t.Parallel()
	for version, row := range map[string]struct {
		level checkup.Level
		loose bool
	}{
		"4.4.0": {checkup.Fail, false}, "4.3.9": {checkup.Fail, false}, "3.12.0": {checkup.Fail, false}, "4": {checkup.Fail, false},
		"4.4.0-1": {checkup.Fail, false}, "4.4.1": {checkup.OK, false}, "4.4.1.1": {checkup.OK, false}, "4.4.10": {checkup.OK, false},
		"4.10.0": {checkup.OK, false}, "26.1": {checkup.OK, false}, "4.5.2-SNAPSHOT": {checkup.OK, false},
	} {
		c := changedPassword()
		c.Version = version
		s := newSite(t, c)
		words := []string{version}
		if row.level == checkup.Fail {
			words = append(words, "older than 4.4.1", "CVE-2023-43208", "Update the engine")
		}
		report := s.run(t)
		says(t, report, "engine version", row.level, words...)
		if report.OK() != (row.level == checkup.OK) {
			t.Errorf("%s: OK = %v", version, report.OK())
		}
		s.config.AllowOutdated = true
		if row.level == checkup.Fail {
			says(t, s.run(t), "engine version", checkup.Warn, "allow_outdated", "Update the engine")
		}
	}
}

// Threat T015: the password that the engine came with is found, whatever the
// engine says behind it.
func TestDefaultPassword(t *testing.T) {
	t.Parallel()
	admin := mirthtest.User{Name: "admin", Password: "admin"}
	grace, expired, own := admin, admin, admin
	grace.Grace, expired.Expired, own.ExtendedLogin = "change it", true, true
	for name, row := range map[string]struct {
		user  mirthtest.User
		level checkup.Level
		words []string
	}{
		"as delivered":    {admin, checkup.Fail, []string{"still takes", "Change the password of admin"}},
		"in grace period": {grace, checkup.Fail, []string{"still takes"}},
		"expired":         {expired, checkup.Fail, []string{"has expired but is still"}},
		"with own MFA":    {own, checkup.Fail, []string{"second factor of its own"}},
		"changed":         {mirthtest.User{Name: "admin", Password: "x"}, checkup.OK, []string{"does not take"}},
		"gone":            {mirthtest.User{Name: "root", Password: "admin"}, checkup.OK, []string{"does not take"}},
	} {
		s := newSite(t, mirthtest.Config{Users: []mirthtest.User{row.user}})
		report := s.run(t)
		says(t, report, "engine account admin", row.level, row.words...)
		if s.Sessions() != 0 {
			t.Errorf("%s: a session is left at the engine", name)
		}
	}
	c := changedPassword()
	c.MaxFailures = 2
	s := newSite(t, c)
	says(t, s.run(t), "engine account admin", checkup.OK, "does not take")
	says(t, s.run(t), "engine account admin", checkup.Warn, "locked", "when the account is unlocked")
}

// Threat T146: an engine that answers beside the gateway is found, with the
// address and what to do.
func TestEngineElsewhere(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		host  string
		words []string
	}{
		"public address":     {"192.0.2.7", []string{"192.0.2.7", "mirth.example.org of public_urls"}},
		"public, IPv6":       {"2001:db8::7", []string{"[2001:db8::7]:", "mirth.example.org of public_urls"}},
		"interface":          {"10.0.0.5", []string{"10.0.0.5", "this machine", "127.0.0.1 alone"}},
		"loopback is no way": {"127.0.0.1", nil},
	} {
		s := newSite(t, changedPassword())
		s.routes[s.at(row.host)] = s.config.Engine.Base().Host
		report := s.run(t)
		if row.words == nil {
			says(t, report, "engine addresses", checkup.OK)
			continue
		}
		says(t, report, "engine addresses", checkup.Fail, append(row.words, "past the gateway", "needs no second factor")...)
		if report.OK() {
			t.Errorf("%s: all is well", name)
		}
	}
	// The same without TLS.
	c := changedPassword()
	c.Plain = true
	s := newSite(t, c)
	s.routes[s.at("10.0.0.5")] = s.config.Engine.Base().Host
	says(t, s.run(t), "engine addresses", checkup.Fail, "10.0.0.5")
	// All the others are told too.
	s.routes[s.at("192.0.2.7")] = s.config.Engine.Base().Host
	if n := s.run(t).Count(checkup.Fail); n != 2 {
		t.Errorf("%d failures, want one for each address", n)
	}
}

// What answers at the port but is not the engine is nothing to fail for.
func TestOthersAtTheEnginesPort(t *testing.T) {
	t.Parallel()
	serve := func(text string) *httptest.Server {
		other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
		t.Cleanup(other.Close)
		return other
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing is lost
	web, same, old := serve("<html>"), serve("4.5.2\n"), serve("4.4.0")
	for name, row := range map[string]struct {
		to    string
		own   *x509.Certificate
		level checkup.Level
	}{
		"a web page":                   {web.Listener.Addr().String(), nil, checkup.OK},
		"another version":              {old.Listener.Addr().String(), nil, checkup.OK},
		"the same version":             {same.Listener.Addr().String(), nil, checkup.Warn},
		"this gateway":                 {same.Listener.Addr().String(), same.Certificate(), checkup.OK},
		"takes connections, no answer": {silent.Addr().String(), nil, checkup.OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, changedPassword())
			s.config.Certificate, s.routes[s.at("10.0.0.5")] = row.own, row.to
			report := s.run(t)
			says(t, report, "engine addresses", row.level)
			if !report.OK() {
				t.Errorf("not well:\n%s", list(report))
			}
		})
	}
}

// The gateway's own public port is not searched for the engine; an engine whose
// own address is public is found there.
func TestPublicPorts(t *testing.T) {
	t.Parallel()
	s := newSite(t, changedPassword())
	s.config.PublicURLs = []string{"https://" + s.at("mirth.example.org")}
	s.config.Interfaces = func() ([]netip.Addr, error) { return nil, nil }
	s.routes[s.at("192.0.2.7")] = s.config.Engine.Base().Host
	says(t, s.run(t), "engine addresses", checkup.OK, "none of 0 other")

	// Names that nobody knows leave a gap, and it is told.
	s.config.PublicURLs = []string{"https://elsewhere.example.org"}
	s.config.Interfaces = func() ([]netip.Addr, error) { return nil, errors.New("not permitted") }
	report := s.run(t)
	says(t, report, "engine addresses", checkup.Warn, "elsewhere.example.org")
	if report.Count(checkup.Warn) != 2 || !report.OK() {
		t.Errorf("want two warnings:\n%s", list(report))
	}
}

func TestEngineUnreached(t *testing.T) {
	t.Parallel()
	s := newSite(t, changedPassword())
	untrusted, err := engine.New(engine.Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer untrusted.Close()
	s.config.Engine = untrusted
	says(t, s.run(t), "primary.upstream", checkup.Fail, "not trusted", "ca_file", "pin_sha256")

	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	other, err := engine.New(engine.Config{URL: web.URL, CA: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s.config.Engine = other
	says(t, s.run(t), "primary.upstream", checkup.Fail, "url of primary.upstream")

	s = newSite(t, changedPassword())
	s.Kill()
	report := s.run(t)
	says(t, report, "primary.upstream", checkup.Fail, "cannot be reached", "Start the engine")
	if len(report.Findings) != 1 {
		t.Errorf("want the engine alone:\n%s", list(report))
	}
}

// Threat T014: exemptions are listed with owner and end; one without is a
// failure.
func TestExemptions(t *testing.T) {
	t.Parallel()
	row := func(name, owner string, until time.Time) checkup.Exemption {
		return checkup.Exemption{
			Name: name, Users: []string{"backup", "monitor"}, Networks: []string{"10.0.0.0/24"}, Owner: owner, Reason: "nightly export", Until: until,
		}
	}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	report := checkup.Report{Findings: checkup.Exemptions([]checkup.Exemption{
		row("good", "Ops", now.AddDate(0, 6, 0)), row("soon", "Ops", now.AddDate(0, 0, 3)), row("over", "Ops", now),
		row("nobodys", "", now.AddDate(1, 0, 0)), row("endless", "Ops", time.Time{}),
	}, now)}
	says(t, report, "exemptions.good", checkup.OK, "backup, monitor, from 10.0.0.0/24, with a password alone", "until 2026-11-01T12:00:00Z", "owner Ops (nightly export)")
	says(t, report, "exemptions.soon", checkup.Warn, "only until 2026-05-04", "Ask Ops")
	says(t, report, "exemptions.over", checkup.Warn, "over since 2026-05-01", "Take it out")
	says(t, report, "exemptions.nobodys", checkup.Fail, "no owner or no end")
	says(t, report, "exemptions.endless", checkup.Fail, "no owner or no end")
}

// An engine that never answers does not hold the check up.
func TestGatewayTimeIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t, changedPassword())
	s.Misbehave(mirthtest.Faults{Wait: time.Minute})
	s.config.Timeout = 50 * time.Millisecond
	says(t, s.run(t), "primary.upstream", checkup.Fail, "cannot be reached")
}

// Without a network of a test, the machine's own is used.
func TestGatewayOnThisMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t, changedPassword())
	report := checkup.Gateway(t.Context(), checkup.GatewayConfig{Engine: s.config.Engine, PublicURLs: []string{"https://localhost:1"}})
	if !report.OK() {
		t.Errorf("an engine on 127.0.0.1 alone:\n%s", list(report))
	}
}
