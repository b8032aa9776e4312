package ship_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
)

// syslogServer takes connections and hands over messages with counted octets.
func syslogServer(t *testing.T, l net.Listener) <-chan string {
	t.Helper()
	messages := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			for {
				count, err := r.ReadString(' ')
				if err != nil {
					break
				}
				n, err := strconv.Atoi(strings.TrimSpace(count))
				if err != nil {
					t.Errorf("octet count %q", count)
					break
				}
				b := make([]byte, n)
				if _, err := io.ReadFull(r, b); err != nil {
					break
				}
				messages <- string(b)
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return messages
}

// rfc5424 takes a message apart: facility and severity, time, host,
// application, process, message id, the line.
var rfc5424 = regexp.MustCompile(`^<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\S+) (\S+) (\d+) (\S+) - (\{.*\})$`)

func checkMessage(t *testing.T, message string, want audit.Entry) {
	t.Helper()
	parts := rfc5424.FindStringSubmatch(message)
	if parts == nil {
		t.Fatalf("message %q", message)
	}
	if parts[1] != "86" || parts[3] != "node-1" || parts[4] != "mfaserver" || parts[6] != "session.started" {
		t.Errorf("header of %q", message)
	}
	got, err := audit.ParseLine([]byte(parts[7]))
	if err != nil || got.Sequence != want.Sequence || got.Username != "alice" {
		t.Errorf("line %q = %v", parts[7], err)
	}
}

// Records arrive over TCP and TLS as RFC 5424 has them, and go on arriving
// when the server has closed the connection.
func TestSyslog(t *testing.T) {
	t.Parallel()
	certificates := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(certificates.Close)
	authority := x509.NewCertPool()
	authority.AddCert(certificates.Certificate())
	for _, scheme := range []string{"tcp", "tls"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			if scheme == "tls" {
				l = tls.NewListener(l, &tls.Config{Certificates: certificates.TLS.Certificates})
			}
			messages := syslogServer(t, l)
			s, err := ship.NewSyslog(ship.SyslogConfig{
				URL: scheme + "://" + l.Addr().String(), Facility: ship.FacilityAuthPriv, Application: "mfaserver",
				TLS: &tls.Config{RootCAs: authority, MinVersion: tls.VersionTLS12},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			h := newHouse(t)
			h.record(2)
			all := h.all()
			records := all[len(all)-2:]
			for range 2 {
				if err := s.Send(t.Context(), records); err != nil {
					t.Fatal(err)
				}
				for _, e := range records {
					checkMessage(t, <-messages, e)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestSyslogUDP(t *testing.T) {
	t.Parallel()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	s, err := ship.NewSyslog(ship.SyslogConfig{URL: "udp://" + c.LocalAddr().String(), Facility: ship.FacilityAuthPriv, Application: "mfaserver"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	h := newHouse(t)
	h.record(1)
	all := h.all()
	if err := s.Send(t.Context(), all[len(all)-1:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _, err := c.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	checkMessage(t, string(b[:n]), all[len(all)-1])
}

// A server with another certificate gets nothing.
func TestSyslogUntrusted(t *testing.T) {
	t.Parallel()
	certificates := httptest.NewTLSServer(nil)
	t.Cleanup(certificates.Close)
	s, err := ship.NewSyslog(ship.SyslogConfig{URL: "tls://" + certificates.Listener.Addr().String(), Application: "mfaserver"})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	err = s.Send(t.Context(), h.all())
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("Send() = %v, want a certificate that is not trusted", err)
	}
}

func TestSyslogConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []ship.SyslogConfig{
		{URL: "http://h:1", Application: "a"},
		{URL: "tcp://h", Application: "a"},
		{URL: "tcp://h:1/x", Application: "a"},
		{URL: "tcp://u@h:1", Application: "a"},
		{URL: "tcp://h:1", Facility: 24, Application: "a"},
		{URL: "tcp://h:1", Application: "a b"},
		{URL: "tcp://h:1"},
	} {
		if _, err := ship.NewSyslog(c); !errors.Is(err, ship.ErrConfig) {
			t.Errorf("NewSyslog(%+v) = %v, want ErrConfig", c, err)
		}
	}
}
