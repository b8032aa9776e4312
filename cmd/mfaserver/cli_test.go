package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// result of one command line.
type result struct {
	code           int
	stdout, stderr string
}

// runCommand runs mfaserver to its end.
func runCommand(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	cmd := command(t.Context(), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"help", []string{"--help"}, 0, "Exit codes:", ""},
		{"nothing shows help", nil, 0, "Available Commands", ""},
		{"help of a command has an example", []string{"users", "add", "--help"}, 0, "--one-time", ""},
		{"version", []string{"version"}, 0, "mfaserver ", ""},
		{"version as JSON", []string{"version", "--output", "json"}, 0, `"system"`, ""},
		{"unknown command", []string{"bogus"}, 2, "", "bogus"},
		{"unknown flag", []string{"serve", "--bogus"}, 2, "", "--help"},
		{"unknown output", []string{"version", "--output", "yaml"}, 2, "", "table or json"},
		{"unknown mode", []string{"sim", "--auto", "perhaps", "--listen", "127.0.0.1:0"}, 2, "", "approve"},
		{"no configuration", []string{"--config", "/nonexistent/x.yaml", "check"}, 3, "", "/nonexistent/x.yaml"},
		{"a name is missing", []string{"users", "add"}, 2, "", "name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := runCommand(t, "", tt.args...)
			if r.code != tt.code || !strings.Contains(r.stdout, tt.stdout) || !strings.Contains(r.stderr, tt.stderr) {
				t.Errorf("mfaserver %v = %d\nstdout: %s\nstderr: %s\nwant %d, %q, %q", tt.args, r.code, r.stdout, r.stderr, tt.code, tt.stdout, tt.stderr)
			}
		})
	}
}

// The users commands do the same beside a running server and without one.
func TestUsersCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, ready := startDemo(t, "--auto", "approve", "--data-dir", dir, "--enroll", "bob")
	t.Run("beside a running server", func(t *testing.T) { testUsersCommands(t, ready.ConfigFile, "bob") })
	if code := p.stop(t); code != 0 {
		t.Fatalf("stop = %d\n%s", code, p.log)
	}
	t.Run("without a server", func(t *testing.T) { testUsersCommands(t, ready.ConfigFile, "carol") })
}

func testUsersCommands(t *testing.T, config, name string) {
	t.Helper()
	steps := []struct {
		name  string
		stdin string
		args  []string
		code  int
		want  string
	}{
		{"weak password", "short\n", []string{"add", name, "--password-file", "-"}, 4, ""},
		{"name that is refused", "correct horse battery\n", []string{"add", name + " ", "--password-file", "-"}, 4, ""},
		{"add", "correct horse battery\n", []string{"add", name, "--password-file", "-"}, 0, "added " + name + " (user)"},
		{"add twice", "correct horse battery\n", []string{"add", name, "--password-file", "-"}, 4, ""},
		{"unknown role", "correct horse battery\n", []string{"add", "x", "--role", "root", "--password-file", "-"}, 4, ""},
		{"passwd", "another good passphrase\n", []string{"passwd", name, "--password-file", "-"}, 0, "password set for " + name},
		{"no terminal", "", []string{"passwd", name}, 2, ""},
		{"disable", "", []string{"disable", name}, 0, "disabled " + name},
		{"enable", "", []string{"enable", name}, 0, "enabled " + name},
		{"last administrator", "", []string{"disable", "test1"}, 4, ""},
		{"unknown user", "", []string{"disable", "nobody"}, 4, ""},
		{"remove unconfirmed", "", []string{"remove", name}, 4, ""},
		{"dry run", "", []string{"remove", name, "--dry-run"}, 0, "would remove " + name},
		{"still there", "", []string{"list"}, 0, name},
		{"remove", "", []string{"remove", name, "--yes"}, 0, "removed " + name},
	}
	for _, s := range steps {
		r := runCommand(t, s.stdin, append([]string{"--config", config, "users"}, s.args...)...)
		if r.code != s.code || !strings.Contains(r.stdout, s.want) {
			t.Fatalf("%s: users %v = %d, want %d with %q\nstdout: %s\nstderr: %s", s.name, s.args, r.code, s.code, s.want, r.stdout, r.stderr)
		}
	}
	r := runCommand(t, "", "--config", config, "--output", "json", "users", "list")
	var users []struct {
		ID       int    `json:"id"`
		Username string `json:"username"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &users); err != nil || len(users) != 1 || users[0].Username != "test1" {
		t.Errorf("users list = %s, %v, want test1 alone", r.stdout, err)
	}
}
