package handshakes_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/handshakes"
)

// from is a connection of somebody, over which nothing is said.
type from struct {
	net.Conn

	addr string
}

func (f from) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return a
}

func (from) Write(b []byte) (int, error) { return len(b), nil }
func (from) Close() error                { return nil }

// one listens for the connections that it is given.
type one chan net.Conn

func (o one) Accept() (net.Conn, error) {
	c, ok := <-o
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (one) Close() error   { return nil }
func (one) Addr() net.Addr { return &net.TCPAddr{} }

// through is a connection behind the gate.
func through(t *testing.T, g *handshakes.Gate, addr string) net.Conn {
	t.Helper()
	l := make(one, 1)
	l <- from{addr: addr}
	c, err := g.Listen(l).Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Threat T178: handshakes are worked on a few at a time, and of each source in
// turn: whoever comes from elsewhere is next, however many wait before him.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := handshakes.NewWith(1)
		var mu sync.Mutex
		var order []string
		conns := map[string]net.Conn{}
		start := func(name, addr string) {
			c := through(t, g, addr)
			conns[name] = c
			go func() {
				if err := g.TurnOf(t.Context(), c); err != nil {
					t.Errorf("turn of %s: %v", name, err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
			}()
			synctest.Wait()
		}
		for _, s := range [][2]string{
			{"a1", "192.0.2.1:1"},
			{"a2", "192.0.2.1:2"},
			{"a3", "192.0.2.1:3"},
			{"b1", "192.0.2.2:1"},
			{"c1", "[2001:db8::1]:1"},
			{"c2", "[2001:db8::2]:1"}, // one network
		} {
			start(s[0], s[1])
		}
		for i, want := range []string{"a1", "a2", "b1", "c1", "a3", "c2"} {
			if len(order) != i+1 || order[i] != want {
				t.Fatalf("turns %v, want %s as number %d and nobody beside it", order, want, i+1)
			}
			// The server's answer, or the end of the connection.
			if i%2 == 0 {
				_, _ = conns[want].Write([]byte("hello"))
			} else {
				_ = conns[want].Close()
			}
			_, _ = conns[want].Write([]byte("again"))
			_ = conns[want].Close()
			synctest.Wait()
		}
	})
}

// A handshake that waited for too long, or whose connection ended, has no turn
// and takes nobody else's.
func TestImpatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := handshakes.NewWith(1)
		busy := through(t, g, "192.0.2.1:1")
		if err := g.TurnOf(t.Context(), busy); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := g.TurnOf(t.Context(), through(t, g, "192.0.2.2:1")); !errors.Is(err, handshakes.ErrBusy) || time.Since(began) != 5*time.Second {
			t.Errorf("Turn = %v after %v, want ErrBusy after 5s", err, time.Since(began))
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := g.TurnOf(ended, through(t, g, "192.0.2.2:1")); !errors.Is(err, context.Canceled) {
			t.Errorf("Turn of a connection that ended = %v, want context.Canceled", err)
		}
		_ = busy.Close()
		next := through(t, g, "192.0.2.3:1")
		if err := g.TurnOf(t.Context(), next); err != nil {
			t.Errorf("the next one: %v", err)
		}
		_ = next.Close()
	})
}

// Real handshakes, good ones, broken ones and some that say nothing more, leave
// the gate as it was.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	g := handshakes.NewWith(1)
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate(t)}, MinVersion: tls.VersionTLS12, GetConfigForClient: g.Turn}
	l := tls.NewListener(g.Listen(inner), config)
	t.Cleanup(func() { _ = l.Close() })
	go echo(l)
	address := inner.Addr().String()
	for _, kind := range []string{"good", "old", "another protocol", "silent"} {
		for range 5 {
			greet(t, address, kind)
		}
	}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() { greet(t, address, "good") })
	}
	all.Wait()
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close() //nolint:errcheck // the test is over
			_, _ = io.Copy(c, c)
		}()
	}
}

// greet makes one handshake of a kind. Only the good and the old ones end well.
func greet(t *testing.T, address, kind string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer raw.Close() //nolint:errcheck // it was used
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	switch kind {
	case "old":
		config.MaxVersion = tls.VersionTLS12
	case "another protocol":
		config.CurvePreferences, config.MaxVersion, config.CipherSuites = nil, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	case "silent":
		return
	}
	c := tls.Client(raw, config)
	err = c.HandshakeContext(ctx)
	if good := slices.Contains([]string{"good", "old"}, kind); good != (err == nil) {
		t.Errorf("a %s handshake: %v", kind, err)
	}
	if err != nil {
		return
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
