package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout is generous: a loaded machine with the race detector is slow.
const startTimeout = 60 * time.Second

// process is the real program in a process of its own: the test binary runs
// itself as mfaserver (see TestMain).
type process struct {
	cmd   *exec.Cmd
	lines chan string
	log   *lockedBuffer
	ended chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), runMain+"=1")
	return cmd
}

// start runs mfaserver until the test ends and waits for a line of its output
// or log that holds the marker.
func start(t *testing.T, marker string, args ...string) *process {
	t.Helper()
	return startWith(t, nil, marker, args...)
}

// startWith is start with more in the environment.
func startWith(t *testing.T, env []string, marker string, args ...string) *process {
	t.Helper()
	p := &process{cmd: command(t.Context(), args...), lines: make(chan string, 64), log: &lockedBuffer{}, ended: make(chan struct{})}
	p.cmd.Env = append(append(p.cmd.Env, "TMPDIR="+t.TempDir()), env...)
	reader, writer := io.Pipe()
	p.cmd.Stdout = io.MultiWriter(p.log, writer)
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found := make(chan struct{})
	go func() {
		scanner := bufio.NewScanner(reader)
		for once := sync.OnceFunc(func() { close(found) }); scanner.Scan(); {
			if strings.Contains(scanner.Text(), marker) {
				once()
			}
		}
	}()
	go func() {
		_ = p.cmd.Wait()
		_ = writer.Close()
		close(p.ended)
	}()
	t.Cleanup(func() { p.kill(t) })
	select {
	case <-found:
	case <-p.ended:
		t.Fatalf("mfaserver %v ended early:\n%s", args, p.log)
	case <-time.After(startTimeout):
		t.Fatalf("mfaserver %v said no %q:\n%s", args, marker, p.log)
	}
	return p
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop is SIGTERM; it returns the exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(startTimeout):
		t.Fatalf("mfaserver did not stop:\n%s", p.log)
	}
	return p.cmd.ProcessState.ExitCode()
}

// readyFile mirrors what --ready-file promises.
type readyFile struct {
	ServerURL  string `json:"server_url"`
	CAFile     string `json:"ca_file"`
	Username   string `json:"username"`
	Password   string `json:"password"`
	ConfigFile string `json:"config_file"`
	Duo        struct {
		APIHostname string `json:"api_hostname"`
		CAFile      string `json:"ca_file"`
		Universal   struct {
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		} `json:"universal"`
	} `json:"duo"`
}

const demoMarker = "mfaserver demo is running"

// startDemo runs the demo on free ports.
func startDemo(t *testing.T, args ...string) (*process, readyFile) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ready.json")
	all := append([]string{"demo", "--listen", "127.0.0.1:0", "--duo-listen", "127.0.0.1:0", "--ready-file", path}, args...)
	p := start(t, demoMarker, all...)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r readyFile
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return p, r
}

// freePort finds a port that nobody uses at the moment, for a program whose
// configuration must name it.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only its number was wanted
	return l.Addr().(*net.TCPAddr).Port
}
