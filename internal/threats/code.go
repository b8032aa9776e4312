package threats

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// code is what the test files declare and who uses what. It goes by names
// alone, without types: a method is reached by whoever calls one of its name
// in its package, which is near enough to tell code that runs from code that
// nobody calls.
type code struct {
	files *token.FileSet
	decls []*decl
	users map[name]map[*decl]bool // who mentions the name
}

// name is a declaration's: the folder, and what it is called there.
type name struct{ dir, ident string }

type decl struct {
	names    []name
	test     string // what it is called in the table, when go test runs it
	measures bool   // a benchmark, which judges nothing
	pos, end token.Pos
	cited    []Cite
}

func newCode() *code {
	return &code{files: token.NewFileSet(), users: map[name]map[*decl]bool{}}
}

const module = "mfaserver/"

// add reads one file: its declarations, what they mention, what they cite.
func (c *code) add(root fs.FS, file string) error {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return err
	}
	parsed, err := parser.ParseFile(c.files, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := path.Dir(file)
	imports := map[string]string{}
	for _, spec := range parsed.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if !strings.HasPrefix(p, module) {
			continue
		}
		as := path.Base(p)
		if spec.Name != nil {
			as = spec.Name.Name
		}
		imports[as] = strings.TrimPrefix(p, module)
	}
	var decls []*decl
	for _, d := range parsed.Decls {
		decls = append(decls, c.declare(d, dir, strings.HasSuffix(file, "_test.go"), imports))
	}
	c.decls = append(c.decls, decls...)
	for _, group := range parsed.Comments {
		c.cite(group, decls, file)
	}
	return nil
}

func (c *code) declare(node ast.Decl, dir string, tests bool, imports map[string]string) *decl {
	d := &decl{pos: node.Pos(), end: node.End()}
	switch n := node.(type) {
	case *ast.FuncDecl:
		d.names = []name{{dir, n.Name.Name}}
		if tests && n.Recv == nil && isTest(n.Name.Name) {
			d.test = dir + " " + n.Name.Name
		}
		d.measures = tests && strings.HasPrefix(n.Name.Name, "Benchmark")
		if n.Doc != nil {
			d.pos = n.Doc.Pos()
		}
	case *ast.GenDecl:
		for _, spec := range n.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, ident := range s.Names {
					d.names = append(d.names, name{dir, ident.Name})
				}
			case *ast.TypeSpec:
				d.names = append(d.names, name{dir, s.Name.Name})
			}
		}
		if n.Doc != nil {
			d.pos = n.Doc.Pos()
		}
	}
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && imports[x.Name] != "" {
				c.mention(name{imports[x.Name], n.Sel.Name}, d)
				return false
			}
		case *ast.Ident:
			c.mention(name{dir, n.Name}, d)
		}
		return true
	})
	return d
}

func (c *code) mention(n name, by *decl) {
	if c.users[n] == nil {
		c.users[n] = map[*decl]bool{}
	}
	c.users[n][by] = true
}

// isTest tells the functions that go test runs; benchmarks are not among them.
func isTest(ident string) bool {
	for _, prefix := range []string{"Test", "Fuzz", "Example"} {
		if strings.HasPrefix(ident, prefix) && ident != "TestMain" {
			return true
		}
	}
	return false
}

// cite notes what a comment cites with the declaration that it stands in or
// over. A comment that stands between declarations belongs to none.
func (c *code) cite(group *ast.CommentGroup, decls []*decl, file string) {
	var text strings.Builder
	var lines []token.Pos // where each line of text began
	for _, comment := range group.List {
		lines = append(lines, comment.Pos())
		text.WriteString(strings.TrimPrefix(comment.Text, "//") + "\n")
	}
	for _, f := range numbersIn(text.String()) {
		at := lines[min(strings.Count(text.String()[:f.offset], "\n"), len(lines)-1)]
		cite := Cite{Number: f.number, File: file, Line: c.files.Position(at).Line}
		i := slices.IndexFunc(decls, func(d *decl) bool {
			return d.pos <= at && c.files.Position(at).Line <= c.files.Position(d.end).Line
		})
		if i < 0 {
			c.decls = append(c.decls, &decl{cited: []Cite{cite}})
			continue
		}
		decls[i].cited = append(decls[i].cited, cite)
	}
}

// cites are all citations with the tests that reach them.
func (c *code) cites() []Cite {
	var all []Cite
	for _, d := range c.decls {
		if len(d.cited) == 0 || d.measures {
			continue
		}
		tests := map[string]bool{}
		c.reach(d, tests, map[*decl]bool{})
		for _, cite := range d.cited {
			cite.Tests = slices.Sorted(maps.Keys(tests))
			all = append(all, cite)
		}
	}
	return all
}

func (c *code) reach(d *decl, tests map[string]bool, seen map[*decl]bool) {
	if seen[d] {
		return
	}
	seen[d] = true
	if d.test != "" {
		tests[d.test] = true
		return
	}
	for _, n := range d.names {
		for user := range c.users[n] {
			c.reach(user, tests, seen)
		}
	}
}
