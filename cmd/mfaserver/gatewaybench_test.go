package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/mirth/mirthtest"
)

// gatewayBench is a gateway in a process of its own, with its engine and the
// simulator in this one, so that both can be looked at and disturbed.
type gatewayBench struct {
	duo    *duotest.Server
	engine *mirthtest.Server
	*process
	server, config string
	caFiles        []string
	// env is added to the environment of the server.
	env []string
}

// gatewayPassword is the password of every user of the engine.
const gatewayPassword = "correct horse battery"

// gatewayBypass is a bypass code that every user has.
const gatewayBypass = "123456789"

const gatewayConfig = `listen: "127.0.0.1:%[1]d"
public_urls: ["https://127.0.0.1:%[1]d"]
data_dir: %[2]q
limits_factor: 100
primary: {upstream: {url: %[3]q, ca_file: %[4]q}}
administrators: [alice]
duo:
  simulator: true
  ca: %[5]q
  universal: {client_id: %[7]s, client_secret: %[8]s, api_hostname: %[6]q}
  auth: {integration_key: %[9]s, secret_key: %[10]s, api_hostname: %[6]q}
rules:
  - {name: careful, users: [carol], allow: [prompt], clients: []}
  - name: everybody
    allow: [prompt, push, passcode, code]
    clients:
      - {user_agent: "*(Mirth Server Connection)*", mode: push}
`

// startGateway starts all three. change, when not nil, alters the
// configuration.
func startGateway(t *testing.T, users []string, change func(string) string) *gatewayBench {
	t.Helper()
	b := &gatewayBench{}
	b.begin(t, users, change)
	return b
}

// begin is startGateway of a bench that has something already.
func (b *gatewayBench) begin(t *testing.T, users []string, change func(string) string) {
	t.Helper()
	c := duotest.Config{Auto: duotest.Approve}
	accounts := make([]mirthtest.User, 0, len(users))
	for i, name := range users {
		c.Users = append(c.Users, duotest.User{Name: name, BypassCodes: []string{gatewayBypass}, Phones: []duotest.Phone{{Number: fmt.Sprintf("+1734555%04d", 100+i), Activated: true}}})
		accounts = append(accounts, mirthtest.User{Name: name, Password: gatewayPassword})
	}
	var err error
	if b.duo, err = duotest.NewServer(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.duo.Close)
	b.engine = mirthtest.NewServer(mirthtest.Config{Users: accounts})
	t.Cleanup(b.engine.Close)
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	port, keys := freePort(t), b.duo.Credentials()
	duoCA := file("duo.pem", b.duo.CA().CertPEM())
	text := fmt.Sprintf(gatewayConfig, port, dir, b.engine.URL, file("engine.pem", b.engine.CAPEM()), duoCA, b.duo.APIHost,
		keys.ClientID, keys.ClientSecret, keys.AuthKey, keys.AuthSecret)
	if change != nil {
		text = change(text)
	}
	b.config = file("mfaserver.yaml", []byte(text))
	b.server, b.caFiles = fmt.Sprintf("https://127.0.0.1:%d", port), []string{filepath.Join(dir, "tls.crt"), duoCA}
	b.serve(t)
}

// serve starts the gateway, for the first time or once more.
func (b *gatewayBench) serve(t *testing.T) {
	t.Helper()
	b.process = startWith(t, b.env, "msg=ready", "--config", b.config, "serve")
}

func (b *gatewayBench) client(t *testing.T) *apiClient {
	t.Helper()
	return newAPIClient(t, b.server, b.caFiles...)
}

// oneCall logs in with one call.
func (c *apiClient) oneCall(t *testing.T, username, password, agent string) answer {
	t.Helper()
	return c.do(t, http.MethodPost, c.server+"/api/users/_login",
		url.Values{"username": {username}, "password": {password}}, http.Header{"User-Agent": {agent}})
}

func (c *apiClient) get(t *testing.T, path string) answer {
	t.Helper()
	return c.do(t, http.MethodGet, c.server+path, nil, nil)
}

// createToken makes a service token with the command.
func (b *gatewayBench) createToken(t *testing.T, args ...string) string {
	t.Helper()
	all := append([]string{"--config", b.config, "tokens", "create", "test", "--owner", "alice", "--password-file", "-"}, args...)
	r := runCommand(t, gatewayPassword+"\n", all...)
	for line := range strings.Lines(r.stdout) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "mfat_"); ok {
			return "mfat_" + value
		}
	}
	t.Fatalf("tokens create = %d %s%s", r.code, r.stdout, r.stderr)
	return ""
}

// eventually waits until something holds that another process does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}
