package duotest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// member is one name and value of an [object].
type member struct {
	name  string
	value any
}

// object is a JSON object whose members keep their order and may repeat, as no
// Go map allows.
type object []member

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := encodeJSON(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encodeJSON(m.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// encodeJSON is json.Marshal without the escapes for HTML.
func encodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// with returns the object with the member at a dotted path set.
func (o object) with(path string, value any) object {
	name, rest, deeper := strings.Cut(path, ".")
	i := slices.IndexFunc(o, func(m member) bool { return m.name == name })
	if deeper {
		var inner object
		if i >= 0 {
			inner, _ = o[i].value.(object)
		}
		value = inner.with(rest, value)
	}
	out := slices.Clone(o)
	if i >= 0 {
		out[i].value = value
		return out
	}
	return append(out, member{name, value})
}

// without returns the object with no member at a dotted path.
func (o object) without(path string) object {
	name, rest, deeper := strings.Cut(path, ".")
	out := make(object, 0, len(o))
	for _, m := range o {
		if m.name != name {
			out = append(out, m)
			continue
		}
		if inner, ok := m.value.(object); ok && deeper {
			out = append(out, member{name, inner.without(rest)})
		}
	}
	return out
}

// spoil encodes the object with the faults in it.
func (f JSONFaults) spoil(o object) ([]byte, error) {
	if f.Replace != "" {
		return []byte(f.Replace), nil
	}
	for _, path := range slices.Sorted(maps.Keys(f.Set)) {
		o = o.with(path, f.Set[path])
	}
	for _, path := range f.Remove {
		o = o.without(path)
	}
	var again object
	for _, name := range slices.Sorted(maps.Keys(f.Repeat)) {
		again = append(again, member{name, f.Repeat[name]})
	}
	if f.RepeatFirst {
		o = append(again, o...)
	} else {
		o = append(slices.Clone(o), again...)
	}
	text, err := encodeJSON(o)
	if err != nil {
		return nil, err
	}
	return append(text, f.Trailing...), nil
}
