package secrettest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// structs are the names of the exported structs of the package in a folder.
func structs(tb testing.TB, folder string) []string {
	tb.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, f.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			tb.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			names = append(names, exportedStructs(decl)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func exportedStructs(decl ast.Decl) []string {
	general, ok := decl.(*ast.GenDecl)
	if !ok {
		return nil
	}
	var names []string
	for _, spec := range general.Specs {
		typ, ok := spec.(*ast.TypeSpec)
		if !ok || !typ.Name.IsExported() {
			continue
		}
		if _, ok := typ.Type.(*ast.StructType); ok {
			names = append(names, typ.Name.Name)
		}
	}
	return names
}
