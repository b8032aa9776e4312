package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/internal/control"
)

var errTaken = errors.New("test: name taken")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type greeting struct {
	Name string `json:"name"`
}

func commands() control.Commands {
	return control.Commands{
		"greet": func(_ context.Context, caller control.Caller, args json.RawMessage) (any, error) {
			g, err := control.Decode[greeting](args)
			if err != nil {
				return nil, err
			}
			return map[string]any{"text": "hello " + g.Name, "uid": caller.UID}, nil
		},
		"taken": func(context.Context, control.Caller, json.RawMessage) (any, error) {
			return nil, fmt.Errorf("adding: %w", errTaken)
		},
		"panics": func(context.Context, control.Caller, json.RawMessage) (any, error) { panic("no") },
		"waits": func(ctx context.Context, _ control.Caller, _ json.RawMessage) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
}

func serve(t *testing.T, change func(*control.Config)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control.sock")
	cfg := control.Config{Path: path, Commands: commands(), Sentinels: []error{errTaken}}
	if change != nil {
		change(&cfg)
	}
	s, err := control.Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return path
}

func TestCall(t *testing.T) {
	t.Parallel()
	path := serve(t, nil)
	c := control.NewClient(path, []error{errTaken})
	var out struct {
		Text string `json:"text"`
		UID  int    `json:"uid"`
	}
	if err := c.Call(t.Context(), "greet", greeting{Name: "ann"}, &out); err != nil {
		t.Fatal(err)
	}
	if out.Text != "hello ann" || out.UID != os.Getuid() {
		t.Errorf("greet = %+v, want the name and uid %d", out, os.Getuid())
	}
	tests := []struct {
		name, command string
		args          any
		want          error
	}{
		{"a sentinel keeps its identity", "taken", nil, errTaken},
		{"an unknown command", "nothing", nil, control.ErrUnknownCommand},
		{"an unknown argument", "greet", map[string]string{"nme": "x"}, control.ErrArguments},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := c.Call(t.Context(), tt.command, tt.args, nil); !errors.Is(err, tt.want) {
				t.Errorf("Call(%s) = %v, want %v", tt.command, err, tt.want)
			}
		})
	}
}

// Threat T184: a panic in a command ends the command, not the server.
func TestPanicEndsOnlyTheCommand(t *testing.T) {
	t.Parallel()
	c := control.NewClient(serve(t, nil), nil)
	if err := c.Call(t.Context(), "panics", nil, nil); err == nil || !strings.Contains(err.Error(), "failed inside") {
		t.Errorf("Call(panics) = %v, want a failure inside", err)
	}
	if err := c.Call(t.Context(), "greet", greeting{}, nil); err != nil {
		t.Errorf("Call(greet) after a panic = %v, want nil", err)
	}
}

func TestNotRunning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.sock")
	c := control.NewClient(path, nil)
	if err := c.Call(t.Context(), "greet", nil, nil); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("Call without a socket = %v, want ErrNotRunning", err)
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "greet", nil, nil); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("Call on a dead socket = %v, want ErrNotRunning", err)
	}
	s, err := control.Listen(t.Context(), control.Config{Path: path, Commands: commands()})
	if err != nil {
		t.Fatalf("Listen over a dead socket = %v, want nil", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Threat T162: the socket belongs to its owner alone.
func TestSocketMode(t *testing.T) {
	t.Parallel()
	path := serve(t, nil)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode = %o, want 600", got)
	}
	if _, err := control.Listen(t.Context(), control.Config{Path: path}); !errors.Is(err, control.ErrSocketBusy) {
		t.Errorf("second Listen = %v, want ErrSocketBusy", err)
	}
}

func TestListenRefusesAForeignFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "control.sock")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Listen(t.Context(), control.Config{Path: path}); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("Listen = %v, want a refusal", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
		t.Errorf("the file now holds %q, %v", data, err)
	}
}

func TestCommandTimeout(t *testing.T) {
	t.Parallel()
	path := serve(t, func(c *control.Config) { c.Timeout = 20 * time.Millisecond })
	if err := control.NewClient(path, nil).Call(t.Context(), "waits", nil, nil); err == nil {
		t.Error("Call(waits) = nil, want an error")
	}
}

func TestClientCancel(t *testing.T) {
	t.Parallel()
	path := serve(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := control.NewClient(path, nil).Call(ctx, "waits", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Call with a cancelled context = %v, want context.Canceled", err)
	}
}
