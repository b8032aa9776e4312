package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// program is the server in a process of its own.
type program struct {
	cmd     *exec.Cmd
	address string        // where it listens
	ready   time.Duration // from its start to its saying so
	log     *bytes.Buffer // whole once it has ended
	ended   chan struct{}
}

// build makes the program as "make build" does.
func build(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "mfaserver")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "mfaserver/cmd/mfaserver")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// programConfig takes a data directory, the simulator's CA and host, and its
// keys.
const programConfig = `listen: "127.0.0.1:0"
public_urls: ["https://127.0.0.1:8443"]
data_dir: %[1]q
primary: {local: {}}
limits_factor: 100
duo:
  simulator: true
  ca: %[2]q
  universal: {client_id: %[3]s, client_secret: %[4]s, api_hostname: %[5]q}
`

// writeConfig writes a configuration for a data directory.
func writeConfig(tb testing.TB, sim *duotest.Server, data string) (path string) {
	tb.Helper()
	dir, keys := tb.TempDir(), sim.Credentials()
	ca := filepath.Join(dir, "duo.pem")
	writeFile(tb, ca, string(sim.CA().CertPEM()))
	path = filepath.Join(dir, "mfaserver.yaml")
	writeFile(tb, path, fmt.Sprintf(programConfig, data, ca, keys.ClientID, keys.ClientSecret, sim.APIHost))
	return path
}

var readyLine = regexp.MustCompile(`msg=ready address=(\S+)`)

// serve starts the program and waits until it is ready.
func serve(tb testing.TB, binary, config string) *program {
	tb.Helper()
	p := &program{log: &bytes.Buffer{}, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), binary, "--config", config, "serve")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	found := make(chan struct{})
	go func() {
		defer close(p.ended)
		lines := bufio.NewScanner(stderr)
		for once := sync.OnceFunc(func() { p.ready = time.Since(began); close(found) }); lines.Scan(); {
			_, _ = fmt.Fprintln(p.log, lines.Text())
			if at := readyLine.FindStringSubmatch(lines.Text()); at != nil {
				p.address = at[1]
				once()
			}
		}
		_ = p.cmd.Wait()
	}()
	tb.Cleanup(func() { p.stop() })
	select {
	case <-found:
	case <-p.ended:
		tb.Fatalf("the program ended early:\n%s", p.log)
	case <-time.After(time.Minute):
		tb.Fatal("the program is not ready after a minute")
	}
	return p
}

// stop is SIGTERM; stopping twice is fine.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

var errNoFigure = errors.New("the system does not tell the resident memory of a process")

// resident is the resident memory of the process in MiB.
func (p *program) resident() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, errNoFigure
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			return kib / 1024, err
		}
	}
	return 0, errNoFigure
}

// use asks for users/current with each of the cookies, on so many connections.
func (p *program) use(ctx context.Context, cookies []string, connections int) error {
	var using sync.WaitGroup
	errs := make([]error, connections)
	for i := range connections {
		using.Go(func() {
			conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", p.address)
			if err != nil {
				errs[i] = err
				return
			}
			defer func() { _ = conn.Close() }() // everything was read
			errs[i] = useAll(conn, cookies[len(cookies)*i/connections:len(cookies)*(i+1)/connections])
		})
	}
	using.Wait()
	return errors.Join(errs...)
}

func useAll(conn net.Conn, cookies []string) error {
	in := bufio.NewReader(conn)
	for _, cookie := range cookies {
		if _, err := fmt.Fprintf(conn, "GET /api/users/current HTTP/1.1\r\nHost: localhost\r\nX-Requested-With: bench\r\nCookie: %s\r\n\r\n", cookie); err != nil {
			return err
		}
		status, err := skim(in)
		if err != nil {
			return err
		}
		if !strings.Contains(status, " 200 ") {
			return fmt.Errorf("%w: %s", errAnswer, strings.TrimSpace(status))
		}
	}
	return nil
}

// skim reads an answer and returns its first line.
func skim(in *bufio.Reader) (status string, err error) {
	if status, err = in.ReadString('\n'); err != nil {
		return "", err
	}
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(value); err != nil {
				return "", err
			}
		}
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return status, err
}
