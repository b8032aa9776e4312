package duoclient

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

// Extra holds the members of one of Duo's objects that this package does not
// know, or whose values are of another kind than it knows: the JSON texts that
// Duo sent, which may hold anything. It prints its names only.
type Extra map[string]secret.Secret

// Format implements [fmt.Formatter].
func (e Extra) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, slices.Sorted(maps.Keys(e)))
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	secretType = reflect.TypeFor[secret.Secret]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	extraType  = reflect.TypeFor[Extra]()
)

// decode reads one of Duo's objects into the struct that to points to. The
// service is not strict about types, so neither are we: numbers may be strings
// and strings numbers, booleans 0 and 1, times seconds or text, and everything
// may be null. A member that does not fit at all goes to the field Extra, where
// there is one, with those that have no field; the rest of the object is read
// all the same.
func decode(data []byte, to any) error {
	return decodeObject(data, reflect.ValueOf(to).Elem())
}

func decodeObject(data []byte, v reflect.Value) error {
	o, err := exactObject(data)
	if err != nil {
		return err
	}
	var extra reflect.Value
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type == extraType {
			extra = v.Field(i)
			continue
		}
		name := memberName(field)
		raw, ok := o[name]
		if name == "" || !ok {
			continue
		}
		if setValue(v.Field(i), raw) {
			delete(o, name)
		}
	}
	if extra.IsValid() && len(o) > 0 {
		rest := make(Extra, len(o))
		for name, raw := range o {
			rest[name] = secret.New(string(raw))
		}
		extra.Set(reflect.ValueOf(rest))
	}
	return nil
}

// memberName is the name in the field's JSON tag.
func memberName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// setValue reports whether raw fits v. Null fits everything, as its zero.
func setValue(v reflect.Value, raw json.RawMessage) bool {
	if string(raw) == "null" {
		v.SetZero()
		return true
	}
	switch v.Type() {
	case timeType:
		return setTime(v, raw)
	case secretType:
		s, ok := scalar(raw)
		v.Set(reflect.ValueOf(secret.New(s)))
		return ok
	case rawType:
		v.SetBytes(slices.Clone(raw))
		return true
	default:
		return setKind(v, raw)
	}
}

func setKind(v reflect.Value, raw json.RawMessage) bool {
	switch v.Kind() {
	case reflect.Pointer:
		made := reflect.New(v.Type().Elem())
		if !setValue(made.Elem(), raw) {
			return false
		}
		v.Set(made)
		return true
	case reflect.Struct:
		made := reflect.New(v.Type()).Elem()
		if decodeObject(raw, made) != nil {
			return false
		}
		v.Set(made)
		return true
	case reflect.Slice:
		return setSlice(v, raw)
	case reflect.Map:
		return setMap(v, raw)
	default:
		return setScalar(v, raw)
	}
}

func setSlice(v reflect.Value, raw json.RawMessage) bool {
	all, ok := elements(raw)
	if !ok {
		return false
	}
	made := reflect.MakeSlice(v.Type(), len(all), len(all))
	for i, one := range all {
		if !setValue(made.Index(i), one) {
			return false
		}
	}
	v.Set(made)
	return true
}

func setMap(v reflect.Value, raw json.RawMessage) bool {
	o, err := exactObject(raw)
	if err != nil {
		return false
	}
	made := reflect.MakeMapWithSize(v.Type(), len(o))
	for name, one := range o {
		value := reflect.New(v.Type().Elem()).Elem()
		if !setValue(value, one) {
			return false
		}
		made.SetMapIndex(reflect.ValueOf(name), value)
	}
	v.Set(made)
	return true
}

// scalar gives the text of a string, number or boolean.
func scalar(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' {
		return "", false
	}
	return literal(raw), true
}

func setScalar(v reflect.Value, raw json.RawMessage) bool {
	s, ok := scalar(raw)
	if !ok {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
		return true
	case reflect.Bool:
		is, ok := truth(s)
		v.SetBool(is)
		return ok
	case reflect.Int, reflect.Int64:
		n, ok := whole(s)
		v.SetInt(n)
		return ok
	case reflect.Float64:
		if s == "" {
			return true
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return false // JSON has no such numbers, so they could not be written again
		}
		v.SetFloat(f)
		return true
	default:
		return false
	}
}

func truth(s string) (is, ok bool) {
	switch strings.ToLower(s) {
	case "true", "1", "yes":
		return true, true
	case "false", "0", "no", "":
		return false, true
	default:
		return false, false
	}
}

// whole reads an integer; "" is 0, true 1, and 3.0 is 3.
func whole(s string) (int64, bool) {
	if is, ok := truth(s); ok && s != "1" && s != "0" {
		if is {
			return 1, true
		}
		return 0, true
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != float64(int64(f)) || f > exact || f < -exact {
		return 0, false
	}
	return int64(f), true
}

// setTime reads Unix seconds, RFC 3339, and the form without a zone, which is
// UTC. 0 and "" are no time.
func setTime(v reflect.Value, raw json.RawMessage) bool {
	s, ok := scalar(raw)
	if !ok {
		return false
	}
	if n, ok := whole(s); ok {
		if n != 0 {
			v.Set(reflect.ValueOf(time.Unix(n, 0).UTC()))
		}
		return true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			v.Set(reflect.ValueOf(t.UTC()))
			return true
		}
	}
	return false
}
