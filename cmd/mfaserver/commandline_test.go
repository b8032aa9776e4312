package main_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// commandLine runs commands on one configuration.
type commandLine struct{ config string }

func (c commandLine) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return runCommand(t, stdin, append([]string{"--config", c.config}, args...)...)
}

// must runs a command that has to succeed, and gives its output.
func (c commandLine) must(t *testing.T, args ...string) string {
	t.Helper()
	return c.wants(t, 0, args...).stdout
}

// wants runs a command that has to end with the exit code; a failure has to
// say something.
func (c commandLine) wants(t *testing.T, code int, args ...string) result {
	t.Helper()
	r := c.run(t, "", args...)
	if r.code != code || code != 0 && !strings.Contains("\n"+r.stderr, "\nmfaserver: ") {
		t.Fatalf("mfaserver %q = %d, want %d\nstdout: %s\nstderr: %s", args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// wantsJSON is must with --output json, read into v.
func (c commandLine) wantsJSON(t *testing.T, v any, args ...string) {
	t.Helper()
	out := c.must(t, append(slices.Clone(args), "--output", "json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("mfaserver %q printed no JSON: %v\n%s", args, err, out)
	}
}

// refusedLine is a command line that must be refused.
type refusedLine struct {
	name string
	code int
	// says is in what it says.
	says string
	args []string
}

func (c commandLine) refuses(t *testing.T, all []refusedLine) {
	t.Helper()
	for _, r := range all {
		got := c.run(t, "", r.args...)
		if got.code != r.code || got.stdout != "" || !strings.Contains(got.stderr, r.says) {
			t.Errorf("%s: mfaserver %q = %d\nstdout: %s\nstderr: %s\nwant %d, nothing printed, and %q", r.name, r.args, got.code, got.stdout, got.stderr, r.code, r.says)
		}
	}
}

// hides fails when a file below dir holds a secret in the clear.
func hides(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, secret := range secrets {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %q", filepath.Base(path), secret)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
