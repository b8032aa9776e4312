package adminops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrParameter means that a parameter is missing, unknown, of the wrong kind or twice
// there; nothing was done.
var ErrParameter = errors.New("adminops: parameter refused")

// ParameterError names a parameter and the rule that it breaks. It matches
// [ErrParameter].
type ParameterError struct{ Name, Rule string }

// Error implements error.
func (e *ParameterError) Error() string { return ErrParameter.Error() + ": " + e.Name + " " + e.Rule }

// Unwrap gives [ErrParameter].
func (e *ParameterError) Unwrap() error { return ErrParameter }

func parameterError(name, rule string) error { return &ParameterError{Name: name, Rule: rule} }

// maxDepth bounds the nesting of a body.
const maxDepth = 8

// decode reads a body into the struct that to points to: one object in UTF-8,
// every member known, spelled exactly and there once. No text is an empty
// object.
func decode(body []byte, to any) error {
	if len(body) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return parameterError("body", "must be UTF-8")
	}
	if err := checkObject(body, namesOf(reflect.TypeOf(to).Elem())); err != nil {
		return err
	}
	err := json.Unmarshal(body, to)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return parameterError(wrong.Field, "must be of type "+jsonType(wrong.Type))
	}
	if err != nil {
		return parameterError("body", "must be one JSON object")
	}
	return nil
}

// checkObject walks through the text for what encoding/json does not mind.
func checkObject(body []byte, known []string) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil || first != json.Delim('{') {
		return parameterError("body", "must be one JSON object")
	}
	if err := members(dec, known, 1); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return parameterError("body", "must be one JSON object and nothing after it")
	}
	return nil
}

// members reads an object to its end. known is nil where any name goes.
func members(dec *json.Decoder, known []string, depth int) error {
	seen := make(map[string]bool)
	for dec.More() {
		key, err := dec.Token()
		name, ok := key.(string)
		switch {
		case err != nil || !ok:
			return parameterError("body", "must be one JSON object")
		case known != nil && !slices.Contains(known, name):
			return parameterError(short(name), "is not known here")
		case seen[name]:
			return parameterError(short(name), "comes twice")
		}
		seen[name] = true
		if err := skip(dec, depth); err != nil {
			return err
		}
	}
	return closing(dec)
}

// skip reads one value to its end.
func skip(dec *json.Decoder, depth int) error {
	if depth > maxDepth {
		return parameterError("body", fmt.Sprintf("must not be nested more than %d deep", maxDepth))
	}
	token, err := dec.Token()
	if err != nil {
		return parameterError("body", "must be one JSON object")
	}
	switch token {
	case json.Delim('{'):
		return members(dec, nil, depth+1)
	case json.Delim('['):
		for dec.More() {
			if err := skip(dec, depth+1); err != nil {
				return err
			}
		}
		return closing(dec)
	default:
		return nil
	}
}

func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return parameterError("body", "must be one JSON object")
	}
	return nil
}

// short is a name from outside that an error repeats.
func short(name string) string {
	const most = 64
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "")
	}
	return strconv.QuoteToASCII(name)
}

// checkQuery compares a query with what the operation knows.
func checkQuery(known []Field, query url.Values) error {
	for name, values := range query {
		i := slices.IndexFunc(known, func(f Field) bool { return f.Name == name })
		switch {
		case i < 0:
			return parameterError(short(name), "is not known here")
		case len(values) != 1:
			return parameterError(name, "comes twice")
		case !utf8.ValidString(values[0]):
			return parameterError(name, "must be UTF-8")
		case known[i].Type == typeBoolean && values[0] != "true" && values[0] != "false":
			return parameterError(name, "must be true or false")
		}
	}
	for _, f := range known {
		if f.Required && query.Get(f.Name) == "" && f.Name != "reason" {
			return parameterError(f.Name, "is missing")
		}
	}
	return nil
}
