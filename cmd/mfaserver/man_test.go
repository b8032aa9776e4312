package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	main "mfaserver/cmd/mfaserver"
)

// Every command has a manual page with an example, of the date that it is told.
func TestManual(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man")
	cmd := command(t.Context(), "man", dir)
	cmd.Env = append(cmd.Env, "SOURCE_DATE_EPOCH=86400")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("man: %v\n%s", err, out)
	}
	pages := 0
	for _, cmd := range leaves(main.Root()) {
		if cmd.Hidden || cmd.Name() == "help" || cmd.Parent().Name() == "completion" {
			continue
		}
		pages++
		page, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range []string{".SH NAME", ".SH EXAMPLE", "Jan 1970"} {
			if !strings.Contains(string(page), want) {
				t.Errorf("the page of %s lacks %s", cmd.CommandPath(), want)
			}
		}
	}
	if pages < 50 {
		t.Errorf("%d pages only", pages)
	}
	if r := runCommand(t, "", "man"); r.code != 2 {
		t.Errorf("man without a folder = %d, want 2", r.code)
	}
}

// The completions are there for four shells, and bash and the program understand
// each other.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		r := runCommand(t, "", "completion", shell)
		if r.code != 0 || !strings.Contains(r.stdout, "__complete") {
			t.Errorf("completion %s = %d %s", shell, r.code, r.stderr)
		}
		if path, err := exec.LookPath(shell); err == nil && shell == "bash" {
			check := exec.CommandContext(t.Context(), path, "-n")
			check.Stdin = strings.NewReader(r.stdout)
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("bash -n: %v\n%s", err, out)
			}
		}
	}
	if r := runCommand(t, "", "__complete", "sessions", "re"); !strings.Contains(r.stdout, "revoke") {
		t.Errorf("completing sessions re: %s", r.stdout)
	}
}
