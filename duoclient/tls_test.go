package duoclient_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// tlsServer is a fake with a TLS configuration of the test's making.
func tlsServer(t *testing.T, change func(*tls.Config)) *fake {
	t.Helper()
	f := newFake(t)
	change(f.TLS)
	return f
}

// toFake is a client for Duo's real host name whose connections end at the
// fake.
func toFake(t *testing.T, address string, ca duoclient.CA, opts ...duoclient.Option) *duoclient.Universal {
	t.Helper()
	dial := func(ctx context.Context, network, asked string) (net.Conn, error) {
		if asked != duoHost+":443" {
			t.Errorf("dialled %s", asked)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return newClient(t, duoclient.UniversalConfig{ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost, CA: ca},
		append([]duoclient.Option{duoclient.WithDial(dial)}, opts...)...)
}

// mustUntrust asks u both ways and wants both refused before anything is sent.
func mustUntrust(t *testing.T, u *duoclient.Universal) {
	t.Helper()
	_, err := u.HealthCheck(t.Context())
	if !errors.Is(err, duoclient.ErrUntrustedServer) || duoclient.Classify(err) != duoclient.ClassUntrusted {
		t.Errorf("HealthCheck = %v (%v), want ErrUntrustedServer", err, duoclient.Classify(err))
	}
	_, err = u.Exchange(t.Context(), asked())
	if !errors.Is(err, duoclient.ErrUntrustedServer) || !errors.Is(err, duoclient.ErrNotSent) {
		t.Errorf("Exchange = %v, want ErrUntrustedServer and ErrNotSent", err)
	}
}

// Threat T100: only a server whose certificate chains to the given roots and
// names the host is Duo; directly and inside a proxy's tunnel alike.
func TestTLSVerification(t *testing.T) {
	t.Parallel()
	ours, foreign := newTestCA(t), newTestCA(t)
	hour := time.Now().Add(time.Hour)
	for _, row := range []struct {
		name string
		cert tls.Certificate
		max  uint16
		ca   duoclient.CA
		good bool
	}{
		{"right", ours.issue(t, hour, duoHost), 0, ours.trust(t), true},
		{"foreign authority", foreign.issue(t, hour, duoHost), 0, ours.trust(t), false},
		{"Duo's roots, foreign authority", foreign.issue(t, hour, duoHost), 0, duoclient.CA{}, false},
		{"expired", ours.issue(t, time.Now().Add(-time.Minute), duoHost), 0, ours.trust(t), false},
		{"another name", ours.issue(t, hour, "api-test0002.duosecurity.com"), 0, ours.trust(t), false},
		{"address only", ours.issue(t, hour), 0, ours.trust(t), false},
		{"TLS 1.1", ours.issue(t, hour, duoHost), tls.VersionTLS11, ours.trust(t), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			address := listen(t, func(conn net.Conn) {
				c := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{row.cert}, MinVersion: tls.VersionTLS10, MaxVersion: row.max})
				r := bufio.NewReader(c)
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				f.mu.Lock()
				f.calls = append(f.calls, request{Path: req.URL.Path})
				f.mu.Unlock()
				const body = `{"response":{"timestamp":1793534400},"stat":"OK"}`
				_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			})
			direct := toFake(t, address, row.ca)
			proxy := newConnectProxy(t, address)
			proxied := newClient(t, duoclient.UniversalConfig{
				ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost, CA: row.ca, HTTPProxy: secret.New("http://user:pa55word@" + proxy.address),
			})
			for _, u := range []*duoclient.Universal{direct, proxied} {
				if !row.good {
					mustUntrust(t, u)
				} else if _, err := u.HealthCheck(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if n := len(f.seen()); !row.good && n != 0 {
				t.Errorf("%d requests were sent", n)
			}
			for _, line := range proxy.requests() {
				if line != "CONNECT "+duoHost+":443 Basic dXNlcjpwYTU1d29yZA==" {
					t.Errorf("the proxy saw %q", line)
				}
			}
			if len(proxy.requests()) == 0 {
				t.Error("the proxy saw nothing")
			}
		})
	}
}

// Threat T100: plain HTTP, or anything else that is no TLS, on Duo's port.
func TestNoTLS(t *testing.T) {
	t.Parallel()
	for name, greeting := range map[string]string{"HTTP": "HTTP/1.1 400 Bad Request\r\n\r\n", "SSH": "SSH-2.0-OpenSSH_9.2\r\n", "zeros": strings.Repeat("\x00", 64)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := listen(t, func(conn net.Conn) {
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, greeting)
				hold(conn)
			})
			mustUntrust(t, toFake(t, address, duoclient.CA{}))
		})
	}
}

// Threats T097, T100, R37: Duo's name that leads to this machine or network is
// not Duo, whatever answers there, and no outage either.
func TestPrivateAddress(t *testing.T) {
	t.Parallel()
	ours := newTestCA(t)
	f := tlsServer(t, func(c *tls.Config) {
		c.Certificates = []tls.Certificate{ours.issue(t, time.Now().Add(time.Hour), duoHost)}
	})
	for name, to := range map[string]string{"loopback": f.host(), "closed port": closedPort(t), "by name": strings.Replace(f.host(), "127.0.0.1", "localhost", 1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newClient(t, duoclient.UniversalConfig{ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost, CA: ours.trust(t)},
				duoclient.WithRedirectDial(func(string) string { return to }))
			mustUntrust(t, u)
		})
	}
}

func TestPublicAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"54.241.191.128:443": true, "[2600:1f18::1]:443": true, "[64:ff9b::36f1:bf80]:443": true, "[::ffff:54.241.191.128]:443": true,
		"127.0.0.1:443": false, "127.8.8.8:443": false, "0.0.0.0:443": false, "0.1.2.3:443": false, "10.0.0.1:443": false, "172.16.0.1:443": false,
		"172.31.255.255:443": false, "192.168.1.1:443": false, "169.254.169.254:443": false, "100.64.0.1:443": false, "198.18.0.1:443": false,
		"192.0.0.8:443": false, "224.0.0.1:443": false, "240.0.0.1:443": false, "255.255.255.255:443": false, "[::1]:443": false, "[::]:443": false,
		"[fe80::1%eth0]:443": false, "[2600:1f18::1%eth0]:443": false, "[fc00::1]:443": false, "[fd12::1]:443": false, "[fec0::1]:443": false, "[ff02::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:10.0.0.1]:443": false, "[64:ff9b::7f00:1]:443": false, "duo:443": false, "": false,
	} {
		if got := duoclient.PublicAddress(address); got != want {
			t.Errorf("PublicAddress(%q) = %v, want %v", address, got, want)
		}
	}
}

// spoiledConn changes one byte of what comes first in large pieces: the
// server's half of the handshake.
type spoiledConn struct {
	net.Conn

	done bool
}

func (c *spoiledConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 500 && !c.done {
		b[n-1] ^= 1
		c.done = true
	}
	return n, err
}

// Threat T100: a handshake that was changed on the way is no outage, so that
// no fail mode lets anybody in for it.
func TestSpoiledHandshake(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t, duoclient.WithDial(func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, f.Listener.Addr().String())
		return &spoiledConn{Conn: conn}, err
	}))
	mustUntrust(t, u)
}
