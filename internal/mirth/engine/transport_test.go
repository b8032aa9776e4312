package engine_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
)

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	q, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("X-Requested-With", "test")
	return q
}

// Threat T151: a POST over a connection that the engine has closed reaches it
// once at most, whatever the client says about its being safe to repeat.
func TestNothingTwice(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		body   string
		header string
	}{
		{name: "body", body: "x"},
		{name: "no body"},
		{name: "idempotency key", header: "Idempotency-Key"},
		{name: "other idempotency key", body: "x", header: "X-Idempotency-Key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			rt := newClient(t, s, nil).Transport()
			warm, err := rt.RoundTrip(request(t, http.MethodGet, s.URL+"/api/server/version", ""))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, warm.Body)
			_ = warm.Body.Close()
			s.Misbehave(mirthtest.Faults{Reset: true})
			q := request(t, http.MethodPost, s.URL+"/api/channels/_deploy", tt.body)
			if tt.header != "" {
				q.Header.Set(tt.header, "x")
			}
			if resp, err := rt.RoundTrip(q); err == nil {
				_ = resp.Body.Close()
				t.Fatal("answered")
			}
			n := 0
			for _, q := range s.Requests() {
				if q.Method == http.MethodPost {
					n++
				}
			}
			if n != 1 {
				t.Errorf("arrived %d times", n)
			}
			if tt.header != "" && q.Header.Get(tt.header) != "x" {
				t.Error("the caller's header was changed")
			}
		})
	}
}

func TestForeignRequest(t *testing.T) {
	t.Parallel()
	s, other := startEngine(t, mirthtest.Config{}), startEngine(t, mirthtest.Config{})
	rt := newClient(t, s, nil).Transport()
	for _, url := range []string{other.URL + "/", strings.Replace(s.URL, "https", "http", 1) + "/", "https://engine.example/"} {
		resp, err := rt.RoundTrip(request(t, http.MethodPost, url, "x"))
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, engine.ErrForeign) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if n := s.Received() + other.Received(); n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}

// Threat T149: bodies come as they are, not inflated on the way.
func TestNotInflated(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	rt := newClient(t, s, nil).Transport()
	s.Misbehave(mirthtest.Faults{Gzip: true})
	resp, err := rt.RoundTrip(request(t, http.MethodGet, s.URL+"/api/server/version", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Uncompressed || resp.Header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(string(body), "\x1f\x8b") {
		t.Errorf("got %q, %v, %v", body, resp.Header, err)
	}
	if got := s.Requests()[0].Header.Get("Accept-Encoding"); got != "" {
		t.Errorf("asked for %q", got)
	}
}

// Threat T154: proxied requests go over connections that are verified too.
func TestTransportIsVerified(t *testing.T) {
	t.Parallel()
	s, other := startEngine(t, mirthtest.Config{}), startEngine(t, mirthtest.Config{})
	rt := newClient(t, s, func(c *engine.Config) { c.CA = other.CAPool() }).Transport()
	resp, err := rt.RoundTrip(request(t, http.MethodGet, s.URL+"/api/server/version", ""))
	if err == nil {
		_ = resp.Body.Close()
		t.Error("answered")
	}
	if n := s.Received(); n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}
