package main_test

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"go/version"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Threat T186: the modules are those of docs/dependencies.md, none is replaced by
// another, and what was downloaded is what go.sum says. Threat T185: the
// toolchain is one without the holes that are known of earlier ones.
func TestDependencies(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	out, err := goCommand(t.Context(), root, "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var module struct {
		Go      string
		Require []struct {
			Path     string
			Indirect bool
		}
		Replace, Exclude []any
	}
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	if version.Compare("go"+module.Go, "go1.26.6") < 0 {
		t.Errorf("go.mod asks for Go %s, want 1.26.6 or later", module.Go)
	}
	if len(module.Replace)+len(module.Exclude) != 0 {
		t.Errorf("go.mod replaces %v and excludes %v, want neither", module.Replace, module.Exclude)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{} // module -> indirect
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (direct|indirect) \\| .").FindAllStringSubmatch(string(text), -1) {
		want[m[1]] = m[2] == "indirect"
	}
	got := map[string]bool{}
	for _, r := range module.Require {
		got[r.Path] = r.Indirect
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/dependencies.md (-) and go.mod (+): true is indirect\n%s", diff)
	}
	if testing.Short() {
		return
	}
	if out, err := goCommand(t.Context(), root, "mod", "verify").CombinedOutput(); err != nil {
		t.Errorf("go mod verify: %v\n%s", err, out)
	}
}

func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	return cmd
}

// release builds the program as `make build` does, from a copy of the tree.
func release(t *testing.T, tags ...string) []byte {
	t.Helper()
	tree, binary := t.TempDir(), filepath.Join(t.TempDir(), "mfaserver")
	copyTree(t, filepath.Join("..", ".."), tree)
	args := append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", binary}, tags...)
	if out, err := goCommand(t.Context(), tree, append(args, "./cmd/mfaserver")...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	built, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if relative != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "bin", "node_modules"}, d.Name())) {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, relative), 0o700)
		}
		if !d.Type().IsRegular() || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, relative), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Threat T187: two builds in two folders are the same bytes. Threat T189: nothing
// of the failpoints is in them. Threat T190: the binary is static: it needs
// nothing of the system that it runs on.
func TestRelease(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the program three times")
	}
	one, other := release(t), release(t)
	if !bytes.Equal(one, other) {
		t.Errorf("two builds differ: %d and %d bytes", len(one), len(other))
	}
	armed := release(t, "-tags", "failpoint")
	for _, marker := range []string{"failpoint %s: %s", "internal/failpoint.Hit"} {
		if bytes.Contains(one, []byte(marker)) {
			t.Errorf("the program holds %q", marker)
		}
		if !bytes.Contains(armed, []byte(marker)) {
			t.Errorf("%q is not in a program with failpoints: the test shows nothing", marker)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	file, err := elf.NewFile(bytes.NewReader(one))
	if err != nil {
		t.Fatal(err)
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) != 0 {
		t.Errorf("the program needs %v", libraries)
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program needs a dynamic linker")
		}
	}
}

// Threat T189: no switch takes the security away.
func TestNoInsecureSwitches(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--insecure", "--insecure-skip-verify", "--simulator", "--failmode=safe", "--no-mfa", "--debug"} {
		r := runCommand(t, "", "serve", flag)
		if r.code != 2 || !strings.Contains(r.stderr, "unknown flag") {
			t.Errorf("serve %s = %d %s, want 2 and that it is unknown", flag, r.code, r.stderr)
		}
	}
}
