// Package redistest starts redis-server processes of its own, on loopback, for
// tests: one, or a primary with replicas, with what can befall them.
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ErrMissing says that there is no redis-server on this machine.
var ErrMissing = errors.New("redistest: redis-server is not installed")

// Config of a server.
type Config struct {
	// Dir keeps its data, log and socket.
	Dir string
	// Persistent keeps an append-only file, so that a restart loses nothing.
	Persistent bool
	// PrimaryAddr makes it a replica of the server at that host:port.
	PrimaryAddr string
	// Extra is added to the configuration, a directive a line.
	Extra string
	// Password is what the server's default user needs; replicas give it to
	// their primary.
	Password string
}

// Server is one redis-server process. It is not safe for concurrent use.
type Server struct {
	// Addr is host:port on loopback; it stays over restarts.
	Addr string
	// Socket is the path of the Unix socket.
	Socket string
	cfg    Config
	cmd    *exec.Cmd
	ended  chan struct{}
}

// Start starts a server and waits until it answers.
func Start(ctx context.Context, c Config) (*Server, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, ErrMissing
	}
	var err error
	for range 5 { // somebody else may take the port meanwhile
		var addr string
		if addr, err = freeAddr(ctx); err != nil {
			return nil, err
		}
		s := &Server{Addr: addr, Socket: filepath.Join(c.Dir, "s"), cfg: c}
		if err = s.Restart(ctx); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// New is Start that ends the server with the test. Without redis-server the
// test is skipped, but it fails where the variable CI is set.
func New(tb testing.TB, c Config) *Server {
	tb.Helper()
	if c.Dir == "" {
		c.Dir = shortDir(tb)
	}
	s, err := Start(tb.Context(), c)
	if errors.Is(err, ErrMissing) && os.Getenv("CI") == "" {
		tb.Skip("redis-server is not installed: this test needs it")
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	return s
}

// shortDir is a folder whose name leaves room for that of a socket.
func shortDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redis") //nolint:usetesting // the name of TempDir is too long for a socket
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// freeAddr is an address nobody listens on just now.
func freeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *Server) config() string {
	host, port, _ := net.SplitHostPort(s.Addr)
	lines := []string{
		"bind " + host, "port " + port, "unixsocket " + s.Socket, "unixsocketperm 700", "dir " + s.cfg.Dir,
		"save \"\"", "appendfsync everysec", "daemonize no", "maxmemory-policy noeviction", "logfile " + filepath.Join(s.cfg.Dir, "log"),
		"repl-diskless-sync yes", "repl-diskless-sync-delay 0", "repl-timeout 5", "repl-ping-replica-period 1",
		"appendonly " + map[bool]string{true: "yes", false: "no"}[s.cfg.Persistent],
	}
	if s.cfg.PrimaryAddr != "" {
		host, port, _ := net.SplitHostPort(s.cfg.PrimaryAddr)
		lines = append(lines, "replicaof "+host+" "+port)
	}
	if s.cfg.Password != "" {
		lines = append(lines, "requirepass "+s.cfg.Password, "masterauth "+s.cfg.Password)
	}
	return strings.Join(append(lines, s.cfg.Extra), "\n") + "\n"
}

// Restart starts a server that was stopped or killed, at the same address, and
// waits until it answers.
func (s *Server) Restart(ctx context.Context) error {
	file := filepath.Join(s.cfg.Dir, "redis.conf")
	if err := os.WriteFile(file, []byte(s.config()), 0o600); err != nil {
		return err
	}
	// The server outlives the context of whoever starts it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "redis-server", file)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	for range 400 {
		if s.answers(ctx) {
			return nil
		}
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(s.cfg.Dir, "log"))
			return fmt.Errorf("redistest: redis-server ended: %s%s", out.String(), log)
		case <-time.After(25 * time.Millisecond):
		}
	}
	s.Kill()
	return errors.New("redistest: redis-server does not answer")
}

func (s *Server) answers(ctx context.Context) bool {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", s.Socket)
	if err != nil {
		return false
	}
	_ = conn.Close()
	c := s.Client()
	defer func() { _ = c.Close() }()
	err = c.Ping(ctx).Err()
	// It lives, even when it lets nobody in without a certificate or name.
	return err == nil || strings.HasPrefix(err.Error(), "NOAUTH") || strings.HasPrefix(err.Error(), "NOPERM")
}

// Client is a connection as an administrator, by the socket.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Network: "unix", Addr: s.Socket, Password: s.cfg.Password, Protocol: 2, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Do sends a command as an administrator.
func (s *Server) Do(ctx context.Context, args ...any) (any, error) {
	c := s.Client()
	defer func() { _ = c.Close() }()
	return c.Do(ctx, args...).Result()
}

// Kill ends the process at once (SIGKILL). A server that ended is no error.
func (s *Server) Kill() { s.signal(syscall.SIGKILL); <-s.ended }

// Stop ends the process as an administrator would.
func (s *Server) Stop() {
	s.Resume()
	s.signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		s.Kill()
	}
}

// Pause stops the process where it is (SIGSTOP), until Resume.
func (s *Server) Pause() { s.signal(stop) }

// Resume lets a paused process go on.
func (s *Server) Resume() { s.signal(cont) }

func (s *Server) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) }

// Promote makes a replica a primary.
func (s *Server) Promote(ctx context.Context) error {
	s.cfg.PrimaryAddr = ""
	_, err := s.Do(ctx, "replicaof", "no", "one")
	return err
}

// Follow makes the server a replica of another one, also over restarts.
func (s *Server) Follow(ctx context.Context, primary *Server) error {
	s.cfg.PrimaryAddr = primary.Addr
	host, port, _ := net.SplitHostPort(primary.Addr)
	_, err := s.Do(ctx, "replicaof", host, port)
	return err
}

// Synced waits until n replicas have acknowledged all that the server has now.
func (s *Server) Synced(ctx context.Context, n int) error {
	least := -1
	for ctx.Err() == nil {
		info, err := s.Do(ctx, "info", "replication")
		if err != nil {
			return err
		}
		text, _ := info.(string)
		if least < 0 {
			least = number(text, "master_repl_offset:")
		}
		if upToDate(text, least) >= n {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
	}
	return ctx.Err()
}

// upToDate counts the replicas that have acknowledged an offset.
func upToDate(info string, offset int) int {
	n := 0
	for line := range strings.Lines(info) {
		if strings.Contains(line, "state=online") && number(line, "offset=") >= offset {
			n++
		}
	}
	return n
}

// number is the one that follows a name in a text; -1 when there is none.
func number(text, name string) int {
	_, text, _ = strings.Cut(text, name)
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.Atoi(text[:max(end, 0)])
	if err != nil {
		return -1
	}
	return n
}

// NewGroup is New for a primary, which comes first, and replicas of it.
func NewGroup(tb testing.TB, replicas int, c Config) []*Server {
	tb.Helper()
	c.Dir = ""
	all := []*Server{New(tb, c)}
	for range replicas {
		c.PrimaryAddr = all[0].Addr
		all = append(all, New(tb, c))
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	if err := all[0].Synced(ctx, replicas); err != nil {
		tb.Fatalf("the replicas do not follow: %v", err)
	}
	return all
}

// Addrs are the addresses of servers.
func Addrs(all ...*Server) []string {
	addrs := make([]string, len(all))
	for i, s := range all {
		addrs[i] = s.Addr
	}
	return addrs
}
