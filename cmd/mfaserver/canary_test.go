package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/canary"
)

// outlets are where a whole run of a gateway leaves anything.
type outlets struct {
	*gatewayBench
	set     canary.Set
	syslog  *lockedBuffer
	webhook *lockedBuffer
	answers *lockedBuffer
	printed *lockedBuffer
	pages   *lockedBuffer
	metrics string
	// panicFile lets requests panic while it is there.
	panicFile string
}

// secretHook signs what the webhook gets.
const secretHook = "canary-webhook-secret-8Jq2vXw0Lr"

// newOutlets starts a gateway that says as much as it can, to everybody who can
// be told.
func newOutlets(t *testing.T, store string) *outlets {
	t.Helper()
	o := &outlets{syslog: &lockedBuffer{}, webhook: &lockedBuffer{}, answers: &lockedBuffer{}, printed: &lockedBuffer{}, pages: &lockedBuffer{}}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.Write(o.webhook)
	}))
	t.Cleanup(hook.Close)
	sink, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	go func() {
		for {
			conn, err := sink.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(o.syslog, conn) }()
		}
	}()
	o.metrics = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	o.panicFile = filepath.Join(t.TempDir(), "panic")
	o.gatewayBench = &gatewayBench{env: []string{panicFile + "=" + o.panicFile}}
	o.begin(t, []string{"alice", "bob"}, func(text string) string {
		secret := filepath.Join(filepath.Dir(configPath(text)), "hook.secret")
		if err := os.WriteFile(secret, []byte(secretHook), 0o600); err != nil {
			t.Fatal(err)
		}
		keys := o.duo.Credentials()
		text = strings.Replace(text, "rules:\n", fmt.Sprintf("  admin: {integration_key: %s, secret_key: %s, api_hostname: %q}\nrules:\n", keys.AdminKey, keys.AdminSecret, o.duo.APIHost), 1)
		return text + store + fmt.Sprintf("log: {level: debug}\nmetrics: {listen: %q}\naudit:\n  syslog: {url: \"tcp://%s\"}\n  webhook: {url: %q, secret_file: %q}\n",
			o.metrics, sink.Addr(), hook.URL, secret)
	})
	return o
}

// add notes secrets.
func (o *outlets) add(t *testing.T, name string, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := o.set.Add(name, v); err != nil {
			t.Fatal(err)
		}
	}
}

// heard keeps what the server answers, but for what the answer is there to hand
// over: cookies, the prompt's URL and the page that shows the login data.
type heard struct {
	next http.RoundTripper
	o    *outlets
}

func (h heard) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.next.RoundTrip(r)
	if err != nil || r.URL.Host != strings.TrimPrefix(h.o.server, "https://") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	hand := resp.Header.Get("Location") != "" || resp.Header.Get("Refresh") != "" || strings.HasSuffix(r.URL.Path, "/duocallback") ||
		strings.HasPrefix(r.URL.Path, "/mfa/") || bytes.Contains(body, []byte("DuoLoginStatus"))
	header := resp.Header.Clone()
	header.Del("Set-Cookie")
	if !hand {
		_ = header.Write(h.o.answers)
		_, _ = h.o.answers.Write(body)
	}
	return resp, err
}

// listening is a client whose answers are kept.
func (o *outlets) listening(t *testing.T) *apiClient {
	t.Helper()
	c := o.client(t)
	c.http.Transport = heard{c.http.Transport, o}
	return c
}

// run is a command whose output is kept.
func (o *outlets) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	r := runCommand(t, stdin, append([]string{"--config", o.config}, args...)...)
	_, _ = io.WriteString(o.printed, r.stdout+r.stderr)
	return r
}

// cookies notes what the client holds.
func (o *outlets) cookies(t *testing.T, c *apiClient) {
	t.Helper()
	for _, path := range []string{"/api/users", "/mfa/"} {
		u, err := url.Parse(o.server + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range c.http.Jar.Cookies(u) {
			if len(cookie.Value) > 16 {
				o.add(t, "cookie "+cookie.Name, cookie.Value)
			}
		}
	}
}

// twoCalls signs in with the prompt, with each refusal on the way, and notes
// what was handed over.
func (o *outlets) twoCalls(t *testing.T) {
	t.Helper()
	c := o.listening(t)
	c.first(t, "alice", "wrong-canary-password-77")
	o.add(t, "wrong password", "wrong-canary-password-77")
	status := c.challenge(t, "alice", gatewayPassword)
	u, err := url.Parse(status.AuthURL)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(u.Query().Get("request"), ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var request struct{ State, Nonce string }
	if err := json.Unmarshal(claims, &request); err != nil {
		t.Fatal(err)
	}
	o.add(t, "signed request", parts[2])
	o.add(t, "state", request.State)
	o.add(t, "nonce", request.Nonce)
	o.cookies(t, c)
	data := c.approve(t, "alice", status)
	o.loginData(t, data)
	stranger := o.listening(t)
	stranger.second(t, "bob", data)
	stranger.second(t, "alice", strings.Replace(data, "SUCCESS", "FAIL", 1))
	if a := c.second(t, "alice", data); a.status != http.StatusOK {
		t.Fatalf("second call = %d %s", a.status, a.body)
	}
	o.cookies(t, c)
	c.second(t, "alice", data)
	o.add(t, "engine's session", o.engine.Cookies()...)
	c.get(t, "/api/channels")
	c.get(t, "/api/../users/_login?password="+url.QueryEscape(gatewayPassword))
	c.do(t, http.MethodPost, c.server+"/api/users/_login?password="+url.QueryEscape(gatewayPassword), url.Values{"username": {gatewayPassword}}, nil)
	c.do(t, http.MethodGet, c.server+"/api/extensions/mfa/admin/v1/orgs", nil, nil)
	c.do(t, http.MethodGet, c.server+"/api/extensions/mfa/duocallback?state="+request.State+"&duo_code=x&error=y", nil, nil)
	c.logout(t)
}

// otherWays signs in by each way with one call.
func (o *outlets) otherWays(t *testing.T) {
	t.Helper()
	glass := runCommand(t, "", "--config", o.config, "tokens", "break-glass", "bob", "--codes", "1", "--reason", "canary", "--yes")
	code, _, _ := strings.Cut(glass.stdout, "\n")
	token := o.createToken(t, "--user", "alice")
	o.add(t, "break-glass code", code)
	o.add(t, "service token", token)
	browser := o.listening(t)
	signIn := browser.signInCode(t, "alice", gatewayPassword)
	o.add(t, "sign-in code", signIn)
	o.cookies(t, browser)
	for _, way := range []struct{ username, password, agent string }{
		{"alice", gatewayPassword, javaAgent},
		{"bob", gatewayPassword + "," + gatewayBypass, "curl/7.88.1"},
		{"bob", gatewayPassword + "," + code, "curl/7.88.1"},
		{"bob", gatewayPassword + "," + code, "curl/7.88.1"}, // once only
		{"alice", token, "curl/7.88.1"},
		{"alice", signIn, "curl/7.88.1"},
		{"alice", signIn, "curl/7.88.1"},
		{gatewayPassword, gatewayPassword, "curl/7.88.1"}, // in the wrong field
	} {
		c := o.listening(t)
		c.oneCall(t, way.username, way.password, way.agent)
		o.cookies(t, c)
		o.add(t, "engine's session", o.engine.Cookies()...)
		c.get(t, "/api/channels")
		if way.agent != javaAgent {
			c.logout(t)
		}
	}
}

// collect ends the run with the dump of all goroutines and returns what it left,
// by place.
func (o *outlets) collect(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	figures, err := http.Get("http://" + o.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	all["metrics"], err = io.ReadAll(figures.Body)
	if err = errors.Join(err, figures.Body.Close()); err != nil || len(all["metrics"]) == 0 {
		t.Fatalf("metrics: %v", err)
	}
	for _, name := range []string{"cmdline", "environ"} {
		if all["/proc "+name], err = os.ReadFile(fmt.Sprintf("/proc/%d/%s", o.cmd.Process.Pid, name)); err != nil {
			t.Logf("%s cannot be read: %v", name, err)
		}
	}
	o.run(t, "", "audit", "show", "--output", "json", "--limit", "1000")
	o.run(t, "", "audit", "report", "--since", "24h")
	o.run(t, "", "sessions", "list", "--output", "json")
	o.run(t, "", "tokens", "list", "--output", "json")
	o.run(t, "", "check", "--config-only")
	o.run(t, "", "--config", "/nowhere", "check")
	last := "session.ended"
	eventually(t, "the sinks have the end", func() bool {
		return strings.Contains(o.syslog.String(), last) && strings.Contains(o.webhook.String(), last)
	})
	if err := o.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-o.ended:
	case <-time.After(startTimeout):
		t.Fatal("the server was quit and goes on")
	}
	all["log and dump"], all["syslog"], all["webhook"] = []byte(o.log.String()), []byte(o.syslog.String()), []byte(o.webhook.String())
	all["pages"] = []byte(o.pages.String())
	all["answers"], all["output of commands"] = []byte(o.answers.String()), []byte(o.printed.String())
	o.files(t, all)
	return all
}

// files are what lies in the data folder, but for the keys and what the test put
// there.
func (o *outlets) files(t *testing.T, all map[string][]byte) {
	t.Helper()
	dir := filepath.Dir(o.config)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		switch {
		case path == "mfaserver.yaml", path == "hook.secret", path == "tls.key":
			return nil
		case strings.HasPrefix(path, "keys/"):
			key, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				return err
			}
			o.add(t, path, strings.TrimSpace(string(key)))
			return nil
		}
		all[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Threats T052, T167, T168, T193: a whole run at debug level, with every way in,
// wrong and right, and no secret is anywhere but where it belongs: not in the log
// and the dump of a crash, the trail and its sinks, the figures, the answers, the
// output of commands, the process's arguments and environment, the pages, nor in
// the store, be it a file or Redis. Requests panic on the way.
func TestCanariesStayHidden(t *testing.T) {
	t.Parallel()
	t.Run("a file", func(t *testing.T) {
		t.Parallel()
		newOutlets(t, "").scan(t, nil)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		server, dir, config := redisStore(t)
		newOutlets(t, config).scan(t, func(o *outlets, all map[string][]byte) {
			o.add(t, "password of redis", secretRedis)
			dumpRedis(t, server, dir, all)
			delete(all, "data.db")
			for _, place := range []string{"redis, now", "redis, written"} {
				if len(all[place]) < 100 {
					t.Errorf("%s holds %d bytes: it shows nothing", place, len(all[place]))
				}
			}
		})
	})
}

// scan plays everything and looks at what it left; also adds what else there is.
func (o *outlets) scan(t *testing.T, also func(o *outlets, all map[string][]byte)) {
	t.Helper()
	keys := o.duo.Credentials()
	o.add(t, "secret key of administration", keys.AdminSecret)
	o.add(t, "password", gatewayPassword)
	o.add(t, "bypass code", gatewayBypass)
	o.add(t, "webhook's secret", secretHook)
	o.add(t, "client secret", keys.ClientSecret)
	o.add(t, "secret key", keys.AuthSecret)
	o.twoCalls(t)
	o.otherWays(t)
	o.portal(t)
	o.console(t)
	o.enrols(t)
	o.panics(t)
	all := o.collect(t)
	if also != nil {
		also(o, all)
	} else if len(all["data.db"]) < 100 {
		t.Error("there is no store")
	}
	for _, place := range []string{"log and dump", "syslog", "webhook", "answers", "output of commands", "pages", "metrics"} {
		if len(all[place]) < 100 {
			t.Errorf("%s holds %d bytes: it shows nothing", place, len(all[place]))
		}
	}
	if n := len(o.set.Names()); n < 20 {
		t.Errorf("%d secrets are looked for: %v", n, o.set.Names())
	}
	for place, data := range all {
		for _, f := range o.set.Scan(place, data) {
			t.Error(f)
		}
		o.planted(t, place, data)
	}
}

// planted puts a secret into a copy of each place and expects it to be found.
func (o *outlets) planted(t *testing.T, place string, data []byte) {
	t.Helper()
	half := len(data) / 2
	for _, plant := range []string{gatewayPassword, base64.StdEncoding.EncodeToString([]byte("alice:" + gatewayPassword)), url.QueryEscape(gatewayPassword)} {
		with := bytes.Join([][]byte{data[:half], []byte(plant), data[half:]}, nil)
		if len(o.set.Scan(place, with)) == 0 {
			t.Errorf("%s: a planted secret is not found", place)
		}
	}
}
