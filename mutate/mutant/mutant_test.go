package mutant_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mfaserver/mutate/mutant"
)

// gate is a package of its own module with checks of every kind; its tests
// notice all but one.
const gate = `package gate

import "errors"

var errRefused = errors.New("refused")

func Open(name, key string, tries int) error {
	if name == "" || key == "" {
		return errRefused
	}
	switch {
	case tries > 3:
		return errRefused
	case tries < 0:
		return errRefused
	}
	if !strong(key) {
		return errRefused
	}
	return nil
}

func strong(key string) bool { return len(key) > 3 && key != "1234" }
`

const gateTest = `package gate

import "testing"

func TestOpen(t *testing.T) {
	for _, bad := range []struct{ name, key string; tries int }{
		{"", "abcd", 0}, {"a", "abcd", 4}, {"a", "abc", 0}, {"a", "1234", 0}, {"a", "", 0},
	} {
		if Open(bad.name, bad.key, bad.tries) == nil {
			t.Error(bad)
		}
	}
	if err := Open("a", "abcd", 0); err != nil {
		t.Error(err)
	}
}
`

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Removing a check is noticed exactly where a test needs it.
func TestChecks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module gate\n\ngo 1.24\n")
	write(t, dir, "gate.go", gate)
	write(t, dir, "gate_test.go", gateTest)
	b, err := mutant.Build(t.Context(), mutant.Config{Dir: dir, Work: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	reached, err := b.Reached(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var names, survivors []string
	for _, c := range b.Checks {
		names = append(names, c.Text)
		caught, err := b.Caught(t.Context(), c, time.Minute, true)
		if err != nil {
			t.Fatal(err)
		}
		if !reached[c.ID] {
			t.Errorf("%s is not reached", c)
		}
		if !caught {
			survivors = append(survivors, c.String())
		}
	}
	want := []string{`name == "" || key == ""`, `name == ""`, `key == ""`, "tries > 3", "tries < 0", "!strong(key)", "len(key) > 3", `key != "1234"`}
	if !slices.Equal(names, want) {
		t.Errorf("checks %q, want %q", names, want)
	}
	// An empty key is not strong either, so that its own check is not needed.
	if want := []string{`gate.go Open: key == ""`, "gate.go Open: tries < 0"}; !slices.Equal(survivors, want) {
		t.Errorf("survivors %q, want %q", survivors, want)
	}
	if c := b.Checks[3]; c.Line != 12 || c.Func != "Open" {
		t.Errorf("check %+v", c)
	}
}

// A package whose tests fail by themselves proves nothing.
func TestBaseline(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module gate\n\ngo 1.24\n")
	write(t, dir, "gate.go", gate)
	write(t, dir, "gate_test.go", "package gate\n\nimport \"testing\"\n\nfunc TestNo(t *testing.T) { t.Error() }\n")
	b, err := mutant.Build(t.Context(), mutant.Config{Dir: dir, Work: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reached(t.Context(), time.Minute); !errors.Is(err, mutant.ErrBaseline) {
		t.Errorf("Reached() = %v, want ErrBaseline", err)
	}
	write(t, dir, "gate.go", "package gate\n\nfunc Open() { return 1 }\n")
	if _, err := mutant.Build(t.Context(), mutant.Config{Dir: dir, Work: t.TempDir()}); !errors.Is(err, mutant.ErrBaseline) {
		t.Errorf("Build() = %v, want ErrBaseline", err)
	}
}
