package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/secret"
)

// answerBudget is how long a first call may take with Duo in any trouble.
const answerBudget = 12 * time.Second

// serveWith runs `serve` against a simulator in this process, with one user,
// and returns a client of it.
func serveWith(t *testing.T, duo *duotest.Server, change func(config string) string) (*process, *apiClient) {
	t.Helper()
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	port := freePort(t)
	config := fmt.Sprintf(`listen: "127.0.0.1:%d"
public_urls: ["https://127.0.0.1:%d"]
data_dir: %q
duo:
  simulator: true
  ca: %q
  universal: {client_id: %q, client_secret_file: %q, api_hostname: %q}
`, port, port, dir, file("ca.pem", duo.CA().CertPEM()), duo.Credentials().ClientID,
		file("secret", []byte(duo.Credentials().ClientSecret)), duo.APIHost)
	if change != nil {
		config = change(config)
	}
	path := file("mfaserver.yaml", []byte(config))
	r := runCommand(t, "correct horse battery\n", "--config", path, "users", "add", "test1", "--password-file", "-")
	if r.code != 0 {
		t.Fatalf("users add = %d %s", r.code, r.stderr)
	}
	p := start(t, "msg=ready", "--config", path, "serve")
	return p, newAPIClient(t, fmt.Sprintf("https://127.0.0.1:%d", port), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "ca.pem"))
}

func newDuo(t *testing.T) *duotest.Server {
	t.Helper()
	duo, err := duotest.NewServer(duotest.Config{
		Auto:  duotest.Approve,
		Users: []duotest.User{{Name: "test1", Phones: []duotest.Phone{{Number: "+17345550100", Activated: true}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(duo.Close)
	return duo
}

// configPath finds the configuration file by the folder that it names.
func configPath(config string) string {
	const key = `data_dir: "`
	at := strings.Index(config, key) + len(key)
	return filepath.Join(config[at:at+strings.IndexByte(config[at:], '"')], "mfaserver.yaml")
}

// Threats T093, T097, T099, T100, fault R17: whatever ails Duo, the first call answers in
// time and lets nobody in, and the operator's log names the ailment.
func TestDuoTrouble(t *testing.T) {
	t.Parallel()
	garbage := "<html>Welcome to the guest network</html>"
	tests := []struct {
		name   string
		faults duotest.Faults
		change func(config string) string
		log    string
	}{
		{"wrong client secret", duotest.Faults{}, wrongSecret, "class=misconfigured"},
		{"wrong clock", duotest.Faults{ClockOffset: 6 * time.Minute}, nil, "class=clock_skew"},
		{"Duo down", duotest.Faults{Connection: duotest.ConnectionFaults{Refuse: true}}, nil, "class=outage"},
		{"Duo slow", duotest.Faults{HealthCheck: duotest.AnswerFaults{Hang: true}}, nil, "class=outage"},
		{"Duo answers 503", duotest.Faults{HealthCheck: duotest.AnswerFaults{Status: http.StatusServiceUnavailable}}, nil, "class=outage"},
		{"Duo answers garbage", duotest.Faults{HealthCheck: duotest.AnswerFaults{Body: &garbage}}, nil, "class=malformed"},
		{"somebody else at Duo's address", duotest.Faults{Connection: duotest.ConnectionFaults{Certificate: duotest.CertificateUntrusted}}, nil, "class=untrusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			duo := newDuo(t)
			p, c := serveWith(t, duo, tt.change)
			duo.SetFaults(tt.faults)
			a := c.first(t, "test1", "correct horse battery")
			if a.elapsed > answerBudget {
				t.Errorf("first call took %v, want at most %v", a.elapsed, answerBudget)
			}
			if a.status != http.StatusUnauthorized || !strings.Contains(a.body, "<status>FAIL</status>") ||
				!strings.Contains(a.body, "econd factor") || strings.Contains(a.body, "DuoLoginStatus") {
				t.Errorf("first call = %d %s, want 401 FAIL for want of a second factor", a.status, a.body)
			}
			if cookies := a.header.Values("Set-Cookie"); len(cookies) != 0 {
				t.Errorf("first call set %q, want no cookie", cookies)
			}
			if code := p.stop(t); code != 0 {
				t.Errorf("exit code = %d, want 0", code)
			}
			if !strings.Contains(p.log.String(), tt.log) {
				t.Errorf("the log does not say %q:\n%s", tt.log, p.log)
			}
		})
	}
}

func wrongSecret(config string) string {
	const key = `client_secret_file: "`
	at := strings.Index(config, key) + len(key)
	path := config[at : at+strings.IndexByte(config[at:], '"')]
	data := bytes.Repeat([]byte("w"), 40)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		panic(err)
	}
	return config
}

// Fault R17: Duo comes back, and the next login works with no restart. Threat
// T163: there is no key of the Admin API, and logins need none.
func TestDuoRecovers(t *testing.T) {
	t.Parallel()
	duo := newDuo(t)
	_, c := serveWith(t, duo, nil)
	duo.SetFaults(duotest.Faults{Connection: duotest.ConnectionFaults{Refuse: true}})
	if a := c.first(t, "test1", "correct horse battery"); a.status != http.StatusUnauthorized {
		t.Fatalf("first call with Duo down = %d, want 401", a.status)
	}
	duo.SetFaults(duotest.Faults{})
	c.login(t, "test1", "correct horse battery")
}

// Threat T040: the client secret is exchanged while a login is under way. That
// login gets nothing, and with the secret that Duo knows the next one works.
func TestSecretIsExchanged(t *testing.T) {
	t.Parallel()
	duo := newDuo(t)
	var config string
	p, c := serveWith(t, duo, func(text string) string { config = text; return text })
	data := c.approve(t, "test1", c.challenge(t, "test1", "correct horse battery"))
	again := func() {
		t.Helper()
		if code := p.stop(t); code != 0 {
			t.Fatalf("exit code = %d, want 0", code)
		}
		p = start(t, "msg=ready", "--config", configPath(config), "serve")
	}
	wrongSecret(config)
	again()
	if a := c.second(t, "test1", data); a.status != http.StatusUnauthorized || strings.Contains(strings.Join(a.header.Values("Set-Cookie"), " "), "JSESSIONID=") {
		t.Errorf("second call = %d %s with %q, want 401 and no session", a.status, a.body, a.header.Values("Set-Cookie"))
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(configPath(config)), "secret"), []byte(duo.Credentials().ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	again()
	c.login(t, "test1", "correct horse battery")
}

// Threat T040: Duo makes a new client secret while a login is under way, which
// ends the old one at once. That login is refused, for what Duo would sign for
// it now is not signed with the secret that began it; the next one works.
func TestSecretIsExchangedAtDuo(t *testing.T) {
	t.Parallel()
	duo := newDuo(t)
	var config string
	p, c := serveWith(t, duo, func(text string) string { config = text; return text })
	data := c.approve(t, "test1", c.challenge(t, "test1", "correct horse battery"))
	k := duo.Credentials()
	ca, err := duoclient.CAPEM(duo.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	admin, err := duoclient.NewAdmin(duoclient.APIConfig{
		IntegrationKey: k.AdminKey, SecretKey: secret.New(k.AdminSecret), APIHost: duo.APIHost, CA: ca, Simulator: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := admin.Integrations.Update(t.Context(), k.ClientID, duoclient.IntegrationParams{ResetSecretKey: true})
	if err != nil || fresh.SecretKey.Reveal() == k.ClientSecret {
		t.Fatalf("the secret was not exchanged: %v", err)
	}
	if code := p.stop(t); code != 0 {
		t.Fatalf("exit code = %d, want 0", code)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(configPath(config)), "secret"), []byte(fresh.SecretKey.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "msg=ready", "--config", configPath(config), "serve")
	if a := c.second(t, "test1", data); a.status != http.StatusUnauthorized {
		t.Fatalf("second call with the new secret = %d %s, want 401", a.status, a.body)
	}
	c.alive(t, false)
	c.login(t, "test1", "correct horse battery")
}
