package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

func unauthorized(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Set-Cookie", "JSESSIONID="+canary+"-new; Path=/api")
	rw.Header().Set("WWW-Authenticate", "Basic realm=evil")
	rw.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(rw, "engine's own words")
}

// Threat T142: an engine that no longer knows the session ends ours, once, and
// the client is told nothing but that.
func TestUpstreamExpired(t *testing.T) {
	t.Parallel()
	w := newWire(t, unauthorized)
	h := newHouse(t, to(w))
	s, cookie := h.signIn(t, "alice", canary)
	_, other := h.signIn(t, "bob", canary+"-bob")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			res, body := h.get(t, "/api/channels", cookie)
			if res.StatusCode != http.StatusUnauthorized || body != "" {
				t.Errorf("GET = %d %q, want an empty 401", res.StatusCode, body)
			}
			if res.Header.Get("Set-Cookie") != "" || res.Header.Get("Www-Authenticate") != "" {
				t.Errorf("answer has %v", res.Header)
			}
		})
	}
	wg.Wait()
	if names := h.names(); !slices.Equal(names, []audit.Name{audit.SessionRevoked, audit.UpstreamExpired}) {
		t.Errorf("the trail has %v, want one revocation and its cause", names)
	}
	for _, e := range h.Trail.Events() {
		if e.Name == audit.UpstreamExpired && (e.Username != "alice" || e.Session != s.Key.Handle()) {
			t.Errorf("event %+v", e)
		}
	}
	w.handle(hello)
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET after = %d, want 401", res.StatusCode)
	}
	if res, _ := h.get(t, "/api/channels", other); res.StatusCode != http.StatusOK {
		t.Errorf("GET of somebody else = %d, want 200", res.StatusCode)
	}
}

// names are what the trail has beside the starts of sessions.
func (h *house) names() []audit.Name {
	var names []audit.Name
	for _, e := range h.Trail.Events() {
		if e.Name != audit.SessionStarted {
			names = append(names, e.Name)
		}
	}
	return names
}

// A client that takes JSON is told in JSON.
func TestUpstreamExpiredJSON(t *testing.T) {
	t.Parallel()
	w := newWire(t, unauthorized)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	r := h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie)
	r.Header.Set("Accept", "application/json")
	if res, body := h.do(t, r); res.StatusCode != http.StatusUnauthorized || body != `{"message":"Unauthorized","status":"401"}` {
		t.Errorf("GET = %d %q", res.StatusCode, body)
	}
}

// Threat T142: a session that cannot be ended is not said to have ended.
func TestUpstreamExpiredUnrecorded(t *testing.T) {
	t.Parallel()
	w := newWire(t, unauthorized)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	h.Trail.Fail(-1)
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET without a trail = %d, want 503", res.StatusCode)
	}
	h.Trail.Fail(0)
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET = %d, want 401", res.StatusCode)
	}
}

// A principal without a session of ours is told to come again; whoever opens
// its engine's session hears of it.
func TestStale(t *testing.T) {
	t.Parallel()
	w := newWire(t, unauthorized)
	var stale atomic.Pointer[session.Session]
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Stale = func(_ context.Context, s session.Session) { stale.Store(&s) }
	})
	r, rec := request("/api/channels"), newRecorder()
	h.Serve(rec, r, session.Session{Username: "robot", Token: "t1", Carry: []byte(canary)})
	if got := stale.Load(); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || got == nil || got.Token != "t1" {
		t.Errorf("Serve = %d, stale %v; want 503 and t1", rec.Code, got)
	}
}

// A session whose carry cannot be opened is of no use, and ends.
func TestCarryUnreadable(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	for _, carry := range []string{"", "a;b", "a b", "a\r\nX: y", `a"b`, "ä", strings.Repeat("x", 600)} {
		_, cookie := h.signIn(t, "alice", carry)
		for range 2 {
			if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("GET with a carry of %q = %d, want 401", carry, res.StatusCode)
			}
		}
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
}

// blankCookies open every carry and find nothing in it.
type blankCookies struct{}

func (blankCookies) Cookie(string, []byte) (secret.Secret, error) { return secret.New(""), nil }

// A session that carries an empty cookie ends too: the engine would take the
// request for one without a session.
func TestBlankCarry(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, func(c *gateway.Config) { c.Target, c.Cookies = w.URL, blankCookies{} })
	_, cookie := h.signIn(t, "alice", canary)
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET = %d, want 401", res.StatusCode)
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
}

// Threat T140: a cookie that the engine gives in place of the first is used
// from then on, for that session alone, and never shown.
func TestRotation(t *testing.T) {
	t.Parallel()
	var rotate atomic.Bool
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("JSESSIONID"); err == nil && rotate.CompareAndSwap(true, false) {
			rw.Header().Add("Set-Cookie", "JSESSIONID="+c.Value+"-next; Path=/api; Secure")
		}
		hello(rw, r)
	})
	h := newHouse(t, to(w))
	alice, cookie := h.signIn(t, "alice", canary)
	_, other := h.signIn(t, "bob", canary)
	sees := func(cookie *http.Cookie, want string) {
		t.Helper()
		res, _ := h.get(t, "/api/channels", cookie)
		if got := w.last(t).Header.Get("Cookie"); got != "JSESSIONID="+want || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("the engine saw %q, want %q; the client got %q", got, want, res.Header.Get("Set-Cookie"))
		}
	}
	rotate.Store(true)
	sees(cookie, canary)
	sees(cookie, canary+"-next")
	sees(other, canary)
	rotate.Store(true)
	sees(cookie, canary+"-next")
	sees(cookie, canary+"-next-next")
	if last, ok := h.Forget(alice); !ok || last.Reveal() != canary+"-next-next" {
		t.Errorf("Forget = %q %v, want the cookie in use", last.Reveal(), ok)
	}
	if _, ok := h.Forget(alice); ok {
		t.Error("Forget found a cookie that was dropped")
	}
	sees(cookie, canary)
}

// A cookie that cannot be one is not taken for the next one.
func TestRotationRefused(t *testing.T) {
	t.Parallel()
	var lines []string
	status := http.StatusOK
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header()["Set-Cookie"] = lines
		rw.WriteHeader(status)
	})
	h := newHouse(t, to(w))
	s, cookie := h.signIn(t, "alice", canary)
	for _, c := range []struct {
		status int
		lines  []string
	}{
		{http.StatusOK, []string{"JSESSIONID=", "a=b"}},
		{http.StatusOK, []string{"JSESSIONID=a", "JSESSIONID=b"}},
		{http.StatusOK, []string{"jsessionid=a"}},
		{http.StatusOK, []string{`JSESSIONID="a"`}},
		{http.StatusOK, []string{"JSESSIONID=a b"}},
		{http.StatusOK, []string{"JSESSIONID=" + strings.Repeat("x", 600)}},
		{http.StatusForbidden, []string{"JSESSIONID=a"}},
		{http.StatusInternalServerError, []string{"JSESSIONID=a"}},
	} {
		lines, status = c.lines, c.status
		if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != c.status {
			t.Errorf("GET = %d, want %d", res.StatusCode, c.status)
		}
		if next, ok := h.Forget(s); ok {
			t.Errorf("%q was taken for %q", c.lines, next.Reveal())
		}
	}
}

// endless answers for as long as somebody reads, and tells when nobody does.
func endless(over chan<- struct{}) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		defer func() { over <- struct{}{} }()
		rw.Header().Set("Content-Type", "application/octet-stream")
		block := make([]byte, 8<<10)
		for r.Context().Err() == nil {
			if _, err := rw.Write(block); err != nil {
				return
			}
			_ = http.NewResponseController(rw).Flush()
		}
	}
}

// within fails unless c is ready soon enough.
func within(t *testing.T, limit time.Duration, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(limit):
		t.Fatalf("%s: not within %v", what, limit)
	}
}

// Threats T113, T152: the end of a session cuts what is under way for it, in
// both directions, within a second; others go on.
func TestRevocationCuts(t *testing.T) {
	t.Parallel()
	over := make(chan struct{}, 4)
	w := newWire(t, endless(over))
	h := newHouse(t, to(w))
	s, cookie := h.signIn(t, "alice", canary)
	_, other := h.signIn(t, "bob", canary)
	res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(res.Body)
	bob, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, other))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(bob.Body)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := io.Copy(io.Discard, res.Body); err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the answer ended with %v, want to be cut", err)
		}
	}()
	if _, err := io.CopyN(io.Discard, bob.Body, 4<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sessions.Revoke(t.Context(), s.Key, "test"); err != nil {
		t.Fatal(err)
	}
	within(t, time.Second, ended, "the client's end")
	within(t, time.Second, over, "the engine's end")
	if _, err := io.CopyN(io.Discard, bob.Body, 4<<20); err != nil {
		t.Errorf("somebody else's answer: %v", err)
	}
	_ = bob.Body.Close()
	within(t, time.Second, over, "the end of the other")
}

// Threats T113, T152: the same for an upload, for a client that reads nothing,
// and for a request that the engine still thinks about.
func TestRevocationCutsWaiting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		engine func(over chan<- struct{}) http.HandlerFunc
		client func(t *testing.T, h *house, cookie *http.Cookie)
	}{
		"upload": {
			func(over chan<- struct{}) http.HandlerFunc {
				return func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					over <- struct{}{}
				}
			},
			func(t *testing.T, h *house, cookie *http.Cookie) {
				t.Helper()
				answer := h.raw(t, "POST /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nContent-Length: 100\r\nCookie: "+
					cookie.Name+"="+cookie.Value+"\r\n\r\nbegun")
				if code := statusOf(answer); code != http.StatusUnauthorized {
					t.Errorf("POST = %d, want 401", code)
				}
			},
		},
		"deaf client": {
			endless,
			func(t *testing.T, h *house, cookie *http.Cookie) {
				t.Helper()
				res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
				if err != nil {
					t.Error(err)
					return
				}
				<-t.Context().Done()
				_ = res.Body.Close()
			},
		},
		"thinking": {
			func(over chan<- struct{}) http.HandlerFunc {
				return func(_ http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
					over <- struct{}{}
				}
			},
			func(t *testing.T, h *house, cookie *http.Cookie) {
				t.Helper()
				if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusUnauthorized {
					t.Errorf("GET = %d, want 401", res.StatusCode)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over := make(chan struct{}, 1)
			begun := make(chan struct{})
			w := newWire(t, nil)
			engine := c.engine(over)
			w.handle(func(rw http.ResponseWriter, r *http.Request) { close(begun); engine(rw, r) })
			h := newHouse(t, to(w))
			s, cookie := h.signIn(t, "alice", canary)
			var client sync.WaitGroup
			client.Go(func() { c.client(t, h, cookie) })
			within(t, 5*time.Second, begun, "the request")
			time.Sleep(50 * time.Millisecond) // so that it is under way for sure
			if _, err := h.Sessions.Revoke(t.Context(), s.Key, "test"); err != nil {
				t.Fatal(err)
			}
			within(t, time.Second, over, "the engine's end")
			if name != "deaf client" {
				client.Wait()
			} else {
				t.Cleanup(client.Wait)
			}
		})
	}
}

// brokenSessions panics when it is asked.
type brokenSessions struct{ gateway.Sessions }

func (brokenSessions) Watch(context.Context, session.Key) (<-chan struct{}, func()) { panic("secret") }

// Threat T184: a panic beside a transfer ends the transfer and not the
// process.
func TestPanicBesideTransfer(t *testing.T) {
	t.Parallel()
	over := make(chan struct{}, 1)
	w := newWire(t, endless(over))
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Sessions = brokenSessions{c.Sessions}
	})
	_, cookie := h.signIn(t, "alice", canary)
	res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(res.Body)
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the answer ended well, want it cut")
	}
	within(t, time.Second, over, "the engine's end")
}
