// Package mutant removes security checks from a package, one at a time, and
// asks the package's tests whether they notice.
//
// All checks of a package are woven into one test binary, each with a switch
// of its own, so that a package is compiled once and every run removes one
// check. The sources are not touched: the go command takes the woven files
// through its -overlay flag.
package mutant

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// Check is a condition that stands between a request and an effect. Removed,
// it never refuses.
type Check struct {
	// ID tells it from the others of its package; the first is 1.
	ID int
	// File is the name of the source file, Line where the condition begins.
	File string
	Line int
	// Func is the function around it, Text the condition as it is written, on
	// one line.
	Func, Text string
	// Nth counts the checks of a function with the same text; the first is 1.
	Nth int

	from, to int  // offsets of the condition
	accepts  bool // true is the good answer: removed, the condition holds
}

// String is how reports and the list of known survivors name a check.
func (c Check) String() string {
	name := c.File + " " + c.Func + ": " + c.Text
	if c.Nth > 1 {
		name += " #" + strconv.Itoa(c.Nth)
	}
	return name
}

// source is one file with its checks.
type source struct {
	name   string
	text   []byte
	checks []Check
}

// find lists the checks of a file; their IDs follow on first.
func find(path string, text []byte, first int) (source, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, fmt.Errorf("mutant: %w", err)
	}
	f := finder{files: files, source: source{name: filepath.Base(path), text: text}, next: first}
	for _, decl := range parsed.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
			f.function = fn.Name.Name
			f.walk(fn.Body, fn.Type)
		}
	}
	return f.source, nil
}

// finder walks through the functions of a file.
type finder struct {
	files    *token.FileSet
	function string
	next     int
	source   source
}

// walk looks at every statement of a function of the given type, and goes into
// function literals with theirs.
func (f *finder) walk(body *ast.BlockStmt, kind *ast.FuncType) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			f.walk(n.Body, n.Type)
			return false
		case *ast.IfStmt:
			if refuses(n.Body.List, kind) {
				f.condition(n.Cond, false)
			}
		case *ast.SwitchStmt:
			f.cases(n, kind)
		case *ast.ReturnStmt:
			f.verdict(n, kind)
		}
		return true
	})
}

// cases takes the conditions of a switch without a tag.
func (f *finder) cases(n *ast.SwitchStmt, kind *ast.FuncType) {
	if n.Tag != nil {
		return
	}
	for _, stmt := range n.Body.List {
		clause, ok := stmt.(*ast.CaseClause)
		if !ok || !refuses(clause.Body, kind) {
			continue
		}
		for _, cond := range clause.List {
			f.condition(cond, false)
		}
	}
}

// verdict takes the parts of "return a && b" in a function that answers yes or
// no.
func (f *finder) verdict(n *ast.ReturnStmt, kind *ast.FuncType) {
	if len(n.Results) == 0 || resultType(kind) != "bool" {
		return
	}
	last := n.Results[len(n.Results)-1]
	if and, ok := ast.Unparen(last).(*ast.BinaryExpr); ok && and.Op == token.LAND {
		f.parts(and, token.LAND, true)
	}
}

// condition takes a refusing condition whole, and each of its alternatives.
func (f *finder) condition(cond ast.Expr, accepts bool) {
	f.add(cond, accepts)
	if or, ok := ast.Unparen(cond).(*ast.BinaryExpr); ok && or.Op == token.LOR {
		f.parts(or, token.LOR, accepts)
	}
}

// parts takes both sides of an operator, and those of the same operator below.
func (f *finder) parts(e *ast.BinaryExpr, op token.Token, accepts bool) {
	for _, side := range []ast.Expr{e.X, e.Y} {
		if below, ok := ast.Unparen(side).(*ast.BinaryExpr); ok && below.Op == op {
			f.parts(below, op, accepts)
			continue
		}
		f.add(side, accepts)
	}
}

func (f *finder) add(e ast.Expr, accepts bool) {
	from, to := f.files.Position(e.Pos()), f.files.Position(e.End())
	c := Check{
		ID: f.next, File: f.source.name, Line: from.Line, Func: f.function,
		Text: strings.Join(strings.Fields(string(f.source.text[from.Offset:to.Offset])), " "), Nth: 1,
		from: from.Offset, to: to.Offset, accepts: accepts,
	}
	for _, other := range f.source.checks {
		if other.Func == c.Func && other.Text == c.Text {
			c.Nth++
		}
	}
	f.source.checks = append(f.source.checks, c)
	f.next++
}

// refuses reports whether statements end a function with a refusal: an error,
// false, or an answer that was just written.
func refuses(body []ast.Stmt, kind *ast.FuncType) bool {
	if len(body) == 0 {
		return false
	}
	end, ok := body[len(body)-1].(*ast.ReturnStmt)
	if !ok {
		return false
	}
	result := resultType(kind)
	if len(end.Results) == 0 {
		return result == "" && answers(body)
	}
	last, named := end.Results[len(end.Results)-1].(*ast.Ident)
	switch result {
	case "error", "*problem":
		return !named || last.Name != "nil"
	case "bool":
		return named && last.Name == "false"
	default:
		return false
	}
}

// answers reports whether something is called before the end.
func answers(body []ast.Stmt) bool {
	for _, stmt := range body {
		if e, ok := stmt.(*ast.ExprStmt); ok {
			if _, ok := e.X.(*ast.CallExpr); ok {
				return true
			}
		}
	}
	return false
}

// resultType names the last result of a function as far as it matters here;
// "" is none, "other" any other.
func resultType(kind *ast.FuncType) string {
	if kind.Results == nil || len(kind.Results.List) == 0 {
		return ""
	}
	switch t := kind.Results.List[len(kind.Results.List)-1].Type.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		if name, ok := t.X.(*ast.Ident); ok {
			return "*" + name.Name
		}
	}
	return "other"
}
