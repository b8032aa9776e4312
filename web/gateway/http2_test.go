package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/web/gateway"
)

// speakHTTP2 puts a server with TLS and HTTP/2 before the house.
func (h *house) speakHTTP2(tb testing.TB) {
	tb.Helper()
	front := unstarted(http.HandlerFunc(h.serve))
	front.EnableHTTP2 = true
	front.StartTLS()
	tb.Cleanup(front.Close)
	h.Front, h.URL, h.Client = front, front.URL, front.Client()
}

// Threats T113, T135, T149, T152: over HTTP/2, where many requests share a
// connection, one that is cut leaves the others alone.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	over := make(chan struct{}, 4)
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/endless":
			endless(over)(rw, r)
		case "/api/upload":
			_, _ = io.Copy(io.Discard, r.Body)
			over <- struct{}{}
		case "/api/think":
			time.Sleep(serverTimeout + time.Second)
			hello(rw, r)
		default:
			framed(rw, r)
		}
	})
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Limits.Idle = time.Second
	})
	h.speakHTTP2(t)
	s, cookie := h.signIn(t, "alice", canary)
	_, other := h.signIn(t, "bob", canary)

	r := h.request(t, http.MethodPost, "/api/channels", io.MultiReader(strings.NewReader("ab"), strings.NewReader("cd")), cookie)
	r.Trailer = http.Header{"Cookie": {"JSESSIONID=evil"}}
	res, body := h.do(t, r)
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusOK || body != "POST 4" || strings.Contains(string(w.bytes()), "evil") {
		t.Errorf("POST = %s %d %q", res.Proto, res.StatusCode, body)
	}

	long, err := h.Client.Do(h.request(t, http.MethodGet, "/api/endless", http.NoBody, cookie))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(long.Body)
	if _, err := h.Sessions.Revoke(t.Context(), s.Key, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, long.Body); err == nil {
		t.Error("the answer ended well, want it cut")
	}
	within(t, time.Second, over, "the engine's end")

	pr, pw := io.Pipe()
	defer closing(pw)
	go func() { _, _ = pw.Write([]byte("begun")) }()
	res, err = h.Client.Do(h.request(t, http.MethodPost, "/api/upload", pr, other))
	if err == nil {
		if res.StatusCode != http.StatusRequestTimeout {
			t.Errorf("an upload that stands still = %d, want 408", res.StatusCode)
		}
		closing(res.Body)
	}
	within(t, 3*time.Second, over, "the engine's end")

	if res, body := h.get(t, "/api/think", other); res.StatusCode != http.StatusOK || body != "hello" {
		t.Errorf("GET = %d %q, want 200 hello", res.StatusCode, body)
	}
}
