package control_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"mfaserver/internal/control"
)

// socketOf is where the helper process finds the socket.
const socketOf = "MFASERVER_TEST_CONTROL_SOCKET"

// TestOtherUser is not a test of its own: TestPeers runs it as somebody else.
func TestOtherUser(t *testing.T) { //nolint:paralleltest // see above
	path := os.Getenv(socketOf)
	if path == "" {
		t.Skip("run by TestPeers")
	}
	var out map[string]any
	if err := control.NewClient(path, nil).Call(t.Context(), "greet", greeting{Name: "eve"}, &out); err == nil {
		t.Fatal("a command was run")
	}
}

// Threat T162: even where the file lets him, another user of the host runs no
// command, and the server is told who tried.
func TestPeers(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	const nobody = 65534
	var refused atomic.Int64
	path := serve(t, func(c *control.Config) {
		c.Refused = func(_ context.Context, uid int) { refused.Store(int64(uid)) }
	})
	// Somebody opened the way to the socket.
	for _, open := range []string{path, filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := os.Chmod(open, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	// The test binary lies in a folder of its owner alone: a copy is run.
	self, err := os.ReadFile(os.Args[0])
	binary := filepath.Join(filepath.Dir(path), "other")
	// A child that is forked while the file is written keeps it from being run.
	syscall.ForkLock.RLock()
	err = errors.Join(err, os.WriteFile(binary, self, 0o755))
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestOtherUser$")
	cmd.Dir = filepath.Dir(path)
	cmd.Env = []string{socketOf + "=" + path}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if refused.Load() != nobody {
		t.Errorf("refused is told of %d, want %d", refused.Load(), nobody)
	}
	var out struct{ Text string }
	if err := control.NewClient(path, nil).Call(t.Context(), "greet", greeting{Name: "ann"}, &out); err != nil || out.Text != "hello ann" {
		t.Errorf("the owner gets %+v, %v", out, err)
	}
}
