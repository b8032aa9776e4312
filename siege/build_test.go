package siege_test

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

// roleVariable makes the test binary play somebody else than the tests.
const roleVariable = "SIEGE_ROLE"

// The roles.
const (
	roleBare  = "bare"
	roleFlood = "flood"
	roleSlow  = "slow"
)

// roles are what the test binary can be in a process of its own. Each reads
// what it is told from standard input and prints what came of it.
func roles() map[string]func() error {
	return map[string]func() error{roleBare: serveBare, roleFlood: runFlood, roleSlow: runSlow}
}

// program is the program as it is, made once for all tests.
var program = sync.OnceValues(func() (string, error) {
	if err := os.MkdirAll(builtFolder(), 0o700); err != nil {
		return "", err
	}
	return build(context.Background(), builtFolder())
})

func builtFolder() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("mfaserver-siege-%d", os.Getpid()))
}

func TestMain(m *testing.M) {
	if role, ok := roles()[os.Getenv(roleVariable)]; ok {
		if err := role(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	_ = os.RemoveAll(builtFolder())
	os.Exit(code)
}

// edit is one replacement in one file of the tree.
type edit struct{ file, old, new string }

// build makes the program, with edits that the tree does not see.
func build(ctx context.Context, folder string, edits ...edit) (string, error) {
	binary := filepath.Join(folder, "mfaserver")
	args := []string{"build", "-o", binary}
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

// writeOverlay writes the edited files and the list of them that the go
// command takes.
func writeOverlay(folder string, edits []edit) (string, error) {
	replace := map[string]string{}
	for i, e := range edits {
		original, err := filepath.Abs(filepath.Join("..", e.file))
		if err != nil {
			return "", err
		}
		text, err := os.ReadFile(original)
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
