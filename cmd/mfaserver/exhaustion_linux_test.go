package main_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	main "mfaserver/cmd/mfaserver"
)

// Fault R13: with no file descriptors left the server waits, serves those whom
// it has, and takes others again as soon as it can.
func TestNoFileDescriptorsLeft(t *testing.T) {
	t.Parallel()
	p, c := serveWith(t, newDuo(t), nil)
	call := func() (answer, error) {
		return c.try(t.Context(), http.MethodGet, c.server+"/api/server/status", nil, http.Header{"X-Requested-With": {"x"}})
	}
	if a, err := call(); err != nil || a.status != http.StatusOK { // this connection stays
		t.Fatalf("status = %d, %v", a.status, err)
	}
	const limit = 64
	if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}, nil); err != nil {
		t.Fatal(err)
	}
	var held []net.Conn
	for range 2 * limit {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.server, "https://"))
		if err != nil {
			break
		}
		held = append(held, conn)
	}
	eventually(t, "no descriptor is left", func() bool {
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
		if err != nil {
			t.Skipf("whoever runs the tests cannot count the descriptors of the server: %v", err)
		}
		return len(open) >= limit
	})
	if a, err := call(); err != nil || a.status != http.StatusOK {
		t.Errorf("status over the open connection = %d, %v, want 200", a.status, err)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	c.http.CloseIdleConnections()
	free := time.Now()
	eventually(t, "the server takes connections again", func() bool { a, err := call(); return err == nil && a.status == http.StatusOK })
	if took := time.Since(free); took > 5*time.Second {
		t.Errorf("recovery took %v, want 5 s at most", took)
	}
	c.login(t, "test1", "correct horse battery")
}

// Threat T167: no core is dumped, no other process of the user reads the memory,
// and nothing secret is among the arguments.
func TestNoDumps(t *testing.T) { //nolint:paralleltest // it is about the process
	if err := main.Harden(); err != nil {
		t.Fatal(err)
	}
	if dumps, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumps != 0 {
		t.Errorf("dumpable = %d, %v, want 0", dumps, err)
	}
	duo := newDuo(t)
	p, _ := serveWith(t, duo, nil)
	read := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for line := range bytes.Lines(read("limits")) {
		if f := strings.Fields(string(line)); strings.HasPrefix(string(line), "Max core file size") && (f[4] != "0" || f[5] != "0") {
			t.Errorf("the server has %s, want 0", line)
		}
	}
	if bytes.Contains(read("cmdline"), []byte(duo.Credentials().ClientSecret)) {
		t.Error("the client secret is among the arguments")
	}
}
