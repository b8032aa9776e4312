package audit_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Threat T192: every event of the catalogue is looked for by a test of the
// package where it arises. Tests of those who only read events do not count.
func TestEveryEventIsLookedFor(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("catalogue.go")
	if err != nil {
		t.Fatal(err)
	}
	entries := regexp.MustCompile(`(?m)^\t(\w+)\s+Name = "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(entries) < 100 {
		t.Fatalf("%d events in the catalogue", len(entries))
	}
	emitters, own := tests(t, filepath.Join("..", "..")), tests(t, ".")
	for _, e := range entries {
		looked := func(in tested) bool { return in.constants[e[1]] || strings.Contains(in.text, e[2]) }
		mine := strings.HasPrefix(e[2], "audit.") || strings.HasPrefix(e[2], "clock.")
		if !looked(emitters) && (!mine || !looked(own)) {
			t.Errorf("no test looks for %s where it arises", e[2])
		}
	}
}

// tested is what tests say: their text, and the constants of the catalogue in it.
type tested struct {
	text      string
	constants map[string]bool
}

// tests is what all tests say below a folder, but for those of packages that
// only read events; below this one, of this one alone.
func tests(t *testing.T, root string) tested {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			readers := []string{"internal/audit", "internal/alert", "internal/stats", "internal/metrics"}
			if path != "." && strings.HasPrefix(d.Name(), ".") || slices.Contains(readers, path) || root == "." && path != "." {
				return fs.SkipDir
			}
			return nil
		}
		suite := strings.HasSuffix(path, ".go") && strings.HasSuffix(filepath.Dir(path), "test")
		if !strings.HasSuffix(path, "_test.go") && !suite || path == "provoked_test.go" {
			return nil
		}
		text, err := fs.ReadFile(os.DirFS(root), path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	in := tested{all.String(), map[string]bool{}}
	for _, found := range regexp.MustCompile(`\baudit\.(\w+)`).FindAllStringSubmatch(in.text, -1) {
		in.constants[found[1]] = true
	}
	return in
}
