package mirth

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// kind of a node.
type kind int

const (
	kindText kind = iota
	kindNumber
	kindBool
	kindNull
	kindGroup
	// kindList is a group whose children share one name: JSON writes one
	// child as an object and several as an array.
	kindList
)

// node is an element of either format. The engine makes its JSON from the
// same tree as its XML, and so do we.
type node struct {
	name     string
	kind     kind
	text     string
	children []*node
	// typed is set by the JSON reader: text, number and bool are told apart.
	typed bool
}

func text(name, value string) *node { return &node{name: name, text: value} }

func number(name string, value int64) *node {
	return &node{name: name, kind: kindNumber, text: strconv.FormatInt(value, 10)}
}

func boolean(name string, value bool) *node {
	return &node{name: name, kind: kindBool, text: strconv.FormatBool(value)}
}

func group(name string, children ...*node) *node {
	return &node{name: name, kind: kindGroup, children: children}
}

// addText appends a text child unless it is empty.
func (n *node) addText(name, value string) {
	if value != "" {
		n.children = append(n.children, text(name, value))
	}
}

// checkText refuses what XML 1.0 cannot carry, in the whole tree.
func (n *node) checkText() error {
	if !validText(n.text) {
		return fmt.Errorf("%w in %s", ErrCharacter, n.name)
	}
	for _, c := range n.children {
		if err := c.checkText(); err != nil {
			return err
		}
	}
	return nil
}

// validText reports whether s is UTF-8 made of the characters of XML 1.0,
// section 2.2.
func validText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case r == '\t', r == '\n', r == '\r':
		case r < 0x20, r == 0xFFFE, r == 0xFFFF:
			return false
		}
	}
	return true
}

// fields returns the children by name. Names outside known are refused,
// unless known is empty; a name given twice always is.
func (n *node) fields(known ...string) (map[string]*node, error) {
	out := make(map[string]*node, len(n.children))
	for _, c := range n.children {
		if len(known) > 0 && !slices.Contains(known, c.name) {
			return nil, ErrUnknownElement
		}
		if _, dup := out[c.name]; dup {
			return nil, ErrDuplicateElement
		}
		out[c.name] = c
	}
	return out, nil
}

// str reads an optional text; absent, null and empty are alike, as they are
// in the engine's two formats.
func str(fields map[string]*node, name string) (string, error) {
	n := fields[name]
	if n == nil || n.kind == kindNull {
		return "", nil
	}
	if n.kind != kindText {
		return "", fmt.Errorf("%w: %s is not text", ErrValue, name)
	}
	return n.text, nil
}

// status reads a required status.
func status(fields map[string]*node, name string) (Status, error) {
	if fields[name] == nil {
		return "", fmt.Errorf("%w: %s", ErrMissingElement, name)
	}
	s, err := str(fields, name)
	if err != nil {
		return "", err
	}
	if !Status(s).Known() {
		return "", ErrUnknownStatus
	}
	return Status(s), nil
}

// integer reads the node as a whole decimal number without sign tricks.
func (n *node) integer(bits int) (int64, error) {
	if n.kind != kindNumber && (n.kind != kindText || n.typed) {
		return 0, fmt.Errorf("%w: %s is not a number", ErrValue, n.name)
	}
	v, err := strconv.ParseInt(n.text, 10, bits)
	if err != nil || strconv.FormatInt(v, 10) != n.text {
		return 0, fmt.Errorf("%w: %s is not a whole number", ErrValue, n.name)
	}
	return v, nil
}

// boolean reads the node as true or false.
func (n *node) boolean() (bool, error) {
	isBool := n.kind == kindBool || (n.kind == kindText && !n.typed)
	if !isBool || (n.text != "true" && n.text != "false") {
		return false, fmt.Errorf("%w: %s is neither true nor false", ErrValue, n.name)
	}
	return n.text == "true", nil
}
