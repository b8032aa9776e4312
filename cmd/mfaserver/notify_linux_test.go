package main_test

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	main "mfaserver/cmd/mfaserver"
)

// manager is a service manager's end of sd_notify(3).
func manager(t *testing.T) (states <-chan string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "m") //nolint:usetesting // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	heard := make(chan string, 1000)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			heard <- string(buf[:n])
		}
	}()
	return heard
}

// hear waits for a state, past those of the watchdog.
func hear(t *testing.T, states <-chan string, want string) {
	t.Helper()
	deadline := time.After(startTimeout)
	for {
		select {
		case got := <-states:
			if strings.HasPrefix(got, want) {
				return
			}
			if !strings.HasPrefix(got, "WATCHDOG=1") {
				t.Fatalf("the service manager heard %q, want %q", got, want)
			}
		case <-deadline:
			t.Fatalf("the service manager never heard %q", want)
		}
	}
}

// The service manager hears that the server is ready, that it lives, that it reads
// its configuration again, and that it stops, in this order.
func TestServiceManager(t *testing.T) { //nolint:paralleltest // it sets the environment
	states := manager(t)
	t.Setenv("WATCHDOG_USEC", "300000")
	var config string
	p, _ := serveWith(t, newDuo(t), func(text string) string {
		config = configPath(text)
		return text
	})
	hear(t, states, "READY=1")
	hear(t, states, "WATCHDOG=1")
	r := runCommand(t, "", "--config", config, "health")
	if r.code != 0 || strings.Count(r.stdout, "good") != 2 {
		t.Errorf("health = %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	hear(t, states, "RELOADING=1\nMONOTONIC_USEC=")
	hear(t, states, "READY=1")
	if code := p.stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	hear(t, states, "STOPPING=1")
	if r := runCommand(t, "", "--config", config, "health"); r.code != 5 {
		t.Errorf("health of a server that is gone = %d %s, want 5", r.code, r.stderr)
	}
}

// The watchdog is told nothing once the server does not answer, and nothing when
// another server answers in its place.
func TestWatchdogStarves(t *testing.T) { //nolint:paralleltest // it sets the environment
	states := manager(t)
	log := slog.New(slog.DiscardHandler)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	own := server.TLS.Certificates[0]
	main.FeedWatchdogOnce(t.Context(), log, server.Listener.Addr(), server.URL, &own)
	hear(t, states, "WATCHDOG=1")
	other := tls.Certificate{Certificate: [][]byte{[]byte("another")}}
	main.FeedWatchdogOnce(t.Context(), log, server.Listener.Addr(), server.URL, &other)
	server.Close()
	main.FeedWatchdogOnce(t.Context(), log, server.Listener.Addr(), server.URL, &own)
	select {
	case got := <-states:
		t.Errorf("the service manager heard %q, want nothing", got)
	default: // a datagram is there when it was sent
	}
}
