package web_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/web"
)

// Threat T178: clients that say nothing, or not enough, are cut within seconds,
// and the others do not notice: 400 connections that stop before the handshake,
// after it, within a header, and after a whole request whose answer they do not
// read.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes six seconds of real time")
	}
	s := newSite(t, newWorld())
	const each = 100
	var slow []net.Conn
	for range each {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
	}
	for _, said := range []string{"", "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-", "GET /api/server/status HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\n\r\nGET /"} {
		for range each {
			conn := s.dial(t)
			if _, err := io.WriteString(conn, said); err != nil {
				t.Fatal(err)
			}
			slow = append(slow, conn)
		}
	}
	for range 50 {
		started := time.Now()
		if got := s.send(t, "GET", "/api/server/status", ""); got.StatusCode != http.StatusOK {
			t.Fatalf("a normal client gets %d", got.StatusCode)
		}
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("a normal client waited %v", took)
		}
	}
	asked := time.Now()
	for i, conn := range slow {
		_ = conn.SetReadDeadline(asked.Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatalf("connection %d is open after %v", i, time.Since(asked))
		}
		_ = conn.Close()
	}
}

// Fault R28: whoever leaves after any byte of a first call changes nothing, and
// only a whole one counts.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	whole := loginTo("POST", "/api/users/_login")
	step := 1
	if testing.Short() {
		step = 7
	}
	for n := 0; n < len(whole); n += step {
		conn := s.dial(t)
		_, _ = io.WriteString(conn, whole[:n])
		_ = conn.Close()
	}
	if got := s.raw(t, whole); got.StatusCode != http.StatusUnauthorized {
		t.Fatalf("the whole call = %d %s, want the challenge", got.StatusCode, got.body)
	}
	if strings.Contains(w.logged(), "panic") {
		t.Error("the log tells of a panic")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.attempts) != 1 {
		t.Errorf("%d passwords were checked, want 1: that of the whole call", len(w.attempts))
	}
}

// Threat T180: what the policy reads costs no more than in proportion to its
// length: eight times the input takes far less than 64 times the time.
func TestCostGrowsWithLength(t *testing.T) { //nolint:paralleltest // it measures
	s := newSite(t, newWorld())
	header := func(name, unit string, n int) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/users/_login", strings.NewReader(form("username", "admin")))
		r.Header.Set("X-Requested-With", "x")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(name, strings.Repeat(unit, n/len(unit)))
		return r
	}
	target := func(unit string, n int) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody)
		r.RequestURI = "/api/" + strings.Repeat(unit, n/len(unit))
		r.URL.RawPath, r.URL.Path = r.RequestURI, r.RequestURI
		return r
	}
	body := func(unit string, n int) *http.Request {
		r := header("X-A", "a", 1)
		r.Body = io.NopCloser(strings.NewReader(strings.Repeat(unit, n/len(unit))))
		r.ContentLength = int64(n / len(unit) * len(unit))
		return r
	}
	for name, row := range map[string]struct {
		limit int
		make  func(n int) *http.Request
	}{
		"dots in the path":        {8 << 10, func(n int) *http.Request { return target("../", n) }},
		"escapes in the path":     {8 << 10, func(n int) *http.Request { return target("%2e", n) }},
		"semicolons in the path":  {8 << 10, func(n int) *http.Request { return target(";a", n) }},
		"fields of the form":      {8 << 10, func(n int) *http.Request { return body("a=b&", n) }},
		"empty fields":            {8 << 10, func(n int) *http.Request { return body("&", n) }},
		"escapes of the form":     {8 << 10, func(n int) *http.Request { return body("%41", n) }},
		"cookies":                 {24 << 10, func(n int) *http.Request { return header("Cookie", "JSESSIONID=a; ", n) }},
		"colons in login data":    {4 << 10, func(n int) *http.Request { return header("X-Mirth-Login-Data", ":", n) }},
		"dots in a bearer":        {16 << 10, func(n int) *http.Request { return header("Authorization", "Bearer a.", n) }},
		"types that are accepted": {16 << 10, func(n int) *http.Request { return header("Accept", "a/b;q=0.1,", n) }},
		"proxies":                 {16 << 10, func(n int) *http.Request { return header("X-Forwarded-For", "192.0.2.1, ", n) }},
		"server URLs":             {16 << 10, func(n int) *http.Request { return header("X-Mirth-Server-Url", "https://a/..", n) }},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // it measures
			cost := func(n int) time.Duration {
				var runs []time.Duration
				for range 25 {
					r := row.make(n)
					begun := time.Now()
					s.handler.ServeHTTP(httptest.NewRecorder(), r)
					runs = append(runs, time.Since(begun))
				}
				return slices.Min(runs)
			}
			small, large := cost(row.limit/8), cost(row.limit)
			if large > 24*small && large > time.Millisecond {
				t.Errorf("%d bytes take %v, %d take %v: more than in proportion", row.limit/8, small, row.limit, large)
			}
		})
	}
}

// h2 is a connection that speaks frames of HTTP/2 (RFC 9113).
type h2 struct {
	net.Conn
	t *testing.T
}

func (s *site) h2(t *testing.T) h2 {
	t.Helper()
	config := &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com", NextProtos: []string{"h2"}}
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	c := h2{conn, t}
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.send(4, 0, 0, nil); err != nil { // SETTINGS
		t.Fatal(err)
	}
	return c
}

func (c h2) send(kind, flags byte, stream uint32, payload []byte) error {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	frame = binary.BigEndian.AppendUint32(append(frame, flags), stream)
	_, err := c.Write(append(frame, payload...))
	return err
}

func (c h2) receive(r io.Reader) (kind byte, payload []byte, err error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
	_, err = io.ReadFull(r, payload)
	return head[3], payload, err
}

// statusRequest is one for /api/server/status in HPACK (RFC 7541).
func statusRequest() []byte {
	b := []byte{0x82, 0x87} // :method GET, :scheme https
	text := func(s string) { b = append(append(b, byte(len(s))), s...) }
	b = append(b, 0x04) // :path
	text("/api/server/status")
	b = append(b, 0x01) // :authority
	text("a")
	b = append(b, 0x00)
	text("x-requested-with")
	text("x")
	return b
}

// Threat T179: HTTP/2 with a limit of streams that the client is told. While
// attackers reset what they ask for, never end a header, or ask for answers that
// they do not read, others are served, and what is done for them is bounded.
func TestHTTP2Abuse(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	two := httptest.NewUnstartedServer(nil)
	two.Config = web.HTTPServer(s.handler, slog.New(slog.DiscardHandler))
	two.EnableHTTP2 = true
	two.StartTLS()
	t.Cleanup(two.Close)
	s = &site{Server: two, handler: s.handler}
	c := s.h2(t)
	kind, settings, err := c.receive(c)
	if err != nil || kind != 4 {
		t.Fatalf("first frame = %d, %v, want SETTINGS", kind, err)
	}
	streams := uint32(0)
	for ; len(settings) >= 6; settings = settings[6:] {
		if binary.BigEndian.Uint16(settings) == 3 {
			streams = binary.BigEndian.Uint32(settings[2:])
		}
	}
	if streams != 100 {
		t.Errorf("SETTINGS_MAX_CONCURRENT_STREAMS = %d, want 100", streams)
	}
	before := runtime.NumGoroutine()
	for name, attack := range map[string]func(c h2, n uint32) error{
		"rapid reset": func(c h2, n uint32) error {
			if err := c.send(1, 5, 2*n+1, statusRequest()); err != nil {
				return err
			}
			return c.send(3, 0, 2*n+1, []byte{0, 0, 0, 8})
		},
		"a header without an end": func(c h2, n uint32) error {
			if n == 0 {
				return c.send(1, 0, 1, statusRequest())
			}
			field := append([]byte{0x00, 1, 'a', 0x7f, 0x80, 0x7e}, strings.Repeat("b", 16_127)...)
			return c.send(9, 0, 1, field)
		},
		"pings":           func(c h2, _ uint32) error { return c.send(6, 0, 0, make([]byte, 8)) },
		"settings":        func(c h2, _ uint32) error { return c.send(4, 0, 0, nil) },
		"unread answers":  func(c h2, n uint32) error { return c.send(1, 5, 2*n+1, statusRequest()) },
		"empty fragments": func(c h2, n uint32) error { return c.send(map[bool]byte{true: 1, false: 9}[n == 0], 0, 1, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.h2(t)
			_ = c.SetWriteDeadline(time.Now().Add(3 * time.Second)) // a peer that stops reading has turned the attacker away
			n := uint32(0)
			for ; n < 20_000; n++ {
				if err := attack(c, n); err != nil {
					break
				}
			}
			if got := s.send(t, "GET", "/api/server/status", ""); got.StatusCode != http.StatusOK {
				t.Errorf("others get %d", got.StatusCode)
			}
			// Those of other tests count too, and of the connections before until they are gone.
			for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before+400; runtime.Gosched() {
				if time.Now().After(end) {
					t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
					break
				}
			}
			if name != "a header without an end" {
				return
			}
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			for r := bufio.NewReader(c); ; {
				kind, _, err := c.receive(r)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal("the connection lives on")
				}
				if err != nil || kind == 7 { // closed, or GOAWAY
					return
				}
			}
		})
	}
}
