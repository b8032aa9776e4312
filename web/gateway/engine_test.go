package gateway_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
	"mfaserver/web/gateway"
)

// newEngine starts a fake engine, and the client that a gateway uses.
func newEngine(tb testing.TB, c mirthtest.Config, pool *x509.CertPool, pins ...string) (*mirthtest.Server, *engine.Client) {
	tb.Helper()
	s := mirthtest.NewServer(c)
	tb.Cleanup(s.Close)
	if pool == nil && len(pins) == 0 {
		pool = s.CAPool()
	}
	client, err := engine.New(engine.Config{URL: s.URL, CA: pool, PinSHA256: pins})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return s, client
}

// before aims a gateway at a client's engine.
func before(client *engine.Client) func(*gateway.Config) {
	return func(c *gateway.Config) {
		c.Target, c.Transport, c.Engine = client.Base(), client.Transport(), client
	}
}

// logIn opens a session of the engine, and one of ours that carries it.
func (h *house) logIn(tb testing.TB, client *engine.Client, username string) *http.Cookie {
	tb.Helper()
	login, err := client.Login(tb.Context(), username, secret.New(username))
	if err != nil {
		tb.Fatal(err)
	}
	_, cookie := h.signIn(tb, username, login.Cookie.Reveal())
	return cookie
}

func accounts(n int) []mirthtest.User {
	var users []mirthtest.User
	for i := range n {
		name := fmt.Sprintf("user%03d", i)
		users = append(users, mirthtest.User{Name: name, Password: name})
	}
	return users
}

// Threat T141: the answers of many users at once are each their own, with
// clients that leave in between; no cookie of the engine shows in any of them.
func TestNoAnswerCrosses(t *testing.T) {
	t.Parallel()
	users, each := 40, 100
	if testing.Short() {
		users, each = 8, 25
	}
	s, client := newEngine(t, mirthtest.Config{Users: accounts(users)}, nil)
	h := newHouse(t, before(client))
	s.Misbehave(mirthtest.Faults{EchoUser: true})
	var wg sync.WaitGroup
	var answers atomic.Int64
	for i := range users {
		name := fmt.Sprintf("user%03d", i)
		cookie := h.logIn(t, client, name)
		wg.Go(func() {
			for n := range each {
				switch {
				case n%10 == 7:
					h.leave(t, "/api/echo/bytes/100000", cookie)
				case n%2 == 0:
					h.mine(t, name, "/api/echo/user", cookie, &answers)
				default:
					h.mine(t, name, "/api/users/current", cookie, &answers)
				}
			}
		})
	}
	wg.Wait()
	if n := answers.Load(); n < int64(users*each*8/10) {
		t.Errorf("%d answers only", n)
	}
	checkJars(t, s, h)
}

// Two users, 10,000 requests in turns (threat T141).
func TestTwoUsers(t *testing.T) {
	t.Parallel()
	each := 5000
	if testing.Short() {
		each = 500
	}
	s, client := newEngine(t, mirthtest.Config{Users: accounts(2)}, nil)
	h := newHouse(t, before(client))
	var wg sync.WaitGroup
	var answers atomic.Int64
	for i := range 2 {
		name := fmt.Sprintf("user%03d", i)
		cookie := h.logIn(t, client, name)
		wg.Go(func() {
			for range each {
				h.mine(t, name, "/api/users/current", cookie, &answers)
			}
		})
	}
	wg.Wait()
	if n := answers.Load(); n != int64(2*each) {
		t.Errorf("%d answers, want %d", n, 2*each)
	}
	checkJars(t, s, h)
}

// mine asks who the session is, and sees to it that nobody else is named.
func (h *house) mine(t *testing.T, name, target string, cookie *http.Cookie, answers *atomic.Int64) {
	t.Helper()
	res, body := h.get(t, target, cookie)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, name) || strings.Count(body, "user0") != strings.Count(body, name) {
		t.Errorf("%s was answered %d %q", name, res.StatusCode, body)
	}
	for header, values := range res.Header {
		if joined := strings.Join(values, " "); strings.Contains(joined, "node0") || header == "Set-Cookie" {
			t.Errorf("%s was sent %s: %q", name, header, values)
		}
	}
	answers.Add(1)
}

// leave asks and goes before the answer is over.
func (h *house) leave(t *testing.T, target string, cookie *http.Cookie) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.N(int64(3*time.Millisecond))))
	defer cancel()
	res, err := h.Client.Do(h.request(t, http.MethodGet, target, http.NoBody, cookie).WithContext(ctx))
	if err != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, res.Body, rand.N(int64(1000)))
	_ = res.Body.Close()
}

// checkJars: the engine was never sent a cookie of ours.
func checkJars(t *testing.T, s *mirthtest.Server, h *house) {
	t.Helper()
	list, err := h.Sessions.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Join(s.Bytes(), nil)
	for _, one := range list {
		if bytes.Contains(all, []byte(hex.EncodeToString(one.Key[:]))) {
			t.Error("the engine has seen a key of ours")
		}
	}
	known := map[string]bool{}
	for _, c := range s.Cookies() {
		known["JSESSIONID="+c] = true
	}
	for _, r := range s.Requests() {
		for _, line := range r.Header["Cookie"] {
			if !known[line] {
				t.Errorf("the engine was sent a cookie that is none of its own")
			}
		}
		if n := len(r.Header["Cookie"]); n > 1 {
			t.Errorf("the engine was sent %d cookies at a time", n)
		}
	}
}

// Threat T140: with an engine that gives a new cookie with every answer, a
// session goes on, and none of them shows.
func TestRotationByEngine(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{Users: accounts(1)}, nil)
	h := newHouse(t, before(client))
	cookie := h.logIn(t, client, "user000")
	s.Misbehave(mirthtest.Faults{RotateCookie: true})
	var shown strings.Builder
	for range 10 {
		res, body := h.get(t, "/api/users/current", cookie)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("GET = %d", res.StatusCode)
		}
		_ = res.Header.Write(&shown)
		shown.WriteString(body)
	}
	for _, c := range s.Cookies() {
		if strings.Contains(shown.String(), c) {
			t.Errorf("an answer shows a cookie of the engine")
		}
	}
}

// Threat T148: nothing of what a hostile engine adds crosses back, in a
// header, a trailer or an answer before the answer.
func TestHostileEngine(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{Users: accounts(1)}, nil)
	h := newHouse(t, before(client))
	cookie := h.logIn(t, client, "user000")
	hostile := mirthtest.HostileHeader()
	if len(hostile) == 0 {
		t.Fatal("no hostile headers")
	}
	s.Misbehave(mirthtest.Faults{Header: hostile, Trailer: http.Header{"Set-Cookie": {"a=" + canary}, "X-Late": {canary}}, EarlyHints: true})
	res, _ := h.get(t, "/api/users/current", cookie)
	if res.StatusCode != http.StatusOK || len(res.Trailer) != 0 {
		t.Errorf("GET = %d, trailers %v", res.StatusCode, res.Trailer)
	}
	for name, values := range hostile {
		for _, v := range values {
			for _, got := range res.Header.Values(name) {
				if got == v {
					t.Errorf("the answer has the engine's %s: %q", name, v)
				}
			}
		}
	}
	s.Misbehave(mirthtest.Faults{})
	// Among them was a cookie, and so a new one for the session.
	cookie = h.logIn(t, client, "user000")
	for name, fault := range map[string]mirthtest.Faults{
		"upgrade": {Upgrade: true}, "redirect": {Location: "https://evil.example/"}, "reset": {Reset: true}, "early reset": {ResetEarly: true},
		"not HTTP": {Raw: []byte("SSH-2.0-evil\r\n")},
	} {
		s.Misbehave(fault)
		if res, body := h.get(t, "/api/users/current", cookie); res.StatusCode != http.StatusBadGateway || body != "" {
			t.Errorf("%s = %d %q, want an empty 502", name, res.StatusCode, body)
		}
	}
	s.Misbehave(mirthtest.Faults{CutAfter: -1})
	res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/users/current", http.NoBody, cookie))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("an answer cut at half ended well")
	}
	s.Misbehave(mirthtest.Faults{})
	if res, _ := h.get(t, "/api/users/current", cookie); res.StatusCode != http.StatusOK {
		t.Errorf("GET afterwards = %d", res.StatusCode)
	}
}

// Threat T142: the engine's own timeout ends our session.
func TestEngineExpires(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{Users: accounts(1)}, nil)
	h := newHouse(t, before(client))
	cookie := h.logIn(t, client, "user000")
	if res, _ := h.get(t, "/api/users/current", cookie); res.StatusCode != http.StatusOK {
		t.Fatalf("GET = %d", res.StatusCode)
	}
	s.ExpireSessions()
	for range 2 {
		if res, _ := h.get(t, "/api/users/current", cookie); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("GET = %d, want 401", res.StatusCode)
		}
	}
}

// Threats T018, T138: credentials never cross, with a session or without; the engine
// would take them at any path.
func TestCredentialsStayHere(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{Users: accounts(1), BypassPassword: "bypass"}, nil)
	h := newHouse(t, before(client))
	cookie := h.logIn(t, client, "user000")
	seen := len(s.Requests())
	for _, target := range []string{"/api/users/current", "/api/channels", "/api/server/settings", "/api/echo", "/api/users"} {
		for _, scheme := range []string{"Basic", "basic", "BASIC", "Bearer", "Digest"} {
			for _, header := range []string{"Authorization", "Proxy-Authorization", "authorization"} {
				r := h.request(t, http.MethodGet, target, http.NoBody, nil)
				r.Header[header] = []string{scheme + " YnlwYXNzOmJ5cGFzcw==", scheme + " dXNlcjAwMDp1c2VyMDAw"}
				if res, _ := h.do(t, r); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("GET %s with %s %s = %d, want 401", target, header, scheme, res.StatusCode)
				}
			}
		}
	}
	if n := len(s.Requests()); n != seen {
		t.Errorf("the engine has seen %d requests without a session", n-seen)
	}
	r := h.request(t, http.MethodGet, "/api/echo", http.NoBody, cookie)
	r.Header["Authorization"] = []string{"Basic YnlwYXNzOmJ5cGFzcw==", "Basic eA=="}
	r.Header.Set("Proxy-Authorization", "Basic YnlwYXNzOmJ5cGFzcw==")
	if res, body := h.do(t, r); res.StatusCode != http.StatusOK || strings.Contains(strings.ToLower(body), "authorization") {
		t.Errorf("GET = %d, the engine saw %s", res.StatusCode, body)
	}
}

// Threat T154: an engine whose certificate is not the configured one gets
// nothing; one that is pinned does, also while pins are exchanged.
func TestEngineCertificate(t *testing.T) {
	t.Parallel()
	other, err := mirthtest.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, client := newEngine(t, mirthtest.Config{}, other.Pool())
	h := newHouse(t, before(client))
	_, cookie := h.signIn(t, "alice", canary)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if res, _ := h.do(t, h.request(t, method, "/api/channels", http.NoBody, cookie)); res.StatusCode != http.StatusBadGateway {
			t.Errorf("%s = %d, want 502", method, res.StatusCode)
		}
	}
	if n := len(s.Requests()); n != 0 || bytes.Contains(bytes.Join(s.Bytes(), nil), []byte(canary)) {
		t.Errorf("the engine has seen %d requests", n)
	}
	old := strings.Repeat("ab", 32)
	pinned, err := engine.New(engine.Config{URL: s.URL, PinSHA256: []string{old, s.PinSHA256()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pinned.Close)
	h = newHouse(t, before(pinned))
	_, cookie = h.signIn(t, "alice", canary)
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET with a pin = %d, want the engine's own 401", res.StatusCode)
	}
	wrong, err := engine.New(engine.Config{URL: s.URL, PinSHA256: []string{old}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wrong.Close)
	h = newHouse(t, before(wrong))
	_, cookie = h.signIn(t, "alice", canary)
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusBadGateway {
		t.Errorf("GET with the wrong pin = %d, want 502", res.StatusCode)
	}
}

// Threat T151, fault R19: the same engine killed and started again: 502 while it is gone,
// and then our session ends, for the engine has forgotten its own.
func TestEngineKilled(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{Users: accounts(1)}, nil)
	h := newHouse(t, before(client))
	cookie := h.logIn(t, client, "user000")
	s.Kill()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if res, _ := h.do(t, h.request(t, method, "/api/echo", http.NoBody, cookie)); res.StatusCode != http.StatusBadGateway {
			t.Errorf("%s = %d, want 502", method, res.StatusCode)
		}
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if res, _ := h.get(t, "/api/echo", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET after the restart = %d, want 401", res.StatusCode)
	}
	cookie = h.logIn(t, client, "user000")
	if res, _ := h.get(t, "/api/echo", cookie); res.StatusCode != http.StatusOK {
		t.Errorf("GET after a new login = %d, want 200", res.StatusCode)
	}
}

// Every path of the engine's own description crosses (threat T130: no false
// alarm).
func TestDescribedPathsCross(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{Users: accounts(1)}, nil)
	h := newHouse(t, before(client))
	cookie := h.logIn(t, client, "user000")
	paths := describedPaths(t, client)
	if len(paths) < 40 {
		t.Fatalf("%d paths only", len(paths))
	}
	for _, p := range paths {
		target := "/api" + strings.NewReplacer("{", "", "}", "").Replace(p)
		if strings.Contains(target, "_login") || strings.Contains(target, "ogout") {
			continue
		}
		seen := len(s.Requests())
		if res, _ := h.do(t, h.request(t, http.MethodDelete, target, http.NoBody, cookie)); res.StatusCode == http.StatusUnauthorized {
			t.Errorf("DELETE %s = 401", target)
		}
		if len(s.Requests()) != seen+1 {
			t.Errorf("%s did not cross", target)
		}
	}
}
