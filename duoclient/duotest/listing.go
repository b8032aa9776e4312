package duotest

import (
	"maps"
	"slices"
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
