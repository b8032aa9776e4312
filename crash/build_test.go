//go:build unix

package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// edit is one replacement in one file of the tree.
type edit struct{ file, old, new string }

// built is the program as it is, made once for all tests.
var built = sync.OnceValues(func() (string, error) {
	if err := os.Mkdir(builtFolder(), 0o700); err != nil {
		return "", err
	}
	return build(context.Background(), builtFolder())
})

func builtFolder() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("mfaserver-crash-%d", os.Getpid()))
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(builtFolder())
	os.Exit(code)
}

// program is the program with its failpoints.
func program(t *testing.T) string {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// build makes the program with edits that go through an overlay: the tree
// itself stays as it is.
func build(ctx context.Context, folder string, edits ...edit) (string, error) {
	binary := filepath.Join(folder, "mfaserver")
	args := []string{"build", "-tags", "failpoint", "-o", binary}
	if len(edits) > 0 {
		overlay, err := writeOverlay(folder, edits)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/mfaserver")...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
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
