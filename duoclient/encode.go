package duoclient

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

const redacted = "[REDACTED]"

// encode writes one of Duo's objects back as JSON: Duo's names, times as RFC
// 3339, the members of Extra among the others. Secrets are redacted, in Extra
// by their names, unless reveal is set.
func encode(v any, reveal bool) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(encoder{reveal: reveal}.value(reflect.ValueOf(v))); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

type encoder struct{ reveal bool }

func (e encoder) value(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return nil
		}
		return x.Format(time.RFC3339)
	case secret.Secret:
		if x.IsZero() {
			return ""
		}
		if e.reveal {
			return x.Reveal()
		}
		return redacted
	case json.RawMessage:
		return e.raw(x)
	default:
		return e.kind(v)
	}
}

func (e encoder) kind(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return e.value(v.Elem())
	case reflect.Struct:
		return e.object(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = e.value(v.Index(i))
		}
		return list
	case reflect.Map:
		o := make(map[string]any, v.Len())
		for name, value := range v.Seq2() {
			o[name.String()] = e.value(value)
		}
		return o
	default:
		return v.Interface()
	}
}

func (e encoder) object(v reflect.Value) map[string]any {
	o := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if extra, ok := reflect.TypeAssert[Extra](v.Field(i)); ok {
			for name, raw := range extra {
				o[name] = e.named(name, json.RawMessage(raw.Reveal()))
			}
			continue
		}
		name := memberName(field)
		optional := strings.Contains(field.Tag.Get("json"), ",omit")
		if name == "" || optional && (v.Field(i).IsZero() || v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0) {
			continue
		}
		if _, taken := o[name]; !taken {
			o[name] = e.value(v.Field(i))
		}
	}
	return o
}

// named is a member that this package does not know.
func (e encoder) named(name string, raw json.RawMessage) any {
	if !e.reveal && secretName(name) {
		return redacted
	}
	return e.raw(raw)
}

// raw is JSON as Duo sent it, but for what its member names call a secret.
func (e encoder) raw(raw json.RawMessage) any {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	if e.reveal {
		return v
	}
	return redact(v)
}

func redact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if secretName(name) {
				v[name] = redacted
			} else {
				v[name] = redact(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = redact(v[i])
		}
	}
	return v
}

// secretName reports names of members that hold what lets somebody in.
func secretName(name string) bool {
	lower := strings.ToLower(name)
	for _, word := range []string{"secret", "skey", "password", "activation_code", "activation_url", "activation_barcode", "aes_key"} {
		if strings.Contains(lower, word) && !strings.HasPrefix(lower, "password_") && !strings.HasSuffix(lower, "_password_length") {
			return true
		}
	}
	return false
}
