package config

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// kind of a value.
type kind int

const (
	kindNull kind = iota
	kindText
	kindBool
	kindInt
	kindOther // floats, infinities
	kindMap
	kindList
)

// value is a YAML value with its line.
type value struct {
	line    int
	kind    kind
	text    string
	entries []entry
	items   []*value
}

// entry is one key of a map.
type entry struct {
	line  int
	key   string
	value *value
}

// document parses data: one document with a map at its top, without anchors,
// aliases, tags and merge keys. It returns nil after a fault that leaves
// nothing to check.
func (r *reader) document(data []byte) *value {
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		r.fault(1, "", "the file is not UTF-8 text; save it as such")
		return nil
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, text := 1, "cannot be read"
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			text = syntax.Message
			if syntax.Token != nil && syntax.Token.Position != nil {
				line = syntax.Token.Position.Line
			}
		}
		r.fault(line, "", "not YAML: %s", text)
		return nil
	}
	var root *value
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.fault(lineOf(doc.Body), "", "a second document; keep one")
			return nil
		}
		root = r.convert(doc.Body)
	}
	switch {
	case root == nil || root.kind == kindNull:
		r.fault(1, "", "the file is empty; %s", r.beginning)
		return nil
	case root.kind != kindMap:
		r.fault(root.line, "", "write settings as `key: value`")
		return nil
	}
	return root
}

func lineOf(n ast.Node) int {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

// convert copies a node; what is not understood becomes a fault and null.
func (r *reader) convert(n ast.Node) *value {
	if n == nil {
		return &value{line: 1}
	}
	v := &value{line: lineOf(n)}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		v.kind, v.text = kindText, n.Value
	case *ast.LiteralNode:
		v.kind, v.text = kindText, n.Value.Value
	case *ast.BoolNode:
		v.kind, v.text = kindBool, n.GetToken().Value
	case *ast.IntegerNode:
		v.kind, v.text = kindInt, n.GetToken().Value
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		v.kind, v.text = kindOther, n.GetToken().Value
	case *ast.MappingNode:
		v.kind = kindMap
		r.entries(v, n.Values)
	case *ast.MappingValueNode:
		v.kind = kindMap
		r.entries(v, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		v.kind = kindList
		for _, item := range n.Values {
			v.items = append(v.items, r.convert(item))
		}
	default:
		v.kind = kindOther
		r.fault(v.line, "", "anchors, aliases, tags and directives are not used here; write the value out")
	}
	return v
}

// entries copies the keys of a map.
func (r *reader) entries(v *value, nodes []*ast.MappingValueNode) {
	for i, n := range nodes {
		key := n.Key.GetToken()
		line := key.Position.Line
		if i == 0 {
			v.line = line
		}
		if _, ok := n.Key.(*ast.StringNode); !ok {
			r.fault(line, "", "keys are plain words; write `key: value`")
			continue
		}
		v.entries = append(v.entries, entry{line: line, key: key.Value, value: r.convert(n.Value)})
	}
}
