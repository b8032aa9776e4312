package duoclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may nest.
const maxDepth = 32

var (
	errNotJSON      = errors.New("not one JSON object")
	errTooDeep      = errors.New("JSON nests too deep")
	errDuplicateKey = errors.New("JSON repeats a member name")
	errBadText      = errors.New("JSON holds text that is not Unicode")
)

// object is a JSON object whose member names are exact: encoding/json's
// structs take any case and the last of several, which lets a token say two
// things at once.
type object map[string]any

// parseObject reads data as exactly one JSON object: UTF-8, no lone
// surrogates, no member name twice in an object (names that differ only in
// case count as one), at most maxDepth levels, nothing after it. Numbers stay
// as they are written. Errors hold nothing of data.
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errBadText
	}
	if !shallow(data) {
		return nil, errTooDeep
	}
	if !json.Valid(data) {
		return nil, errNotJSON
	}
	if loneSurrogate(data) {
		return nil, errBadText
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := readValue(dec)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, errNotJSON
	}
	return o, nil
}

func readValue(dec *json.Decoder) (any, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, errNotJSON
	}
	switch t {
	case json.Delim('{'):
		return readObject(dec)
	case json.Delim('['):
		return readArray(dec)
	default:
		return t, nil
	}
}

func readObject(dec *json.Decoder) (object, error) {
	o := make(object)
	seen := make(map[string]struct{})
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		folded := foldName(name)
		if _, dup := seen[folded]; dup {
			return nil, errDuplicateKey
		}
		seen[folded] = struct{}{}
		if o[name], err = readValue(dec); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errNotJSON
	}
	return o, nil
}

func readArray(dec *json.Decoder) ([]any, error) {
	var list []any
	for dec.More() {
		v, err := readValue(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if _, err := dec.Token(); err != nil {
		return nil, errNotJSON
	}
	return list, nil
}

// shallow reports whether brackets outside strings nest at most maxDepth
// deep. It runs before anything recursive.
func shallow(data []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return true
}

// loneSurrogate reports an escape \uD800 to \uDFFF without its other half,
// which encoding/json would turn into U+FFFD. data must be valid JSON.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		r := escapedRune(data, i-1)
		i += 4
		switch {
		case r >= 0xDC00 && r <= 0xDFFF:
			return true
		case r >= 0xD800 && r <= 0xDBFF:
			if low := escapedRune(data, i+1); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
	}
	return false
}

// escapedRune reads \uXXXX at data[i:], -1 when there is none.
func escapedRune(data []byte, i int) int64 {
	if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[i+2:i+6]), 16, 16)
	if err != nil {
		return -1
	}
	return int64(n)
}

// foldName maps names that differ only in case to one, as encoding/json
// matches them (Unicode simple folding).
func foldName(name string) string {
	out := make([]rune, 0, len(name))
	for _, r := range name {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		out = append(out, least)
	}
	return string(out)
}

// text gives the member as a string, "" when it is anything else.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// child gives the member as an object, an empty one when it is anything else.
func (o object) child(name string) object {
	c, _ := o[name].(object)
	return c
}

// integer gives the member when it is a number written as an integer of at
// most 64 bits and not negative: 1.0, 1e3 and "1" are none.
func (o object) integer(name string) (int64, bool) {
	number, _ := o[name].(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil && n >= 0
}
