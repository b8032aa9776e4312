package main_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

// javaAgent is how the engine's own Java client names itself.
const javaAgent = "Jersey/2.22.1 (Mirth Server Connection)"

// The two calls through the gateway, under both base paths: the engine is used
// with a session of its own, which nobody sees.
func TestGatewayTwoCalls(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	c := b.client(t)
	if a := c.current(t); a.status != http.StatusUnauthorized {
		t.Fatalf("users/current before the login = %d, want 401", a.status)
	}
	if n := b.engine.Sessions(); n != 0 {
		t.Fatalf("%d sessions at the engine before the login", n)
	}
	a := c.login(t, "alice", gatewayPassword)
	if !strings.Contains(a.body, "<status>SUCCESS</status>") {
		t.Fatalf("second call answered %s", a.body)
	}
	for _, path := range []string{"/api/users/current", "/api/4.5.2/users/current", "/api/4.4.1/users/current"} {
		if a := c.get(t, path); a.status != http.StatusOK || !strings.Contains(a.body, "<username>alice</username>") {
			t.Errorf("%s = %d %s", path, a.status, a.body)
		}
	}
	if a := c.get(t, "/api/channels"); a.status != http.StatusOK {
		t.Errorf("channels = %d", a.status)
	}
	if a := c.logout(t); a.status != http.StatusNoContent {
		t.Errorf("_logout = %d, want 204", a.status)
	}
	if a := c.current(t); a.status != http.StatusUnauthorized {
		t.Errorf("users/current after the logout = %d, want 401", a.status)
	}
	eventually(t, "the engine's session is logged out", func() bool { return b.engine.Sessions() == 0 })
}

// Every way in with one call, and what it opens.
func TestGatewayOneCall(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	glass := runCommand(t, "", "--config", b.config, "tokens", "break-glass", "bob", "--codes", "1", "--reason", "test", "--yes")
	if glass.code != 0 {
		t.Fatalf("break-glass = %d %s", glass.code, glass.stderr)
	}
	value := b.createToken(t, "--user", "alice")
	for _, way := range []struct{ name, username, password, agent string }{
		{"push for the Administrator", "alice", gatewayPassword, javaAgent},
		{"appended push", "alice", gatewayPassword + ",push", "curl/7.88.1"},
		{"appended passcode", "bob", gatewayPassword + "," + gatewayBypass, "curl/7.88.1"},
		{"break-glass code", "bob", gatewayPassword + "," + strings.SplitN(glass.stdout, "\n", 2)[0], "curl/7.88.1"},
		{"service token as password", "alice", value, "curl/7.88.1"},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := b.client(t)
			a := c.oneCall(t, way.username, way.password, way.agent)
			parsed, err := mirth.ParseLoginStatus([]byte(a.body), a.header.Get("Content-Type"))
			status, plain := parsed.(mirth.LoginStatus)
			if err != nil || a.status != http.StatusOK || !plain || status.Status != mirth.StatusSuccess {
				t.Fatalf("_login = %d %s", a.status, a.body)
			}
			if a := c.current(t); a.status != http.StatusOK || !strings.Contains(a.body, "<username>"+way.username+"</username>") {
				t.Errorf("users/current = %d %s", a.status, a.body)
			}
			if a := c.logout(t); a.status != http.StatusNoContent {
				t.Errorf("_logout = %d, want 204", a.status)
			}
		})
	}
}

// Threat T018: a service token is taken as Basic password and as Bearer,
// without X-Requested-With; a person's password is not.
func TestGatewayTokenPerRequest(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	value := b.createToken(t, "--user", "alice", "--read-only", "--path", "/channels")
	basic := func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:"+password))
	}
	for _, c := range []struct {
		name, authorization, method, path string
		want                              int
	}{
		{"bearer", "Bearer " + value, "GET", "/api/channels", 200},
		{"basic", basic(value), "GET", "/api/channels", 200},
		{"versioned", basic(value), "GET", "/api/4.5.2/channels", 200},
		{"outside of its paths", "Bearer " + value, "GET", "/api/users", 403},
		{"writing", "Bearer " + value, "POST", "/api/channels/_deploy", 403},
		{"a person's password", basic(gatewayPassword), "GET", "/api/channels", 400},
	} {
		client := b.client(t)
		r, err := http.NewRequestWithContext(t.Context(), c.method, b.server+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", c.authorization)
		resp, err := client.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: %s %s = %d, want %d", c.name, c.method, c.path, resp.StatusCode, c.want)
		}
	}
}

// What a client says of itself chooses among what its user may do and nothing
// else: carol's rule has the prompt alone.
func TestUserAgentChoosesNoWayOfItsOwn(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "carol"}, nil)
	c := b.client(t)
	a := c.oneCall(t, "carol", gatewayPassword, javaAgent)
	if a.status != http.StatusUnauthorized {
		t.Fatalf("_login = %d %s, want 401", a.status, a.body)
	}
	a = c.oneCall(t, "carol", gatewayPassword+",push", "curl/7.88.1")
	if a.status != http.StatusUnauthorized {
		t.Fatalf("_login with an appended factor = %d %s, want 401", a.status, a.body)
	}
	if n := b.duo.CountCalls("/auth/v2/auth"); n != 0 {
		t.Errorf("%d pushes sent, want none", n)
	}
	if a := c.current(t); a.status != http.StatusUnauthorized {
		t.Errorf("users/current = %d, want 401", a.status)
	}
}

// Threat T013: a session that a password opened at the engine is logged out
// when the gateway is killed before the second factor.
func TestGatewayKilledBetweenTheCalls(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	c := b.client(t)
	status := c.challenge(t, "alice", gatewayPassword)
	data := c.approve(t, "alice", status)
	if n := b.engine.Sessions(); n != 1 {
		t.Fatalf("%d sessions at the engine after the first call, want 1", n)
	}
	b.kill(t)
	b.serve(t)
	eventually(t, "the half-open session is logged out at the engine", func() bool { return b.engine.Sessions() == 0 })
	if a := c.second(t, "alice", data); a.status != http.StatusUnauthorized {
		t.Errorf("second call after the restart = %d %s, want 401", a.status, a.body)
	}
	c.login(t, "alice", gatewayPassword)
	b.kill(t)
	b.serve(t)
	if a := c.current(t); a.status != http.StatusOK {
		t.Errorf("users/current after another restart = %d, want 200: the session was acknowledged", a.status)
	}
}
