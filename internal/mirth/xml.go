package mirth

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"github.com/beevik/etree"
)

// declaration is the only prologue that is understood (XML 1.0, section 2.8).
var declaration = regexp.MustCompile(
	`^<\?xml[ \t\r\n]+version=(?:"1\.0"|'1\.0')` +
		`(?:[ \t\r\n]+encoding=(?:"(?i:utf-8)"|'(?i:utf-8)'))?` +
		`(?:[ \t\r\n]+standalone=(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>`)

// writeXML writes n like XStream's pretty printer: two spaces for each level,
// an empty text as <a></a>, an empty group as <a/>.
func writeXML(n *node) []byte {
	const most = 512 // answers are rarely longer
	return appendXML(make([]byte, 0, most), n, 0)
}

func appendXML(b []byte, n *node, level int) []byte {
	b = append(append(append(b, '<'), n.name...), '>')
	switch {
	case n.kind != kindGroup && n.kind != kindList:
		b = appendText(b, n.text)
	case len(n.children) == 0:
		return append(b[:len(b)-1], "/>"...)
	default:
		for _, c := range n.children {
			b = appendXML(newLine(b, level+1), c, level+1)
		}
		b = newLine(b, level)
	}
	return append(append(append(b, "</"...), n.name...), '>')
}

func newLine(b []byte, level int) []byte {
	b = append(b, '\n')
	for range level {
		b = append(b, "  "...)
	}
	return b
}

// appendText escapes what cannot stand in text (XML 1.0, section 2.4), quotes
// as the engine does, and a carriage return, which would be read back as a
// newline (section 2.11).
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '\'':
			b = append(b, "&apos;"...)
		case '"':
			b = append(b, "&quot;"...)
		case '\r':
			b = append(b, "&#xd;"...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// readXML reads exactly one element and nothing else around it.
func readXML(body []byte) (*node, error) {
	if bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")) {
		return nil, ErrBodyCharset
	}
	body = body[len(declaration.Find(body)):]
	// A bare `<` cannot stand in text or in an attribute, so these are always
	// markup: a comment, CDATA, a DTD or a processing instruction.
	if bytes.Contains(body, []byte("<!")) || bytes.Contains(body, []byte("<?")) {
		return nil, ErrBodyMarkup
	}
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxDepth
	if err := doc.ReadFromBytes(body); err != nil {
		if errors.Is(err, etree.ErrMaxDepth) {
			return nil, ErrBodyDepth
		}
		return nil, ErrBodyMalformed
	}
	top, err := fromElement(&doc.Element)
	if err != nil {
		return nil, err
	}
	if len(top.children) != 1 {
		return nil, ErrBodyRoots
	}
	return top.children[0], nil
}

// fromElement copies e. An element holds either text or elements with white
// space between them. The document itself counts as an element.
func fromElement(e *etree.Element) (*node, error) {
	if len(e.Attr) > 0 {
		return nil, ErrAttribute
	}
	n := &node{name: e.FullTag()}
	var chars strings.Builder
	for _, t := range e.Child {
		switch t := t.(type) {
		case *etree.Element:
			c, err := fromElement(t)
			if err != nil {
				return nil, err
			}
			n.kind = kindGroup
			n.children = append(n.children, c)
		case *etree.CharData:
			chars.WriteString(t.Data)
		default:
			return nil, ErrBodyMarkup
		}
	}
	isDocument := e.Parent() == nil
	if n.kind == kindGroup || isDocument {
		if strings.Trim(chars.String(), " \t\r\n") != "" {
			return nil, ErrBodyMalformed
		}
		return n, nil
	}
	n.text = chars.String()
	if !validText(n.text) {
		return nil, ErrBodyMalformed
	}
	return n, nil
}
