package main_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/store/redis/redistest"
)

// facade stands before a server, with a certificate that can be exchanged.
type facade struct {
	addr string
	// back connects to the server.
	back func(ctx context.Context) (net.Conn, error)
	cert atomic.Pointer[tls.Certificate]
	// strange: who connects from now on should notice that the certificate is a
	// stranger's; told counts who did not, and said something.
	strange atomic.Bool
	told    atomic.Int64

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newFacade(t *testing.T, from *duotest.CA, back func(ctx context.Context) (net.Conn, error)) *facade {
	t.Helper()
	f := &facade{back: back, open: make(map[net.Conn]bool)}
	f.show(t, from)
	var lc net.ListenConfig
	inner, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = inner.Addr().String()
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.cert.Load(), nil }}
	l := tls.NewListener(inner, c)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { f.carry(t.Context(), conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		f.cut()
		all.Wait()
	})
	return f
}

// show has the facade show a certificate of this authority from now on.
func (f *facade) show(t *testing.T, from *duotest.CA) {
	t.Helper()
	cert, err := from.Issue([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f.cert.Store(&cert)
}

// carry passes everything on, both ways.
func (f *facade) carry(ctx context.Context, conn net.Conn) {
	strange := f.strange.Load()
	f.keep(conn, true)
	defer f.keep(conn, false)
	tc, ok := conn.(*tls.Conn)
	if !ok || tc.HandshakeContext(ctx) != nil {
		return
	}
	back, err := f.back(ctx)
	if err != nil {
		return
	}
	f.keep(back, true)
	defer f.keep(back, false)
	var ways sync.WaitGroup
	ways.Go(func() {
		if n, _ := io.Copy(back, conn); n > 0 && strange {
			f.told.Add(1)
		}
		_ = back.Close()
	})
	_, _ = io.Copy(conn, back)
	_ = conn.Close()
	ways.Wait()
}

func (f *facade) keep(conn net.Conn, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !open {
		_ = conn.Close()
		delete(f.open, conn)
		return
	}
	f.open[conn] = true
}

// cut ends every connection: the next call needs a new one.
func (f *facade) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		_ = conn.Close()
	}
}

// authorities is a gateway on Redis, with a facade before Duo, before the engine
// and before Redis, and the files that say who may vouch for each.
type authorities struct {
	*gatewayBench
	facades  map[string]*facade
	files    map[string]string
	old, new *duotest.CA
}

func startAuthorities(t *testing.T) *authorities {
	t.Helper()
	store := redistest.New(t, redistest.Config{})
	b := &gatewayBench{}
	var users []duotest.User
	var accounts []mirthtest.User
	for i, name := range []string{"alice", "bob", "carol"} {
		users = append(users, duotest.User{Name: name, Phones: []duotest.Phone{duotest.Smartphone(fmt.Sprintf("+1734555%04d", 100+i))}})
		accounts = append(accounts, mirthtest.User{Name: name, Password: gatewayPassword})
	}
	var err error
	if b.duo, err = duotest.NewServer(duotest.Config{Auto: duotest.Approve, Users: users}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.duo.Close)
	b.engine = mirthtest.NewServer(mirthtest.Config{Users: accounts})
	t.Cleanup(b.engine.Close)
	a := &authorities{gatewayBench: b, facades: map[string]*facade{}, files: map[string]string{}}
	for _, ca := range []**duotest.CA{&a.old, &a.new} {
		if *ca, err = duotest.NewCA(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	behind := func(name string, back func(ctx context.Context) (net.Conn, error)) string {
		a.files[name] = ownFile(t, dir, name+".pem", a.old.CertPEM())
		a.facades[name] = newFacade(t, a.old, back)
		return a.facades[name].addr
	}
	over := func(addr string, pem []byte) func(ctx context.Context) (net.Conn, error) {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		d := &tls.Dialer{Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
		return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	duo := behind("duo", over(b.duo.APIHost, b.duo.CA().CertPEM()))
	engine := behind("engine", over(strings.TrimPrefix(b.engine.URL, "https://"), b.engine.CAPEM()))
	redis := behind("redis", func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", store.Addr)
	})
	port, keys := freePort(t), b.duo.Credentials()
	text := fmt.Sprintf(gatewayConfig, port, dir, "https://"+engine, a.files["engine"], a.files["duo"], duo,
		keys.ClientID, keys.ClientSecret, keys.AuthKey, keys.AuthSecret) +
		fmt.Sprintf("store: {redis: {addresses: [%q], tls: true, ca_file: %q}}\n", redis, a.files["redis"])
	b.config = ownFile(t, dir, "mfaserver.yaml", []byte(text))
	both := ownFile(t, dir, "both.pem", append(bytes.Clone(a.old.CertPEM()), a.new.CertPEM()...))
	b.server, b.caFiles = fmt.Sprintf("https://127.0.0.1:%d", port), []string{filepath.Join(dir, "tls.crt"), both}
	b.serve(t)
	return a
}

// vouch writes who may vouch, into every file.
func (a *authorities) vouch(t *testing.T, pem ...[]byte) {
	t.Helper()
	for _, path := range a.files {
		if err := os.WriteFile(path, bytes.Join(pem, nil), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// show has every server show a certificate of this authority.
func (a *authorities) show(t *testing.T, from *duotest.CA) {
	t.Helper()
	for _, f := range a.facades {
		f.show(t, from)
	}
}

// reaches makes new connections to all three, in a login and a call.
func (a *authorities) reaches(t *testing.T) {
	t.Helper()
	for _, f := range a.facades {
		f.cut()
	}
	// Redis was lost just now; whoever comes before it is found again is told to wait.
	eventually(t, "a login over new connections", func() bool {
		_, err := signIn(t.Context(), "alice", a.client(t), a.client(t), a.client(t))
		return err == nil
	})
}

// Threat T101, fault R27: the authorities of Duo, the engine and Redis are
// replaced under load, and then their certificates. Files that are none are
// refused with their reason and change nothing; at no moment a request is
// dropped; and whom the file does not name any more is not believed any more.
func TestAuthoritiesAreReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	a := startAuthorities(t)
	r := newReloads(t, a.gatewayBench)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &load{ctx: ctx}
	c := a.client(t)
	c.login(t, "alice", gatewayPassword)
	l.use(t, c, true)
	for _, name := range []string{"bob", "carol"} {
		l.signIn(t, a.client(t), name)
	}
	turns := func() {
		t.Helper()
		until := l.logins.Load() + 6
		eventually(t, "more logins", func() bool { return l.logins.Load() >= until || t.Failed() })
	}
	turns()
	for name, reason := range map[string]string{"duo": "duo.ca", "engine": "primary.upstream.ca_file", "redis": "store.redis.ca_file"} {
		if err := os.WriteFile(a.files[name], []byte("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if line := r.hangup(t, r.good, saidRefused); !strings.Contains(line, reason) || !strings.Contains(line, "holds no certificate") {
			t.Errorf("a bad file of %s is refused with %s", name, line)
		}
		turns()
		if err := os.WriteFile(a.files[name], a.old.CertPEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.vouch(t, a.old.CertPEM(), a.new.CertPEM())
	r.hangup(t, r.good, saidReplaced)
	a.show(t, a.new)
	turns()
	a.vouch(t, a.new.CertPEM())
	r.hangup(t, r.good, saidReplaced)
	turns()
	cancel()
	l.all.Wait()
	t.Logf("%d logins and %d calls meanwhile", l.logins.Load(), l.calls.Load())
	a.reaches(t)
	a.stranger(t)
}

// stranger shows a certificate of the old authority at one server after the
// other.
func (a *authorities) stranger(t *testing.T) {
	t.Helper()
	for name, f := range a.facades {
		f.show(t, a.old)
		f.strange.Store(true)
		f.cut()
		eventually(t, "no login past a stranger in the place of "+name, func() bool {
			_, err := signIn(t.Context(), "bob", a.client(t), a.client(t), a.client(t))
			return err != nil
		})
		f.strange.Store(false)
		f.cut()
		eventually(t, "the end of all connections to "+name, f.idle)
		// The browsers of this test believe both authorities, and go to Duo.
		if told := f.told.Load(); told > 0 && name != "duo" {
			t.Errorf("%s: a stranger was told something, %d times", name, told)
		}
		f.show(t, a.new)
		a.reaches(t)
	}
}

// idle: nobody is connected whom a stranger met.
func (f *facade) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		_ = conn.Close()
	}
	return len(f.open) == 0
}
