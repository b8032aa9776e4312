package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// shown is the certificate of a server, in files that can be replaced.
type shown struct {
	authority         *duotest.CA
	certFile, keyFile string
}

// replace makes a new certificate and returns its serial number. Each file is
// replaced as a whole, one after the other.
func (s *shown) replace(t *testing.T) *big.Int {
	t.Helper()
	cert, err := s.authority.Issue([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		s.keyFile: {Type: "PRIVATE KEY", Bytes: key}, s.certFile: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
	} {
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf.SerialNumber
}

// serveShowing is serveWith with a certificate in files.
func serveShowing(t *testing.T) (*process, *apiClient, *shown, *big.Int) {
	t.Helper()
	duo := newDuo(t)
	s := &shown{authority: duo.CA()}
	var serial *big.Int
	p, c := serveWith(t, duo, func(config string) string {
		dir := filepath.Dir(configPath(config))
		s.certFile, s.keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		serial = s.replace(t)
		return config + fmt.Sprintf("tls: {cert_file: %q, key_file: %q}\n", s.certFile, s.keyFile)
	})
	return p, c, s, serial
}

// handshake connects and returns the serial number of what is shown.
func handshake(t *testing.T, c *apiClient) *big.Int {
	t.Helper()
	config := c.http.Transport.(*http.Transport).TLSClientConfig.Clone()
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.server, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was only looked at
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber
}

// Threats T171, T173, fault R27: certificates are replaced under load, good and
// bad ones in turns. A good one is shown from the next handshake on, a bad one
// never, and no call is lost.
func TestCertificateIsReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	p, c, s, serial := serveShowing(t)
	if got := handshake(t, c); got.Cmp(serial) != 0 {
		t.Fatalf("serial number = %x, want %x", got, serial)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int64
	var load sync.WaitGroup
	for i := range 4 {
		load.Go(func() {
			for ctx.Err() == nil {
				a, err := c.try(ctx, http.MethodGet, c.server+"/api/server/status", nil, http.Header{"X-Requested-With": {"x"}})
				if ctx.Err() == nil && (err != nil || a.status != http.StatusOK) {
					t.Errorf("a call = %d, %v", a.status, err)
					return
				}
				calls.Add(1)
				if i%2 == 0 { // half of them shake hands anew each time
					c.http.CloseIdleConnections()
				}
			}
		})
	}
	hangup := func() {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 10 {
		serial := s.replace(t)
		hangup()
		eventually(t, "the new certificate is shown", func() bool { return handshake(t, c).Cmp(serial) == 0 })
		if err := os.WriteFile(s.certFile, []byte("no certificate"), 0o600); err != nil {
			t.Fatal(err)
		}
		hangup()
		eventually(t, "the bad one is told", func() bool {
			return strings.Count(p.log.String(), "the configuration was refused") > round
		})
		if got := handshake(t, c); got.Cmp(serial) != 0 {
			t.Errorf("serial number after a bad file = %x, want %x", got, serial)
		}
	}
	cancel()
	load.Wait()
	if calls.Load() < 20 {
		t.Errorf("%d calls meanwhile: the test shows little", calls.Load())
	}
}

// Threat T173: nothing older than TLS 1.2, and no cipher without
// authentication. Threat T175: plain HTTP is not answered with anything but that
// it is none, and is sent nowhere else.
func TestOnlyGoodTLS(t *testing.T) {
	t.Parallel()
	_, c, _, _ := serveShowing(t)
	address := strings.TrimPrefix(c.server, "https://")
	var aead, others []uint16
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		switch {
		case suite.SupportedVersions[0] == tls.VersionTLS13:
		case strings.HasPrefix(suite.Name, "TLS_ECDHE_") && (strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_POLY1305_")):
			aead = append(aead, suite.ID)
		default:
			others = append(others, suite.ID)
		}
	}
	for _, row := range []struct {
		name     string
		min, max uint16
		suites   []uint16
		works    bool
	}{
		{"TLS 1.3", tls.VersionTLS13, tls.VersionTLS13, nil, true},
		{"TLS 1.2", tls.VersionTLS12, tls.VersionTLS12, aead, true},
		{"TLS 1.2 with other ciphers", tls.VersionTLS12, tls.VersionTLS12, others, false},
		{"TLS 1.1", tls.VersionTLS11, tls.VersionTLS11, others, false},
		{"TLS 1.0", tls.VersionTLS10, tls.VersionTLS10, others, false},
	} {
		config := c.http.Transport.(*http.Transport).TLSClientConfig.Clone()
		config.MinVersion, config.MaxVersion, config.CipherSuites = row.min, row.max, row.suites
		conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", address)
		if (err == nil) != row.works {
			t.Errorf("%s: %v, want that it works: %t", row.name, err, row.works)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // the server closes it
	if _, err := io.WriteString(conn, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.0 400 ") || strings.Contains(strings.ToLower(string(got)), "location:") {
		t.Errorf("plain HTTP is answered %q, want 400 and no redirect", got)
	}
}
