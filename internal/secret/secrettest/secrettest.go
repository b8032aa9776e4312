// Package secrettest shows in tests that values print, marshal and log without
// the secrets in them, and that no exported type of a package was forgotten.
package secrettest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/secret"
)

// Table are the values of a package that stand near secrets.
type Table struct {
	// Secrets are what no value may show. Each has eight bytes or more, so
	// that nothing else looks like it.
	Secrets []string
	// Values are looked at one by one, alone and inside others.
	Values []any
	// Exempt are the exported structs of the package that Values has none of,
	// by name, with the reason.
	Exempt map[string]string
}

const shortestSecret = 8

// Check fails where a value shows a secret, and where an exported struct of
// the package under test is neither among the values nor exempt.
func (t Table) Check(tb testing.TB) {
	tb.Helper()
	covered := make(map[string]bool)
	for _, v := range t.Values {
		Hides(tb, v, t.Secrets...)
		covered[nameOf(v)] = true
	}
	known := structs(tb, ".")
	for _, name := range known {
		if _, exempt := t.Exempt[name]; !covered[name] && !exempt {
			tb.Errorf("no value of the exported struct %s was looked at", name)
		}
	}
	for name, reason := range t.Exempt {
		if !slices.Contains(known, name) || covered[name] || reason == "" {
			tb.Errorf("%s is exempt without need or reason", name)
		}
	}
}

// nameOf is the name of the type that v is, or points to.
func nameOf(v any) string {
	typ := reflect.TypeOf(v)
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ.Name()
}

// Hides fails when v shows one of the secrets in any way that values get into
// logs and output, alone or as a part of something else.
func Hides(tb testing.TB, v any, secrets ...string) {
	tb.Helper()
	for _, s := range secrets {
		if len(s) < shortestSecret {
			tb.Fatalf("the secret %q is too short to be looked for", s)
		}
	}
	all := printed(v)
	for _, s := range secrets {
		ways := slices.Sorted(maps.Keys(all))
		ways = slices.DeleteFunc(ways, func(way string) bool { return !Shows(all[way], s) })
		if len(ways) > 0 {
			tb.Errorf("%T shows a secret in %d ways: %s: %.600s", v, len(ways), strings.Join(ways, ", "), all[ways[0]])
		}
	}
}

// Shows reports whether text holds s in any spelling that a verb or an encoder
// has.
func Shows(text, s string) bool {
	for _, form := range []string{
		s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s), fmt.Sprintf("% x", s), fmt.Sprintf("%+q", s), fmt.Sprintf("%#v", []byte(s)),
		strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]"), base64.StdEncoding.EncodeToString([]byte(s)),
		strings.Trim(jsonText([]byte(s)), `"`), strings.Trim(jsonText(s), `"`),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "!" + err.Error()
	}
	return string(text)
}

// holder has a value where others have theirs.
type holder struct {
	Field   any
	Pointer *any
	List    []any
	ByName  map[string]any
	hidden  any
	Inner   struct{ Field any }
}

// printed is v in every way, by the name of the way.
func printed(v any) map[string]string {
	h := holder{Field: v, Pointer: &v, List: []any{v}, ByName: map[string]any{"k": v}, hidden: pointer(v)}
	h.Inner.Field = v
	out := make(map[string]string)
	for place, v := range map[string]any{"": v, " in another": h, " in a pointer's": &h, " in a list": []any{v}, " behind a pointer": &v} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			out[verb+place] = fmt.Sprintf(verb, v)
		}
		if text, err := json.Marshal(v); err == nil {
			out["JSON"+place] = string(text)
		}
		maps.Copy(out, logged(v, place))
	}
	return out
}

// pointer is v behind a pointer, which is how structs keep what they do not
// show.
func pointer(v any) any {
	if typ := reflect.TypeOf(v); typ.Kind() != reflect.Pointer {
		p := reflect.New(typ)
		p.Elem().Set(reflect.ValueOf(v))
		return p.Interface()
	}
	return v
}

func logged(v any, place string) map[string]string {
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	var text, object bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&text, options), slog.NewJSONHandler(&object, options)} {
		slog.New(handler).With("with", v).Info("message", "value", v, slog.Group("group", "value", v))
	}
	return map[string]string{"text log" + place: text.String(), "JSON log" + place: object.String()}
}

// deepest bounds how far Fill goes into types that hold each other.
const deepest = 6

// Fill puts s into every [secret.Secret] that can be reached from the pointer
// through exported fields, making what is nil on the way, and returns the
// pointer.
func Fill[T any](to *T, s string) *T {
	fill(reflect.ValueOf(to).Elem(), secret.New(s), deepest)
	return to
}

func fill(v reflect.Value, s secret.Secret, depth int) {
	if depth == 0 || !v.CanSet() {
		return
	}
	if v.Type() == reflect.TypeFor[secret.Secret]() {
		v.Set(reflect.ValueOf(s))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, s, depth-1)
		}
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), s, depth-1)
	case reflect.Slice:
		if v.Len() == 0 && (v.Type().Elem().Kind() == reflect.Struct || v.Type().Elem().Kind() == reflect.Pointer) {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			fill(v.Index(i), s, depth-1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), s, depth-1)
		}
	default:
	}
}
