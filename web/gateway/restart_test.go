package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Threat T151: no request that changes something is sent twice, be it that the
// connection was found dead, with or without a body, and whatever the client
// says about idempotency.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	var dead atomic.Bool
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		if dead.Load() {
			_, _ = io.Copy(io.Discard, r.Body)
			c, _, err := http.NewResponseController(rw).Hijack()
			if err == nil {
				_ = c.(*recorded).Conn.(*net.TCPConn).SetLinger(0)
				_ = c.Close()
			}
			return
		}
		hello(rw, r)
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		for _, body := range []string{"", "body"} {
			dead.Store(false)
			h.get(t, "/api/channels", cookie) // a connection to be kept
			dead.Store(true)
			before := w.count.Load()
			r := h.request(t, method, "/api/channels", strings.NewReader(body), cookie)
			r.Header.Set("Idempotency-Key", "x")
			r.Header.Set("X-Idempotency-Key", "x")
			res, _ := h.do(t, r)
			if n := w.count.Load() - before; res.StatusCode != http.StatusBadGateway || n != 1 {
				t.Errorf("%s with %q = %d, sent %d times; want 502, once", method, body, res.StatusCode, n)
			}
		}
	}
}

// Threat T151: an engine that goes and comes back under load: 502 while it is
// away, whole answers otherwise, and every change at most once.
func TestEngineRestarts(t *testing.T) {
	t.Parallel()
	seen := &tally{count: map[string]int{}}
	engine := func(rw http.ResponseWriter, r *http.Request) {
		seen.add(r.URL.RawQuery)
		_, _ = io.Copy(io.Discard, r.Body)
		hello(rw, r)
	}
	w := newWire(t, engine)
	address := w.server.Listener.Addr().String()
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	var away atomic.Bool
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var good, bad atomic.Int64
	for c := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				r := h.request(t, http.MethodPost, fmt.Sprintf("/api/channels?n=%d-%d", c, i), strings.NewReader("body"), cookie)
				res, body := h.do(t, r)
				switch {
				case res.StatusCode == http.StatusOK && body == "hello":
					good.Add(1)
				case res.StatusCode == http.StatusBadGateway && away.Load():
					bad.Add(1)
				default:
					t.Errorf("POST = %d %q, away %v", res.StatusCode, body, away.Load())
				}
			}
		})
	}
	more(t, &good)
	away.Store(true)
	w.server.CloseClientConnections()
	_ = w.server.Listener.Close()
	more(t, &bad)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := &http.Server{Handler: http.HandlerFunc(engine), ReadHeaderTimeout: time.Minute}
	go func() { _ = again.Serve(listener) }()
	t.Cleanup(func() { _ = again.Close() })
	more(t, &good)
	more(t, &good)
	close(stop)
	wg.Wait()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for n, times := range seen.count {
		if times > 1 {
			t.Errorf("%s was sent %d times", n, times)
		}
	}
}

// tally counts what was seen.
type tally struct {
	mu    sync.Mutex // guards count
	count map[string]int
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count[name]++
}

// more waits until a counter has gone up by a few.
func more(t *testing.T, n *atomic.Int64) {
	t.Helper()
	until := n.Load() + 20
	for deadline := time.Now().Add(20 * time.Second); n.Load() < until; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing goes on")
		}
	}
}
