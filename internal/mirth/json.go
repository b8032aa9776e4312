package mirth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
)

// writeJSON writes {"root":...} on one line.
func writeJSON(n *node) ([]byte, error) {
	var b bytes.Buffer
	if err := writeMembers(&b, []*node{n}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeMembers(b *bytes.Buffer, members []*node) error {
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(m.name)
		b.WriteString(`":`)
		if err := writeValue(b, m); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func writeValue(b *bytes.Buffer, n *node) error {
	switch n.kind {
	case kindGroup:
		return writeMembers(b, n.children)
	case kindList:
		return writeList(b, n.children)
	case kindNumber, kindBool:
		b.WriteString(n.text)
		return nil
	case kindText, kindNull:
		return writeString(b, n.text)
	default:
		return fmt.Errorf("%w: %s", ErrValue, n.name)
	}
}

// writeList writes what the engine makes of repeated elements: null for none,
// the value for one, an array for several.
func writeList(b *bytes.Buffer, items []*node) error {
	if len(items) == 0 {
		b.WriteString("null")
		return nil
	}
	if len(items) == 1 {
		return writeMembers(b, items)
	}
	b.WriteString(`{"` + items[0].name + `":[`)
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeValue(b, item); err != nil {
			return err
		}
	}
	b.WriteString("]}")
	return nil
}

// writeString writes s without HTML escapes; an empty text is null.
func writeString(b *bytes.Buffer, s string) error {
	if s == "" {
		b.WriteString("null")
		return nil
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("mirth: write JSON: %w", err)
	}
	b.Truncate(b.Len() - 1) // the newline of Encode
	return nil
}

// readJSON reads one object with one member: the root.
func readJSON(body []byte) (*node, error) {
	if loneSurrogate(body) {
		return nil, ErrBodyCharset
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, ErrBodyMalformed
	}
	members, err := readMembers(dec, 1, false)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrBodyMalformed
	}
	if len(members) != 1 {
		return nil, ErrBodyRoots
	}
	return members[0], nil
}

// readMembers reads up to the closing brace. Where arrays is set, a member may
// be an array: each item becomes a child of that name, as in XML.
func readMembers(dec *json.Decoder, depth int, arrays bool) ([]*node, error) {
	var out []*node
	seen := make(map[string]bool)
	for {
		t, err := dec.Token()
		if err != nil {
			return nil, ErrBodyMalformed
		}
		if t == json.Delim('}') {
			return out, nil
		}
		name, ok := t.(string)
		if !ok {
			return nil, ErrBodyMalformed
		}
		if seen[name] {
			return nil, ErrDuplicateElement
		}
		seen[name] = true
		items, err := readValue(dec, name, depth, arrays)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
}

func readValue(dec *json.Decoder, name string, depth int, arrays bool) ([]*node, error) {
	if depth > maxDepth {
		return nil, ErrBodyDepth
	}
	t, err := dec.Token()
	if err != nil {
		return nil, ErrBodyMalformed
	}
	if t == json.Delim('[') && arrays {
		var out []*node
		for dec.More() {
			items, err := readValue(dec, name, depth+1, false)
			if err != nil {
				return nil, err
			}
			out = append(out, items...)
		}
		if _, err := dec.Token(); err != nil {
			return nil, ErrBodyMalformed
		}
		return out, nil
	}
	n := &node{name: name, typed: true}
	switch t := t.(type) {
	case json.Delim:
		if t != '{' {
			return nil, fmt.Errorf("%w: array", ErrValue)
		}
		n.kind = kindGroup
		n.children, err = readMembers(dec, depth+1, depth == 1 && name == "list")
	case string:
		n.text = t
		if !validText(t) {
			err = ErrBodyMalformed
		}
	case json.Number:
		n.kind, n.text = kindNumber, t.String()
	case bool:
		n.kind, n.text = kindBool, strconv.FormatBool(t)
	case nil:
		n.kind = kindNull
	}
	return []*node{n}, err
}

// loneSurrogate reports whether an escape in body is half of a surrogate
// pair, which encoding/json would replace in silence. Escapes are found
// without regard to strings: outside of one they are malformed anyhow.
func loneSurrogate(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		high, ok := unicodeEscape(body[i:])
		if !ok {
			i++
			continue
		}
		i += 5
		if !utf16.IsSurrogate(high) {
			continue
		}
		low, ok := unicodeEscape(body[i+1:])
		if !ok || utf16.DecodeRune(high, low) == '\uFFFD' {
			return true
		}
		i += 6
	}
	return false
}

// unicodeEscape reads \uXXXX at the beginning of b.
func unicodeEscape(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(v), err == nil
}
