package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/redis/redistest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

type certificates struct {
	cert, key string
	pool      *x509.CertPool
	port      int
}

// newCertificates makes a certificate for 127.0.0.1 and finds a free port.
func newCertificates(t *testing.T) certificates {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := certificates{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.pool.AppendCertsFromPEM(certPEM)
	err = errors.Join(os.WriteFile(c.cert, certPEM, 0o600),
		os.WriteFile(c.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if addr, ok := l.Addr().(*net.TCPAddr); ok {
		c.port = addr.Port
	}
	return c
}

// wire is a connection to a server that can be made slow, or cut.
type wire struct {
	addr  string
	delay atomic.Int64
	cut   atomic.Bool
	mu    sync.Mutex
	conns []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, in, out)
			w.mu.Unlock()
			wg.Go(func() { w.copy(out, in) })
			wg.Go(func() { w.copy(in, out) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		w.mu.Lock()
		for _, c := range w.conns {
			_ = c.Close()
		}
		w.mu.Unlock()
		wg.Wait()
	})
	return w
}

// copy carries bytes; on a wire that is cut they vanish.
func (w *wire) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !w.cut.Load() {
			time.Sleep(time.Duration(w.delay.Load()))
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Fault R24: a slow network works, one that is too slow or swallows everything
// is refused in time, and all is well when it is.
func TestSlowAndDeadNetwork(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	w := newWire(t, server.Addr)
	c := configOf(t, server)
	c.Addrs = []string{w.addr}
	s := open(t, c)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, s, v)
	w.delay.Store(int64(100 * time.Millisecond))
	for i := range 3 {
		s.ForgetCache()
		quick(t, "Find over a slow network", func() {
			if !lives(t.Context(), s, v.Key) {
				t.Errorf("Find %d over a slow network fails", i)
			}
		})
	}
	for name, befall := range map[string]func(on bool){
		"five seconds": func(on bool) { w.delay.Store(map[bool]int64{true: int64(5 * time.Second), false: 0}[on]) },
		"cut":          func(on bool) { w.cut.Store(on) },
	} {
		befall(true)
		eventually(t, 3*time.Second, "nothing is let in: "+name, func() bool {
			var err error
			quick(t, "Find: "+name, func() { _, err = s.Sessions().Find(t.Context(), v.Key, begun) })
			return errors.Is(err, session.ErrUnavailable)
		})
		refusesAll(t, s, v)
		befall(false)
		// What is on the wire takes its five seconds.
		eventually(t, 10*time.Second, "works again: "+name, func() bool { return lives(t.Context(), s, v.Key) })
	}
}

// A caller that gives up is not kept.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, s, v)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.ForgetCache()
	if _, err := s.Sessions().Find(ctx, v.Key, begun); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Find for nobody = %v, want ErrUnavailable", err)
	}
	if _, err := s.Sessions().Delete(ctx, v.Key); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Delete for nobody = %v, want ErrUnavailable", err)
	}
	if !lives(t.Context(), s, v.Key) {
		t.Error("a deletion that was given up before it was tried buried the session")
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check = %v: one who gives up says nothing of the server", err)
	}
}

// After Close everything is refused.
func TestClosed(t *testing.T) {
	t.Parallel()
	s, err := redis.Open(t.Context(), config(t))
	if err != nil {
		t.Fatal(err)
	}
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, s, v)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := s.Sessions().Find(t.Context(), v.Key, begun); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, redis.ErrClosed) {
		t.Errorf("Find after Close = %v, want ErrUnavailable and ErrClosed", err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, redis.ErrClosed) {
		t.Errorf("Check after Close = %v, want ErrClosed", err)
	}
}
