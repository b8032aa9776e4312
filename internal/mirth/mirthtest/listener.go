package mirthtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// run is the server between a start and its end.
type run struct {
	http    *http.Server
	done    chan struct{}  // closed when it ends
	served  chan struct{}  // closed when the listener is
	running sync.WaitGroup // connections and requests

	mu    sync.Mutex
	conns map[*wire]struct{}
}

// start listens; the caller holds life, or nobody knows the server yet.
func (s *Server) start(address string) error {
	var lc net.ListenConfig
	inner, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		return fmt.Errorf("mirthtest: listen: %w", err)
	}
	if s.URL == "" { // it stays the same through every Restart
		scheme := "https://"
		if s.config.Plain {
			scheme = "http://"
		}
		s.URL = scheme + inner.Addr().String()
	}
	r := &run{done: make(chan struct{}), served: make(chan struct{}), conns: map[*wire]struct{}{}}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // as the engine's Jetty
	r.http = &http.Server{
		Handler:                      http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { s.serve(r, w, q) }),
		Protocols:                    protocols,
		ReadHeaderTimeout:            time.Minute,
		DisableGeneralOptionsHandler: true,
		ConnState:                    r.count,
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, wireKey{}, c) },
		ErrorLog:                     slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
	}
	s.mu.Lock()
	s.done = r.done
	s.mu.Unlock()
	s.run = r
	l := &wireListener{Listener: inner, server: s, run: r}
	go func() {
		defer close(r.served)
		_ = r.http.Serve(l) // ends with ErrServerClosed
	}()
	return nil
}

// stop ends the run, if there is one; the caller holds life.
func (s *Server) stop(abrupt bool) {
	r := s.run
	if r == nil {
		return
	}
	s.run = nil
	close(r.done)
	if abrupt {
		r.cut(reset)
	}
	_ = r.http.Close() // its connections are gone either way
	<-r.served
	r.cut(func(c net.Conn) { _ = c.Close() }) // those that were taken over
	r.running.Wait()
}

// address is where the server was listening.
func (s *Server) address() string {
	_, address, _ := strings.Cut(s.URL, "://")
	return address
}

// stopped is closed when the current run ends.
func (s *Server) stopped() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

// count keeps the connections that stop waits for.
func (r *run) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		r.running.Add(1)
	case http.StateClosed, http.StateHijacked: // a hijacked one has its request
		r.running.Done()
	default:
	}
}

// cut ends all connections.
func (r *run) cut(end func(net.Conn)) {
	r.mu.Lock()
	conns := make([]net.Conn, 0, len(r.conns))
	for c := range r.conns {
		conns = append(conns, c.tcp)
	}
	r.mu.Unlock()
	for _, c := range conns {
		end(c)
	}
}

// wireListener hands out connections that record what they receive.
type wireListener struct {
	net.Listener

	server *Server
	run    *run
}

// Accept returns the next connection, decrypted.
func (l *wireListener) Accept() (net.Conn, error) {
	tcp, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &wire{Conn: tcp, tcp: tcp, run: l.run, record: &l.server.record, number: l.server.record.accepted()}
	if !l.server.config.Plain {
		c.Conn = tls.Server(tcp, &tls.Config{
			Certificates: []tls.Certificate{l.server.certificate},
			MinVersion:   tls.VersionTLS12,
			NextProtos:   []string{"http/1.1"},
		})
	}
	l.run.mu.Lock()
	defer l.run.mu.Unlock()
	l.run.conns[c] = struct{}{}
	return c, nil
}

// wireKey is where a request's context keeps its connection.
type wireKey struct{}

// wire is a connection whose received bytes are kept.
type wire struct {
	net.Conn

	tcp    net.Conn
	run    *run
	record *record
	number int

	generation int // guarded by the record's lock, like bytes
	bytes      []byte
}

// Read records what it returns.
func (c *wire) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.record.received(c, b[:n])
	}
	return n, err //nolint:wrapcheck // net/http looks at it
}

// Close closes the connection.
func (c *wire) Close() error {
	c.run.mu.Lock()
	delete(c.run.conns, c)
	c.run.mu.Unlock()
	return c.Conn.Close() //nolint:wrapcheck // net/http looks at it
}

// reset closes a connection with a TCP reset.
func reset(c net.Conn) {
	if w, ok := c.(*wire); ok {
		c = w.tcp
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a plain close will do
	}
	_ = c.Close() // it is gone either way
}
