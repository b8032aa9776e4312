package mirth

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/beevik/etree"
)

// declaration is the only prologue that is understood (XML 1.0, section 2.8).
var declaration = regexp.MustCompile(
	`^<\?xml[ \t\r\n]+version=(?:"1\.0"|'1\.0')` +
		`(?:[ \t\r\n]+encoding=(?:"(?i:utf-8)"|'(?i:utf-8)'))?` +
		`(?:[ \t\r\n]+standalone=(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>`)

// writeXML writes n like XStream's pretty printer.
func writeXML(n *node) ([]byte, error) {
	doc := etree.NewDocument()
	addElement(&doc.Element, n)
	doc.IndentWithSettings(&etree.IndentSettings{
		Spaces: 2, PreserveLeafWhitespace: true, SuppressTrailingWhitespace: true,
	})
	out, err := doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("mirth: write XML: %w", err)
	}
	// A bare carriage return would be read back as a newline.
	return bytes.ReplaceAll(out, []byte("\r"), []byte("&#xd;")), nil
}

func addElement(parent *etree.Element, n *node) {
	e := parent.CreateElement(n.name)
	for _, c := range n.children {
		addElement(e, c)
	}
	// An empty text is <a></a>, an empty group <a/>.
	if n.kind != kindGroup && n.kind != kindList {
		e.AddChild(etree.NewText(n.text))
	}
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
