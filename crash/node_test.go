//go:build unix

package crash_test

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
	"time"

	"mfaserver/internal/control"
	"mfaserver/internal/failpoint"
	"mfaserver/internal/primary"
	"mfaserver/session"
)

// node is one server: a configuration, and a process now and then.
type node struct {
	name, dir, config, url string
	binary                 string

	running *process
	started []time.Duration
}

// process is one life of a node.
type process struct {
	cmd   *exec.Cmd
	ready chan struct{}
	ended chan struct{}
	log   *tail
}

// tail keeps the last lines of a log. Safe for concurrent use.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (l *tail) add(line string) {
	const most = 40
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == most {
		l.lines = l.lines[1:]
	}
	l.lines = append(l.lines, line)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// spawn starts a process with armed points; it does not wait.
func (n *node) spawn(ctx context.Context, arms ...failpoint.Arm) (*process, error) {
	words := make([]string, len(arms))
	for i, a := range arms {
		words[i] = a.String()
	}
	p := &process{ready: make(chan struct{}), ended: make(chan struct{}), log: &tail{}}
	p.cmd = exec.CommandContext(ctx, n.binary, "--config", n.config, "serve")
	p.cmd.Env = append(os.Environ(), failpoint.Variable+"="+strings.Join(words, ","))
	reader, writer := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(reader)
	go func() {
		_ = p.cmd.Wait()
		_ = writer.Close()
		close(p.ended)
	}()
	n.running = p
	return p, nil
}

func (p *process) read(r io.Reader) {
	ready := sync.OnceFunc(func() { close(p.ready) })
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		p.log.add(lines.Text())
		if strings.Contains(lines.Text(), "msg=ready") {
			ready()
		}
	}
}

// start starts the node and waits until it is ready. alive is false when it
// died at an armed point before that.
func (n *node) start(ctx context.Context, arms ...failpoint.Arm) (alive bool, err error) {
	began := time.Now()
	p, err := n.spawn(ctx, arms...)
	if err != nil {
		return false, err
	}
	select {
	case <-p.ready:
		n.started = append(n.started, time.Since(began))
		return true, nil
	case <-p.ended:
		if len(arms) > 0 && p.killed() {
			return false, nil
		}
		return false, fmt.Errorf("%s ended with %v:\n%s", n.name, p.cmd.ProcessState, p.log)
	case <-time.After(startTimeout):
		return false, fmt.Errorf("%s is not ready after %v:\n%s", n.name, startTimeout, p.log)
	}
}

// runs reports whether the node has a process that has not ended.
func (n *node) runs() bool {
	if n.running == nil {
		return false
	}
	select {
	case <-n.running.ended:
		return false
	default:
		return true
	}
}

// kill is kill -9, also for a process that has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// term is SIGTERM; it returns the exit code, -1 when the process had to be
// killed.
func (p *process) term() int {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(startTimeout):
		p.kill()
	}
	return p.cmd.ProcessState.ExitCode()
}

// killed reports how a process that has ended came to its end.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// command runs an operator's command in the node's process.
func (n *node) command(ctx context.Context, name string, args any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return control.NewClient(filepath.Join(n.dir, "control.sock"), []error{session.ErrNotFound, primary.ErrUserExists}).Call(ctx, name, args, nil)
}
