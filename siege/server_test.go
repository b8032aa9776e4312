package siege_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/control"
)

// startTimeout is generous: a loaded machine is slow.
const startTimeout = 60 * time.Second

// server is the program at work in a process of its own.
type server struct {
	cmd   *exec.Cmd
	dir   string
	url   string
	ended chan struct{}

	mu  sync.Mutex
	log []string
}

// start runs the program until the test ends. command is what runs it: the
// binary, or something that runs the binary. environment is added to ours.
func start(t *testing.T, dir, url string, environment []string, command ...string) *server {
	t.Helper()
	s := &server{dir: dir, url: url, ended: make(chan struct{})}
	s.cmd = exec.CommandContext(t.Context(), command[0], command[1:]...)
	s.cmd.Env = append(os.Environ(), environment...)
	reader, writer := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = writer, writer
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go s.read(reader, sync.OnceFunc(func() { close(ready) }))
	go func() {
		_ = s.cmd.Wait()
		_ = writer.Close()
		close(s.ended)
	}()
	t.Cleanup(s.kill)
	select {
	case <-ready:
	case <-s.ended:
		t.Fatalf("the server ended with %v:\n%s", s.cmd.ProcessState, s.tail())
	case <-time.After(startTimeout):
		t.Fatalf("the server is not ready after %v:\n%s", startTimeout, s.tail())
	}
	return s
}

func (s *server) read(r io.Reader, ready func()) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.mu.Lock()
		s.log = append(s.log, lines.Text())
		s.mu.Unlock()
		if strings.Contains(lines.Text(), "msg=ready") {
			ready()
		}
	}
}

// lines are what the process said so far.
func (s *server) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

func (s *server) tail() string {
	all := s.lines()
	return strings.Join(all[max(0, len(all)-30):], "\n")
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// stop is SIGTERM; it returns the exit code.
func (s *server) stop(t *testing.T) int {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(startTimeout):
		t.Fatalf("the server did not stop:\n%s", s.tail())
	}
	return s.cmd.ProcessState.ExitCode()
}

// alive ends the test when the process has ended.
func (s *server) alive(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
		t.Fatalf("the server ended with %v:\n%s", s.cmd.ProcessState, s.tail())
	default:
	}
}

// command runs an operator's command in the server.
func (s *server) command(ctx context.Context, name string, args any) error {
	return control.NewClient(filepath.Join(s.dir, "control.sock"), nil).Call(ctx, name, args, nil)
}

// pid is a number of /proc, which tells only of Linux processes.
func (s *server) proc(name string) string { return fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, name) }
