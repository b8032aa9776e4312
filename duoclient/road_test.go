package duoclient_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
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

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// Threat T092: what is too much is not read, whatever it claims to be.
func TestGiantAnswers(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 32<<10)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 256 {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
	var taken atomic.Int64 // bytes that left the endless answers
	endless := func(w http.ResponseWriter) {
		for {
			n, err := w.Write(zeros)
			taken.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	t.Cleanup(func() {
		if n := taken.Load(); n > 64<<20 {
			t.Errorf("%d bytes were taken off two endless answers", n)
		}
	})
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
			_, _ = w.Write(bomb.Bytes())
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
			start := time.Now()
			_, err := f.client(t).Exchange(t.Context(), asked())
			if !errors.Is(err, row.want) {
				t.Errorf("Exchange = %v, want %v", err, row.want)
			}
			if took := time.Since(start); took > 9*time.Second {
				t.Errorf("took %v", took)
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

// Threat T093: the budgets, as they are outside of tests.
func TestDefaultLimits(t *testing.T) {
	t.Parallel()
	want := duoclient.TestLimits{Connect: 3 * time.Second, Handshake: 3 * time.Second, Header: 8 * time.Second, Whole: 10 * time.Second, Queue: 2 * time.Second}
	if got, concurrent, body := duoclient.DefaultLimits(); got != want || concurrent != 100 || body != 64<<10 {
		t.Errorf("limits %+v, %d calls, %d bytes", got, concurrent, body)
	}
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

// Threat T093, fault R17: each place where Duo can stall has its budget; a stall is an
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
			}, duoclient.WithLimits(duoclient.TestLimits{Handshake: 2 * time.Second, Header: 2 * time.Second, Whole: 2500 * time.Millisecond}))
			start := time.Now()
			_, err := u.Exchange(t.Context(), asked())
			if !errors.Is(err, row.want) || errors.Is(err, duoclient.ErrNotSent) != row.notSent {
				t.Errorf("Exchange = %v, want %v, not sent: %v", err, row.want, row.notSent)
			}
			if took := time.Since(start); took > 12*time.Second {
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
	arrived, free := make(chan struct{}, 100), make(chan struct{})
	f.answerToken(func(w http.ResponseWriter, r *http.Request) {
		n := under.Add(1)
		defer under.Add(-1)
		arrived <- struct{}{}
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
	for range 10 {
		<-arrived
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
	u := f.client(t, duoclient.WithLimits(duoclient.TestLimits{Header: 200 * time.Millisecond}))
	for range 5 {
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

// A caller without time left is told so, and never of an outage: nobody may
// get in for it.
func TestNoTimeLeft(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := u.Exchange(ctx, asked())
	if !errors.Is(err, duoclient.ErrBusy) || !errors.Is(err, duoclient.ErrNotSent) || errors.Is(err, duoclient.ErrOutage) {
		t.Errorf("Exchange = %v, want ErrBusy and ErrNotSent", err)
	}
	if n := len(f.seen()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}
