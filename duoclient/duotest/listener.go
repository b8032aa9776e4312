package duotest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"
)

// maxChildAddress is the last of the loopback addresses that children get.
const maxChildAddress = 254

// accountKey is where a connection's context keeps whose API host it called.
type accountKey struct{}

// accountListener accepts connections for one account.
type accountListener struct {
	net.Listener

	account *account
}

// accountOf is the account whose API host a request called. Without a listener
// of ours the Host header has to tell.
func (s *Server) accountOf(r *http.Request) *account {
	if a, ok := r.Context().Value(accountKey{}).(*account); ok {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.children.items {
		if a.apiHost == r.Host {
			return a
		}
	}
	return s.account
}

// listen opens the parent's API host.
func (s *Server) listen() error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // the faults need connections of their own
	s.http = &http.Server{
		Handler:           s,
		Protocols:         protocols,
		ReadHeaderTimeout: time.Minute,
		ConnState:         s.count,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(l net.Listener) context.Context {
			ctx := context.Background()
			if al, ok := l.(*accountListener); ok {
				ctx = context.WithValue(ctx, accountKey{}, al.account)
			}
			return ctx
		},
	}
	s.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), MinVersion: tls.VersionTLS12},
	}}
	l, err := s.open(s.account, s.config.Listen)
	if err != nil {
		return err
	}
	s.APIHost = s.account.apiHost
	s.URL = "https://" + s.APIHost
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // ends with ErrServerClosed
	}()
	return nil
}

// open listens for an account; its certificate is good for the configured
// names and for the address.
func (s *Server) open(a *account, address string) (net.Listener, error) {
	var lc net.ListenConfig
	inner, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("duotest: listen: %w", err)
	}
	a.apiHost = inner.Addr().String()
	names := s.config.Hosts
	if host, _, err := net.SplitHostPort(a.apiHost); err == nil && a.child && !slices.Contains(names, host) {
		names = append(slices.Clone(names), host)
	}
	config, err := s.tlsConfig(names)
	if err != nil {
		_ = inner.Close() // nobody has seen it
		return nil, err
	}
	return &accountListener{tls.NewListener(&faultyListener{Listener: inner, server: s}, config), a}, nil
}

// listenFor opens a child's API host.
func (s *Server) listenFor(a *account, address string) error {
	l, err := s.openChild(a, address)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = l.Close() // the server is going
		return fmt.Errorf("%w: the server is closed", ErrAccount)
	}
	s.listeners[a] = l
	s.running.Go(func() { _ = s.http.Serve(l) }) // ends with the listener
	return nil
}

func (s *Server) openChild(a *account, address string) (net.Listener, error) {
	if address != "" {
		return s.open(a, address)
	}
	host, port, err := net.SplitHostPort(s.APIHost)
	if err != nil {
		return nil, fmt.Errorf("duotest: listen: %w", err)
	}
	for n := 2; host == "127.0.0.1" && n <= maxChildAddress; n++ {
		l, err := s.open(a, fmt.Sprintf("127.0.0.%d:%s", n, port))
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break // no such addresses here
		}
	}
	return s.open(a, net.JoinHostPort(host, "0"))
}

// unlisten closes a child's API host.
func (s *Server) unlisten(a *account) {
	s.mu.Lock()
	l := s.listeners[a]
	delete(s.listeners, a)
	a.deleted = true
	s.mu.Unlock()
	if l != nil {
		_ = l.Close() // its connections end with their next request
	}
}

// ensureCA makes an authority where the configuration brought none.
func (s *Server) ensureCA() error {
	if s.ca != nil {
		return nil
	}
	from, to := s.certificateSpan()
	ca, err := newCA(from, to.Add(caLife))
	s.ca = ca
	return err
}

// tlsConfig makes a certificate for names, and those that a fault asks for.
func (s *Server) tlsConfig(names []string) (*tls.Config, error) {
	from, to := s.certificateSpan()
	cert, err := s.ca.issue(names, from, to)
	if err != nil {
		return nil, err
	}
	base := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.faultyTLS(base, names) }
	return base, nil
}

// certificateSpan is valid by the simulator's clock and by the machine's,
// which is the one that TLS clients ask.
func (s *Server) certificateSpan() (from, to time.Time) {
	from, to = s.config.Now(), time.Now() //nolint:forbidigo // certificates are checked by the machine's clock
	if to.Before(from) {
		from, to = to, from
	}
	return from.Add(-backdate), to.Add(leafLife)
}

// faultyTLS is nil when nothing is to be wrong.
func (s *Server) faultyTLS(base *tls.Config, names []string) (*tls.Config, error) {
	f := s.connectionFaults()
	if f.Certificate == "" && f.MaxTLS == 0 {
		return nil, nil //nolint:nilnil // crypto/tls then goes on with the base
	}
	config := base.Clone()
	config.GetConfigForClient = nil
	if f.MaxTLS != 0 {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, f.MaxTLS
	}
	if f.Certificate != "" {
		cert, err := s.badCertificate(f.Certificate, names)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

func (s *Server) badCertificate(fault CertificateFault, names []string) (tls.Certificate, error) {
	ca := s.ca
	from, to := s.certificateSpan()
	switch fault {
	case CertificateExpired:
		to = from.Add(backdate - time.Hour)
	case CertificateEarly:
		from = to.Add(time.Hour - leafLife)
	case CertificateWrongName:
		names = []string{"wrong.example"}
	case CertificateUntrusted:
		var err error
		if ca, err = newCA(from, to); err != nil {
			return tls.Certificate{}, err
		}
	}
	return ca.issue(names, from, to)
}

func (s *Server) connectionFaults() ConnectionFaults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.Connection
}

// faultyListener keeps the connections that never get as far as TLS.
type faultyListener struct {
	net.Listener

	server *Server
}

// Accept returns the next connection that is served as it should be.
func (l *faultyListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch f := l.server.connectionFaults(); {
		case f.Refuse:
			reset(conn)
		case f.Silent:
			l.server.hold(conn, "")
		case f.Plain:
			l.server.hold(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
		default:
			return conn, nil
		}
	}
}

// hold says one thing, or nothing, to a connection and keeps it until its peer
// or the server ends it.
func (s *Server) hold(conn net.Conn, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // the server is going
		return
	}
	gone := make(chan struct{})
	s.running.Go(func() {
		defer close(gone)
		_, _ = io.WriteString(conn, text) // a peer that left
		_, _ = io.Copy(io.Discard, conn)  // is what this waits for
	})
	s.running.Go(func() {
		select {
		case <-gone:
		case <-s.done:
		}
		_ = conn.Close() // nothing depends on it
	})
}

// reset closes a connection with a TCP reset.
func reset(conn net.Conn) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a plain close will do
	}
	_ = conn.Close() // it is gone either way
}
