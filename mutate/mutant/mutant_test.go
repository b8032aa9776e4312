package mutant_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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

// woven builds a module of a package gate with the given tests.
func woven(t *testing.T, test string) *mutant.Binary {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module gate\n\ngo 1.24\n")
	write(t, dir, "gate.go", gate)
	write(t, dir, "gate_test.go", test)
	b, err := mutant.Build(t.Context(), mutant.Config{Dir: dir, Work: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func survey(t *testing.T, b *mutant.Binary) {
	t.Helper()
	calls := 0
	if err := b.Survey(t.Context(), 2, func(surveyed, of int) {
		if calls++; surveyed != calls || of == 0 {
			t.Errorf("call %d says %d of %d", calls, surveyed, of)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// judge returns the verdicts by the names of the checks.
func judge(t *testing.T, b *mutant.Binary) map[string]mutant.Verdict {
	t.Helper()
	verdicts := make(map[string]mutant.Verdict)
	for _, c := range b.Checks {
		v, err := b.Judge(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		verdicts[c.Text] = v
	}
	return verdicts
}

// Removing a check is noticed exactly where a test needs it.
func TestChecks(t *testing.T) {
	t.Parallel()
	b := woven(t, gateTest)
	survey(t, b)
	var names, survivors []string
	verdicts := judge(t, b)
	for _, c := range b.Checks {
		names = append(names, c.Text)
		switch v := verdicts[c.Text]; {
		case !v.Noticed:
			survivors = append(survivors, c.String()+": "+v.By)
		case v.By != "TestOpen":
			t.Errorf("%s noticed by %q, want TestOpen", c, v.By)
		}
	}
	want := []string{`name == "" || key == ""`, `name == ""`, `key == ""`, "tries > 3", "tries < 0", "!strong(key)", "len(key) > 3", `key != "1234"`}
	if !slices.Equal(names, want) {
		t.Errorf("checks %q, want %q", names, want)
	}
	// An empty key is not strong either, so that its own check is not needed.
	if want := []string{`gate.go Open: key == "": ` + mutant.AllPass, "gate.go Open: tries < 0: " + mutant.AllPass}; !slices.Equal(survivors, want) {
		t.Errorf("survivors %q, want %q", survivors, want)
	}
	if c := b.Checks[3]; c.Line != 12 || c.Func != "Open" {
		t.Errorf("check %+v", c)
	}
}

// Tests that do not come by a check are not asked, and a check that none comes
// by has survived.
func TestSelection(t *testing.T) {
	t.Parallel()
	b := woven(t, `package gate

import "testing"

func TestStrong(t *testing.T) {
	if strong("abc") {
		t.Error()
	}
}

func TestNothing(t *testing.T) {}
`)
	survey(t, b)
	verdicts := judge(t, b)
	for name, want := range map[string]mutant.Verdict{
		"len(key) > 3": {Noticed: true, By: "TestStrong"},
		// The first half is false before it.
		`key != "1234"`: {By: mutant.NotReached},
		"tries > 3":     {By: mutant.NotReached},
	} {
		if verdicts[name] != want {
			t.Errorf("%s: %+v, want %+v", name, verdicts[name], want)
		}
	}
}

// A test that fails now and then has noticed nothing.
func TestFlakyTest(t *testing.T) {
	t.Parallel()
	marks := t.TempDir()
	b := woven(t, `package gate

import (
	"os"
	"testing"
)

func TestFlaky(t *testing.T) {
	_ = strong("abcd")
	if os.Getenv("MUTANT_SEEN") != "" {
		return
	}
	mark := "`+filepath.ToSlash(marks)+`/failed"
	if _, err := os.Stat(mark); err == nil {
		return
	}
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Error("only once")
}
`)
	survey(t, b)
	v, err := b.Judge(t.Context(), b.Checks[6])
	if want := (mutant.Verdict{By: mutant.AllPass}); v != want || err != nil {
		t.Errorf("Judge(%s) = %+v, %v, want %+v", b.Checks[6], v, err, want)
	}
	if _, err := os.Stat(filepath.Join(marks, "failed")); err != nil {
		t.Error("the test has not failed once:", err)
	}
}

// A test that fails with the check as well says nothing of it.
func TestSickTest(t *testing.T) {
	t.Parallel()
	b := woven(t, `package gate

import (
	"os"
	"testing"
)

func TestSick(t *testing.T) {
	_ = strong("abcd")
	if os.Getenv("MUTANT_SEEN") == "" {
		t.Error("not today")
	}
}
`)
	survey(t, b)
	v, err := b.Judge(t.Context(), b.Checks[6])
	if want := (mutant.Verdict{By: mutant.Unclear}); v != want || err != nil {
		t.Errorf("Judge(%s) = %+v, %v, want %+v", b.Checks[6], v, err, want)
	}
}

// A test that hangs without a check has noticed it.
func TestHang(t *testing.T) {
	t.Parallel()
	b := woven(t, `package gate

import "testing"

func TestLoop(t *testing.T) {
	for strong("abc") {
	}
}
`)
	survey(t, b)
	v, err := b.Judge(t.Context(), b.Checks[6])
	if want := (mutant.Verdict{Noticed: true, By: "hang: TestLoop"}); v != want || err != nil {
		t.Errorf("Judge(%s) = %+v, %v, want %+v", b.Checks[6], v, err, want)
	}
}

// The digest stands for the sources and the tests: it stays with them and
// changes with either.
func TestDigest(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module gate\n\ngo 1.24\n")
	write(t, dir, "gate.go", gate)
	write(t, dir, "gate_test.go", gateTest)
	digest := func() string {
		t.Helper()
		b, err := mutant.Build(t.Context(), mutant.Config{Dir: dir, Work: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		d, err := b.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	seen := []string{digest()}
	if again := digest(); again != seen[0] {
		t.Errorf("the same sources have the digests %s and %s", seen[0], again)
	}
	for _, change := range []func(){
		func() { write(t, dir, "gate.go", strings.Replace(gate, "tries > 3", "tries > 4", 1)) },
		func() { write(t, dir, "gate_test.go", strings.Replace(gateTest, `"abc", 0`, `"ab", 0`, 1)) },
		func() {
			if err := os.Mkdir(filepath.Join(dir, "testdata"), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "testdata/known", "x")
		},
		func() { write(t, dir, "testdata/known", "y") },
	} {
		change()
		d := digest()
		if slices.Contains(seen, d) {
			t.Errorf("after change %d the digest is an old one", len(seen))
		}
		seen = append(seen, d)
	}
}

// A package whose tests fail by themselves proves nothing.
func TestBaseline(t *testing.T) {
	t.Parallel()
	b := woven(t, "package gate\n\nimport \"testing\"\n\nfunc TestNo(t *testing.T) { t.Error() }\n")
	if err := b.Survey(t.Context(), 1, func(int, int) {}); !errors.Is(err, mutant.ErrBaseline) {
		t.Errorf("Survey() = %v, want ErrBaseline", err)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module gate\n\ngo 1.24\n")
	write(t, dir, "gate.go", "package gate\n\nfunc Open() { return 1 }\n")
	if _, err := mutant.Build(t.Context(), mutant.Config{Dir: dir, Work: t.TempDir()}); !errors.Is(err, mutant.ErrBaseline) {
		t.Errorf("Build() = %v, want ErrBaseline", err)
	}
}
