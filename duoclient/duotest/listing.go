package duotest

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// fields is a JSON object of a signed API: its members go out in the order of
// their names, as the service has them.
type fields = map[string]any

// sorted turns fields into an object, so that faults reach into it.
func sorted(f fields) object {
	out := make(object, 0, len(f))
	for _, name := range sortedKeys(f) {
		value := f[name]
		if inner, ok := value.(fields); ok {
			value = sorted(inner)
		}
		out = append(out, member{name, value})
	}
	return out
}

// seconds is a Unix time, or null for none.
func seconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// textOrNull is null for an empty text.
func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func sortedKeys(f fields) []string { return slices.Sorted(maps.Keys(f)) }

// sortedObject is the object with its members, and those of its objects, in the
// order of their names.
func sortedObject(o object) object {
	out := slices.Clone(o)
	for i, m := range out {
		if inner, ok := m.value.(object); ok {
			out[i].value = sortedObject(inner)
		}
	}
	slices.SortStableFunc(out, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return out
}
