package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/audit"
	"mfaserver/internal/control"
)

// strangerSocket is where the other user finds the socket.
const strangerSocket = "MFASERVER_TEST_STRANGER_SOCKET"

// TestStranger is not a test of its own: the one below runs it as somebody else.
func TestStranger(t *testing.T) { //nolint:paralleltest // see above
	path := os.Getenv(strangerSocket)
	if path == "" {
		t.Skip("run by TestStrangersAreRecorded")
	}
	var out any
	if err := control.NewClient(path, nil).Call(t.Context(), "users.list", nil, &out); err == nil {
		t.Fatal("a command was run")
	}
}

// Threats T162, T192: another user of the host who tries the socket is in the
// trail.
func TestStrangersAreRecorded(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	const nobody = 65534
	var config string
	serveWith(t, newDuo(t), func(text string) string { config = text; return text })
	dir := filepath.Dir(configPath(config))
	// Somebody opened the way to the socket.
	for _, open := range []string{filepath.Join(dir, "control.sock"), dir, filepath.Dir(dir)} {
		if err := os.Chmod(open, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	// The test binary lies in a folder of its owner alone: a copy is run.
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "stranger")
	writeProgram(t, binary, self, 0o755)
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestStranger$")
	cmd.Dir, cmd.Env = dir, []string{strangerSocket + "=" + filepath.Join(dir, "control.sock")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []audit.Event{{Name: audit.ControlRefused, Outcome: audit.Refused, Actor: "os-user:65534"}}
	trail := filepath.Join(dir, "audit", "audit.jsonl")
	if diff := cmp.Diff(want, recordsOf(t, trail, audit.ControlRefused, audit.UserListed), cmpAddr()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
