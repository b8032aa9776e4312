package duotest_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// shake makes a new connection with the faults in it.
func (a *app) shake(f duotest.ConnectionFaults, limit time.Duration) (tls.ConnectionState, error) {
	a.t.Helper()
	a.SetFaults(duotest.Faults{Connection: f})
	d := net.Dialer{Timeout: 5 * time.Second}
	raw, err := d.DialContext(a.t.Context(), "tcp", a.APIHost)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer func() { _ = raw.Close() }()
	if err := raw.SetDeadline(time.Now().Add(limit)); err != nil {
		a.t.Fatal(err)
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: a.CA().Pool(), ServerName: "127.0.0.1", MinVersion: tls.VersionTLS10})
	err = conn.Handshake()
	return conn.ConnectionState(), err
}

// Threat T100: servers that are not Duo. Threat T093: stalls.
func TestConnectionFaults(t *testing.T) {
	t.Parallel()
	a := start(t)
	const long = 5 * time.Second
	state, err := a.shake(duotest.ConnectionFaults{}, long)
	if err != nil || state.Version != tls.VersionTLS13 || state.NegotiatedProtocol == "h2" {
		t.Errorf("no fault: %v, %x", err, state.Version)
	}
	if _, err := a.shake(duotest.ConnectionFaults{Refuse: true}, long); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("Refuse: %v, want a reset", err)
	}
	var timeout net.Error
	if _, err := a.shake(duotest.ConnectionFaults{Silent: true}, 100*time.Millisecond); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("Silent: %v, want a timeout", err)
	}
	var record tls.RecordHeaderError
	if _, err := a.shake(duotest.ConnectionFaults{Plain: true}, long); !errors.As(err, &record) {
		t.Errorf("Plain: %v, want RecordHeaderError", err)
	}
	state, err = a.shake(duotest.ConnectionFaults{MaxTLS: tls.VersionTLS11}, long)
	if err != nil || state.Version != tls.VersionTLS11 {
		t.Errorf("MaxTLS: %v, %x", err, state.Version)
	}
	for _, fault := range []duotest.CertificateFault{duotest.CertificateExpired, duotest.CertificateEarly} {
		var invalid x509.CertificateInvalidError
		if _, err := a.shake(duotest.ConnectionFaults{Certificate: fault}, long); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("%s: %v, want Expired", fault, err)
		}
	}
	var name x509.HostnameError
	if _, err := a.shake(duotest.ConnectionFaults{Certificate: duotest.CertificateWrongName}, long); !errors.As(err, &name) {
		t.Errorf("wrong name: %v, want HostnameError", err)
	}
	var unknown x509.UnknownAuthorityError
	if _, err := a.shake(duotest.ConnectionFaults{Certificate: duotest.CertificateUntrusted}, long); !errors.As(err, &unknown) {
		t.Errorf("untrusted: %v, want UnknownAuthorityError", err)
	}
	if _, err := a.shake(duotest.ConnectionFaults{}, long); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}

// Close ends connections that are being held.
func TestCloseEndsSilence(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{Connection: duotest.ConnectionFaults{Silent: true}})
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(t.Context(), "tcp", a.APIHost)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	go a.Close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the silent server spoke")
	}
}
