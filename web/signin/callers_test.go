package signin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Threats T009, T164: a password is judged in one place, behind one set of
// counts, whoever asks: the login, the portal, and through it administrators.
// Whoever else asked a directory, computed a hash or logged in to an engine
// would be a second oracle.
func TestOnePlaceJudgesPasswords(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	found := map[string]map[string]bool{}
	note := func(what, file string) {
		if found[what] == nil {
			found[what] = map[string]bool{}
		}
		found[what][filepath.ToSlash(filepath.Dir(file))] = true
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		file, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if d.Name() == "testdata" || file != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(d.Name(), "test")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		engine := false
		for _, spec := range parsed.Imports {
			switch strings.Trim(spec.Path.Value, `"`) {
			case "github.com/alexedwards/argon2id", "golang.org/x/crypto/argon2", "golang.org/x/crypto/bcrypt":
				note("hashes", file)
			case "mfaserver/internal/mirth/engine":
				engine = true
			}
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			switch {
			case !ok:
			case s.Sel.Name == "Authenticate":
				note("asks a directory", file)
			case s.Sel.Name == "Login" && (engine || strings.HasPrefix(filepath.ToSlash(file), "internal/upstream/")):
				note("logs in to an engine", file)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for what, where := range found {
		got[what] = slices.Sorted(maps.Keys(where))
	}
	want := map[string][]string{
		"hashes":           {"internal/primary"},
		"asks a directory": {"web/signin"},
		// The checkup tries the password that engines come with, for whoever
		// runs it on the host.
		"logs in to an engine": {"internal/checkup", "internal/upstream"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
