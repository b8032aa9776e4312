package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// edit is one replacement in one file of the tree.
type edit struct{ file, old, new string }

// build makes the program with its failpoints, and with edits that go through
// an overlay: the tree itself stays as it is.
func build(t *testing.T, edits ...edit) string {
	t.Helper()
	folder := t.TempDir()
	binary := filepath.Join(folder, "mfaserver")
	args := []string{"build", "-tags", "failpoint", "-o", binary}
	if len(edits) > 0 {
		overlay, err := writeOverlay(folder, edits)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "-overlay", overlay)
	}
	if out, err := goCommand(t.Context(), append(args, "./cmd/mfaserver")...); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd.CombinedOutput()
}

// writeOverlay writes the edited files and the list of them that go build
// takes.
func writeOverlay(folder string, edits []edit) (string, error) {
	replace := map[string]string{}
	for i, e := range edits {
		original, err := filepath.Abs(filepath.Join("..", e.file))
		if err != nil {
			return "", err
		}
		source := original
		if earlier, again := replace[original]; again {
			source = earlier
		}
		text, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}
		if strings.Count(string(text), e.old) != 1 {
			return "", fmt.Errorf("%s no longer has exactly one\n%s\nadapt the mutant to what the check is now", e.file, e.old)
		}
		replace[original] = filepath.Join(folder, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(replace[original], []byte(strings.Replace(string(text), e.old, e.new, 1)), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}
