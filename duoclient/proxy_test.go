package duoclient_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// connectProxy tunnels every CONNECT to one address.
type connectProxy struct {
	address string
	mu      sync.Mutex
	lines   []string // guarded by mu
}

func newConnectProxy(t *testing.T, target string) *connectProxy {
	t.Helper()
	p := new(connectProxy)
	p.address = listen(t, func(conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		p.mu.Lock()
		p.lines = append(p.lines, req.Method+" "+req.RequestURI+" "+req.Header.Get("Proxy-Authorization"))
		p.mu.Unlock()
		out, err := new(net.Dialer).DialContext(t.Context(), "tcp", target)
		if err != nil {
			return
		}
		defer func() { _ = out.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(out, conn)
			_ = out.Close()
		}()
		_, _ = io.Copy(conn, out)
	})
	return p
}

func (p *connectProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines...)
}

// A proxy's own refusals are told apart, and never show its password.
func TestProxyFailures(t *testing.T) {
	t.Parallel()
	answering := func(line string) func(net.Conn) {
		return func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 "+line+"\r\nContent-Length: 0\r\n\r\n")
			}
		}
	}
	for name, row := range map[string]struct {
		address string
		want    error
	}{
		"wrong password": {listen(t, answering("407 pa55word")), duoclient.ErrMisconfigured},
		"forbidden":      {listen(t, answering("403 Forbidden")), duoclient.ErrMisconfigured},
		"no route":       {listen(t, answering("502 Bad Gateway")), duoclient.ErrOutage},
		"silent":         {listen(t, hold), duoclient.ErrOutage},
		"down":           {closedPort(t), duoclient.ErrOutage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newClient(t, duoclient.UniversalConfig{
				ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost, HTTPProxy: secret.New("http://user:pa55word@" + row.address),
			}, duoclient.WithLimits(duoclient.TestLimits{Connect: 200 * time.Millisecond}))
			_, err := u.Exchange(t.Context(), asked())
			if !errors.Is(err, row.want) || !errors.Is(err, duoclient.ErrNotSent) || strings.Contains(err.Error(), "pa55word") {
				t.Errorf("Exchange = %v, want %v", err, row.want)
			}
		})
	}
}

// Threat T104: proxies of the environment are not asked.
func TestEnvironmentProxyIgnored(t *testing.T) {
	trapped := new(atomic.Int32)
	trap := listen(t, func(net.Conn) { trapped.Add(1) })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, "http://"+trap)
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	ours := newTestCA(t)
	f := tlsServer(t, func(c *tls.Config) {
		c.Certificates = []tls.Certificate{ours.issue(t, time.Now().Add(time.Hour), duoHost)}
	})
	if _, err := toFake(t, f.host(), ours.trust(t)).HealthCheck(t.Context()); err != nil {
		t.Error(err)
	}
	if n := trapped.Load(); n != 0 {
		t.Errorf("%d connections to the proxy of the environment", n)
	}
}

// A connection that Duo closed while it was idle is replaced by a new one,
// and the request is seen once.
func TestIdleConnectionClosed(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t)
	f.answerToken(reply(400, `{"error":"invalid_grant"}`))
	for range 10 {
		if _, err := u.HealthCheck(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.CloseClientConnections()
		if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, duoclient.ErrCodeRefused) && !errors.Is(err, duoclient.ErrOutage) {
			t.Errorf("Exchange = %v", err)
		}
	}
	if n := len(f.seen()); n > 20 {
		t.Errorf("%d requests for 20 calls", n)
	}
}
