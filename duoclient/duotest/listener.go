package duotest

import (
	"crypto/tls"
	"io"
	"net"
	"time"
)

// tlsConfig makes the server's certificate, and those that a fault asks for.
func (s *Server) tlsConfig() (*tls.Config, error) {
	from, to := s.certificateSpan()
	if s.ca == nil {
		ca, err := newCA(from, to.Add(caLife))
		if err != nil {
			return nil, err
		}
		s.ca = ca
	}
	cert, err := s.ca.issue(s.config.Hosts, from, to)
	if err != nil {
		return nil, err
	}
	base := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.faultyTLS(base) }
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
func (s *Server) faultyTLS(base *tls.Config) (*tls.Config, error) {
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
		cert, err := s.badCertificate(f.Certificate)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

func (s *Server) badCertificate(fault CertificateFault) (tls.Certificate, error) {
	ca, names := s.ca, s.config.Hosts
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
