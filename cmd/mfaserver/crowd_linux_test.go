package main_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// comeFrom opens a connection from a source, over which nothing is said.
func comeFrom(t *testing.T, c *apiClient, source string) net.Conn {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(c.server, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// settleIn begins TLS and makes a call, after which the connection may stay for a
// minute.
func settleIn(t *testing.T, c *apiClient, conn net.Conn) {
	t.Helper()
	secure := tls.Client(conn, &tls.Config{RootCAs: c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	if err := secure.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := secure.Write([]byte("GET /api/server/status HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := secure.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// fresh makes a call over a connection of its own.
func fresh(t *testing.T, c *apiClient) error {
	t.Helper()
	c.http.CloseIdleConnections()
	reused := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	a, err := c.try(ctx, http.MethodGet, c.server+"/api/server/status", nil, http.Header{"X-Requested-With": {"x"}})
	if err == nil && (a.status != http.StatusOK || reused) {
		t.Errorf("status = %d, over a connection of before: %t", a.status, reused)
	}
	return err
}

// Threat T177: a source has as many connections as it may and not one more. The
// next waits, and is closed when no place comes free; others do not notice; and a
// reload that allows more lets more in.
func TestConnectionsOfASource(t *testing.T) {
	t.Parallel()
	const source, most = "127.0.0.9", 16
	p, c, f := serveMeasured(t, "connections: {per_source: 16, total: 200}\n")
	for range most {
		settleIn(t, c, comeFrom(t, c, source))
	}
	f.has(t, "mfaserver_connections 16")
	late := comeFrom(t, c, source)
	f.has(t, "mfaserver_connections_waiting 1")
	if err := fresh(t, c); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if err := late.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := late.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read = %d, %v, want that the connection is closed", n, err)
	}
	f.has(t, "mfaserver_connections_refused_total 1")

	file := p.cmd.Args[slices.Index(p.cmd.Args, "--config")+1]
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(config), "per_source: 16", "per_source: 100", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the configuration is replaced", func() bool { return strings.Contains(p.log.String(), saidReplaced) })
	settleIn(t, c, comeFrom(t, c, source))
}
