package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mfaserver/internal/audit"
)

// constants reads the catalogue as the compiler does.
func constants(t *testing.T) map[string]audit.Name {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "catalogue.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]audit.Name{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			text, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			found[name.Name] = audit.Name(text)
		}
		return true
	})
	return found
}

func TestEveryConstantIsKnown(t *testing.T) {
	t.Parallel()
	all := constants(t)
	if len(all) < 50 {
		t.Fatalf("%d constants in the catalogue, want 50 or more (threat T192)", len(all))
	}
	by := map[audit.Name]string{}
	for constant, name := range all {
		if !audit.Known(name) {
			t.Errorf("%s = %q is not known to the trail", constant, name)
		}
		if other, twice := by[name]; twice {
			t.Errorf("%s and %s are both %q", constant, other, name)
		}
		by[name] = constant
	}
	for _, name := range []audit.Name{"", "x", "primary", "primary.ok ", "PRIMARY.OK", "primary.ok\n"} {
		if audit.Known(name) {
			t.Errorf("Known(%q) = true", name)
		}
	}
}

// TestNamesComeFromTheCatalogue: nothing outside the catalogue spells a name,
// so that one that is not listed does not compile (threat T192).
func TestNamesComeFromTheCatalogue(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, value := range spelled(n) {
				t.Errorf("%s: an event name is spelled out", set.Position(value.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// spelled finds audit.Name("literal") and audit.Event{Name: "literal"}.
func spelled(n ast.Node) []ast.Expr {
	var found []ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		if isAudit(n.Fun, "Name") && len(n.Args) == 1 && isLiteral(n.Args[0]) {
			found = append(found, n.Args[0])
		}
	case *ast.CompositeLit:
		if !isAudit(n.Type, "Event") {
			return nil
		}
		for _, e := range n.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Name" && isLiteral(kv.Value) {
				found = append(found, kv.Value)
			}
		}
	}
	return found
}

func isAudit(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	pkg, ok := s.X.(*ast.Ident)
	return ok && pkg.Name == "audit"
}

func isLiteral(e ast.Expr) bool {
	_, ok := e.(*ast.BasicLit)
	return ok
}
