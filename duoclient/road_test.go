package duoclient_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// Threat T092: what is too much is not read, whatever it claims to be.
func TestGiantAnswers(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 32<<10)
	endless := func(w http.ResponseWriter) {
		for {
			if _, err := w.Write(zeros); err != nil {
				return
			}
		}
	}
	for _, row := range []struct {
		name string
		h    http.HandlerFunc
		want error
	}{
		{"ten gigabytes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10000000000")
			endless(w)
		}, duoclient.ErrMalformedResponse},
		{"endless chunks", func(w http.ResponseWriter, _ *http.Request) { endless(w) }, duoclient.ErrMalformedResponse},
		{"gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 1000 {
				_, _ = z.Write(zeros)
			}
			_ = z.Close()
		}, duoclient.ErrMalformedResponse},
		{"length lies upwards", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "{}")
		}, duoclient.ErrOutage},
		{"one byte too many", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "{}"+strings.Repeat(" ", 64<<10-1))
		}, duoclient.ErrMalformedResponse},
		{"giant header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Big", strings.Repeat("x", 1<<20))
		}, duoclient.ErrMalformedResponse},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answerToken(row.h)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := f.client(t).Exchange(t.Context(), asked())
			runtime.ReadMemStats(&after)
			if !errors.Is(err, row.want) {
				t.Errorf("Exchange = %v, want %v", err, row.want)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
			if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 64<<20 {
				t.Errorf("heap grew by %d bytes", grown)
			}
		})
	}
	t.Run("just as large as allowed", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		good := `{"response":{"timestamp":1793534400},"stat":"OK"}`
		f.answerHealth(reply(200, good+strings.Repeat(" ", 64<<10-len(good))))
		if _, err := f.client(t).HealthCheck(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// listen accepts connections and hands each to serve.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			})
		}
	})
	return l.Addr().String()
}

func hold(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// Threat T093: each place where Duo can stall has its budget; a stall is an
// outage, and ErrNotSent is said exactly when nothing was sent.
func TestStalls(t *testing.T) {
	t.Parallel()
	ca := newTestCA(t)
	server := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, time.Now().Add(time.Hour))}, MinVersion: tls.VersionTLS12}
	afterTLS := func(then func(net.Conn)) func(net.Conn) {
		return func(conn net.Conn) {
			c := tls.Server(conn, server)
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				then(c)
			}
		}
	}
	drip := func(conn net.Conn, text string) {
		for i := range len(text) {
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		hold(conn)
	}
	for _, row := range []struct {
		name    string
		serve   func(net.Conn)
		notSent bool
		want    error
	}{
		{"silent in TLS", hold, true, duoclient.ErrOutage},
		{"cut in TLS", func(conn net.Conn) { _, _ = conn.Read(make([]byte, 10)) }, true, duoclient.ErrOutage},
		{"silent after the request", afterTLS(hold), false, duoclient.ErrOutage},
		{"cut after the request", afterTLS(func(net.Conn) {}), false, duoclient.ErrOutage},
		{"header drips", afterTLS(func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\n"+strings.Repeat("X-Y: z\r\n", 100)) }), false, duoclient.ErrOutage},
		{"body drips", afterTLS(func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{\"id_token\":\"") }), false, duoclient.ErrOutage},
		{"body stops", afterTLS(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{")
			hold(c)
		}), false, duoclient.ErrOutage},
		{"no HTTP", afterTLS(func(c net.Conn) { _, _ = io.WriteString(c, "220 mail ready\r\n") }), false, duoclient.ErrMalformedResponse},
		{"bad chunks", afterTLS(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
		}), false, duoclient.ErrMalformedResponse},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			u := newClient(t, duoclient.UniversalConfig{
				ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: listen(t, row.serve), CA: ca.trust(t), Simulator: true,
			}, duoclient.WithLimits(duoclient.TestLimits{Handshake: 500 * time.Millisecond, Header: 500 * time.Millisecond, Whole: 900 * time.Millisecond}))
			start := time.Now()
			_, err := u.Exchange(t.Context(), asked())
			if !errors.Is(err, row.want) || errors.Is(err, duoclient.ErrNotSent) != row.notSent {
				t.Errorf("Exchange = %v, want %v, not sent: %v", err, row.want, row.notSent)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	t.Run("never connects", func(t *testing.T) {
		t.Parallel()
		free := make(chan struct{})
		t.Cleanup(func() { close(free) })
		u, _ := verifier(t, duoclient.WithLimits(duoclient.TestLimits{Whole: 200 * time.Millisecond}),
			duoclient.WithDial(func(context.Context, string, string) (net.Conn, error) {
				<-free
				return nil, net.ErrClosed
			}))
		_, err := u.Exchange(t.Context(), asked())
		if !errors.Is(err, duoclient.ErrOutage) || !errors.Is(err, duoclient.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Exchange = %v", err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		u := newClient(t, duoclient.UniversalConfig{
			ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: closedPort(t), CA: ca.trust(t), Simulator: true,
		})
		_, err := u.Exchange(t.Context(), asked())
		if !errors.Is(err, duoclient.ErrOutage) || !errors.Is(err, duoclient.ErrNotSent) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("Exchange = %v", err)
		}
	})
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Threat T093: at most so many calls at once; the others wait their time and
// are turned away, and nothing stays behind.
func TestBusy(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var under, most atomic.Int32
	free := make(chan struct{})
	f.answerToken(func(w http.ResponseWriter, r *http.Request) {
		n := under.Add(1)
		defer under.Add(-1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		<-free
		reply(400, `{"error":"invalid_grant"}`)(w, r)
	})
	c := f.config(t)
	c.MaxConcurrent = 10
	u := newClient(t, c, duoclient.WithLimits(duoclient.TestLimits{Queue: 300 * time.Millisecond}))
	outcomes := make(chan error, 100)
	for range 100 {
		go func() {
			_, err := u.Exchange(t.Context(), asked())
			outcomes <- err
		}()
	}
	for range 90 {
		if err := <-outcomes; !errors.Is(err, duoclient.ErrBusy) || !errors.Is(err, duoclient.ErrNotSent) || duoclient.Classify(err) != duoclient.ClassBusy {
			t.Errorf("Exchange = %v, want ErrBusy", err)
		}
	}
	close(free)
	for range 10 {
		if err := <-outcomes; !errors.Is(err, duoclient.ErrCodeRefused) {
			t.Errorf("Exchange = %v, want ErrCodeRefused", err)
		}
	}
	if most.Load() != 10 {
		t.Errorf("%d calls at once, want 10", most.Load())
	}
	if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, duoclient.ErrCodeRefused) {
		t.Errorf("afterwards: %v", err)
	}
}

// Threat T093: failed and finished calls leave no goroutine.
func TestNoLeak(t *testing.T) { //nolint:paralleltest // counts the goroutines of the process
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f := newFake(t)
	defer f.Close()
	f.answerToken(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	u := f.client(t, duoclient.WithLimits(duoclient.TestLimits{Header: 100 * time.Millisecond}))
	for range 20 {
		if _, err := u.HealthCheck(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, duoclient.ErrOutage) {
			t.Error(err)
		}
	}
	u.Close()
}

// Threat T094: a redirect is a failure, and what was sent stays where it was
// sent.
func TestRedirects(t *testing.T) {
	t.Parallel()
	leak := newFake(t)
	plainLeaks := new(atomic.Int32)
	plain := listen(t, func(net.Conn) { plainLeaks.Add(1) })
	f := newFake(t)
	u := f.client(t)
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for name, to := range map[string]string{
			"another host": leak.URL + "/oauth/v1/token", "same host": f.URL + "/elsewhere", "plain": "http://" + plain + "/", "data": "data:text/plain,x", "relative": "/elsewhere",
		} {
			before := len(f.seen())
			h := func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}
			f.answerToken(h)
			f.answerHealth(h)
			if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, duoclient.ErrMalformedResponse) {
				t.Errorf("%d to %s: Exchange = %v", status, name, err)
			}
			if _, err := u.HealthCheck(t.Context()); !errors.Is(err, duoclient.ErrMalformedResponse) {
				t.Errorf("%d to %s: HealthCheck = %v", status, name, err)
			}
			if n := len(f.seen()) - before; n != 2 {
				t.Errorf("%d to %s: %d calls, want 2", status, name, n)
			}
		}
	}
	if n := len(leak.seen()); n != 0 || plainLeaks.Load() != 0 {
		t.Errorf("%d and %d requests leaked", n, plainLeaks.Load())
	}
}

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
				ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost, CA: row.ca, HTTPProxy: "http://user:pa55word@" + proxy.address,
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
		"[fe80::1%eth0]:443": false, "[fc00::1]:443": false, "[fd12::1]:443": false, "[fec0::1]:443": false, "[ff02::1]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::ffff:10.0.0.1]:443": false, "[64:ff9b::7f00:1]:443": false, "duo:443": false, "": false,
	} {
		if got := duoclient.PublicAddress(address); got != want {
			t.Errorf("PublicAddress(%q) = %v, want %v", address, got, want)
		}
	}
}

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
				ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost, HTTPProxy: "http://user:pa55word@" + row.address,
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
