package mutant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrBaseline means that a package's tests fail, or its woven form cannot be
// built, with every check in place.
var ErrBaseline = errors.New("mutant: the package's own tests fail")

// Config says what is woven, and whose tests are asked.
type Config struct {
	// Dir is the folder of the package.
	Dir string
	// Files are patterns of [filepath.Match] for its files; none means all.
	Files []string
	// Tests are the folders of other packages whose tests have a say too.
	Tests []string
	// Work is a folder for what is made.
	Work string
}

// Binary is the test binaries of a package and of those that test it too, with
// all its checks woven in. Its methods may be called at the same time once
// [Binary.Survey] has returned.
type Binary struct {
	// Checks are those of the package, in the order of their IDs.
	Checks []Check

	work  string
	tests []testBinary
	cases []testCase
}

// Build weaves a package into its test binaries. [ErrBaseline] when they
// cannot be built.
func Build(ctx context.Context, c Config) (*Binary, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("mutant: %w", err)
	}
	replace, checks, name, err := wovenFiles(dir, c.Work, c.Files)
	if err != nil {
		return nil, err
	}
	added := filepath.Join(c.Work, "switches.go.txt")
	if err := os.WriteFile(added, fmt.Appendf(nil, switches, name), 0o600); err != nil {
		return nil, fmt.Errorf("mutant: %w", err)
	}
	replace[filepath.Join(dir, "zz_mutant.go")] = added
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, fmt.Errorf("mutant: %w", err)
	}
	file := filepath.Join(c.Work, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return nil, fmt.Errorf("mutant: %w", err)
	}
	b := &Binary{Checks: checks, work: c.Work}
	for i, tests := range append([]string{c.Dir}, c.Tests...) {
		t := testBinary{path: filepath.Join(c.Work, "woven"+strconv.Itoa(i)+".test")}
		if t.dir, err = filepath.Abs(tests); err != nil {
			return nil, fmt.Errorf("mutant: %w", err)
		}
		// Without paths in it the same sources make the same binary: see Digest.
		build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-trimpath", "-overlay", file, "-o", t.path, ".") //nolint:gosec // the arguments are ours
		build.Dir = t.dir
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: build: %w\n%s", ErrBaseline, err, out)
		}
		b.tests = append(b.tests, t)
	}
	return b, nil
}

// wovenFiles writes the woven form of every file that has checks.
func wovenFiles(dir, work string, patterns []string) (replace map[string]string, checks []Check, name string, err error) {
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, nil, "", fmt.Errorf("mutant: %w", err)
	}
	replace = make(map[string]string)
	for _, path := range all {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path) //nolint:gosec // a source of this module
		if err != nil {
			return nil, nil, "", fmt.Errorf("mutant: %w", err)
		}
		name = packageName(text, name)
		if !matches(filepath.Base(path), patterns) {
			continue
		}
		s, err := find(path, text, len(checks)+1)
		if err != nil {
			return nil, nil, "", err
		}
		if len(s.checks) == 0 {
			continue
		}
		checks = append(checks, s.checks...)
		to := filepath.Join(work, s.name+".txt")
		if err := os.WriteFile(to, weave(s), 0o600); err != nil {
			return nil, nil, "", fmt.Errorf("mutant: %w", err)
		}
		replace[path] = to
	}
	return replace, checks, name, nil
}

// packageName is what the package clause says, or otherwise.
func packageName(text []byte, otherwise string) string {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("package ")); ok {
			return strings.Fields(string(rest))[0]
		}
	}
	return otherwise
}

func matches(name string, patterns []string) bool {
	for _, p := range patterns {
		if ok, err := filepath.Match(p, name); ok && err == nil {
			return true
		}
	}
	return len(patterns) == 0
}
