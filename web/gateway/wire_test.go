package gateway_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// wire is an engine in plain HTTP of which a test sees every byte, and whose
// handler it chooses.
type wire struct {
	URL     *url.URL
	server  *httptest.Server
	handler atomic.Pointer[http.HandlerFunc]
	count   atomic.Int64

	mu    sync.Mutex // guards conns and seen
	conns []*recorded
	seen  []*http.Request
}

// recorded keeps what is read from a connection.
type recorded struct {
	net.Conn
	mu  sync.Mutex // guards all
	all bytes.Buffer
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all.Len() < 1<<20 {
		c.all.Write(p[:n])
	}
	return n, err
}

type recordingListener struct {
	net.Listener
	w *wire
}

func (l recordingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r := &recorded{Conn: c}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.conns = append(l.w.conns, r)
	return r, nil
}

func newWire(tb testing.TB, handler http.HandlerFunc) *wire {
	tb.Helper()
	w := &wire{}
	w.handle(handler)
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.count.Add(1)
		w.mu.Lock()
		if len(w.seen) < 1000 {
			w.seen = append(w.seen, r)
		}
		w.mu.Unlock()
		(*w.handler.Load())(rw, r)
	}))
	w.server.Listener = recordingListener{w.server.Listener, w}
	w.server.Start()
	tb.Cleanup(w.server.Close)
	u, err := url.Parse(w.server.URL)
	if err != nil {
		tb.Fatal(err)
	}
	w.URL = u
	return w
}

func (w *wire) handle(h http.HandlerFunc) { w.handler.Store(&h) }

// bytes is all that was received.
func (w *wire) bytes() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []byte
	for _, c := range w.conns {
		c.mu.Lock()
		all = append(all, c.all.Bytes()...)
		c.mu.Unlock()
	}
	return all
}

// requests are what the engine's parser made of it.
func (w *wire) requests() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*http.Request(nil), w.seen...)
}

// last is the latest request.
func (w *wire) last(tb testing.TB) *http.Request {
	tb.Helper()
	all := w.requests()
	if len(all) == 0 {
		tb.Fatal("the engine has seen no request")
	}
	return all[len(all)-1]
}

func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
	for _, c := range w.conns {
		c.mu.Lock()
		c.all.Reset()
		c.mu.Unlock()
	}
	w.count.Store(0)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte("hello"))
}
