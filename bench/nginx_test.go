package bench_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// startNginx starts an nginx that passes everything on to target. Empty when
// there is none.
func startNginx(tb testing.TB, target string) (url string) {
	tb.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			tb.Log("there is no nginx: its row is left out")
			return ""
		}
	}
	dir := tb.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	port := freePort(tb)
	writeFile(tb, config, nginxText(dir, port, hostOf(tb, target)))
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), path, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", config)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	waitFor(tb, port)
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

// freePort finds a port that nobody uses at the moment.
func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }() // the port is all that was wanted
	return l.Addr().(*net.TCPAddr).Port
}

// waitFor waits until something listens.
func waitFor(tb testing.TB, port int) {
	tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := new(net.Dialer).DialContext(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			tb.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func writeFile(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
