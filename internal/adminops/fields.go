package adminops

import (
	"reflect"
)

// JSON's types as [Field] names them.
const (
	typeString  = "string"
	typeInteger = "integer"
	typeBoolean = "boolean"
	typeArray   = "array"
	typeObject  = "object"
)

// fieldsOf reads the parameters out of a struct's tags: json for the name, doc
// for the meaning, need for what must be there.
func fieldsOf[B any](reason bool) []Field {
	var out []Field
	for f := range flat(reflect.TypeFor[B]()) {
		name := f.Tag.Get("json")
		out = append(out, Field{
			Name: name, Type: jsonType(f.Type), Doc: f.Tag.Get("doc"),
			Required: f.Tag.Get("need") == "yes" || name == "reason" && reason,
		})
	}
	return out
}

// flat gives the fields of a struct and of those embedded in it.
func flat(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous || f.Tag.Get("json") == "" {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}

func namesOf(t reflect.Type) []string {
	names := []string{}
	for f := range flat(t) {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Bool:
		return typeBoolean
	case reflect.Int, reflect.Int64:
		return typeInteger
	case reflect.Slice:
		return typeArray
	case reflect.Map:
		return typeObject
	default:
		return typeString
	}
}

// text, flag and number are optional parameters of a query.
func text(name, doc string) Field { return Field{Name: name, Type: typeString, Doc: doc} }

func flag(name, doc string) Field { return Field{Name: name, Type: typeBoolean, Doc: doc} }
