package adminops_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"mfaserver/internal/adminops"
)

// What is read of a body is what any strict reader reads, and errors repeat
// little of it.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"name":"a","count":1,"on":true,"list":["x"],"members":{"a":"b"}}`, `{"Name":"a"}`, `{"name":"a","name":"b"}`, `{"name":1}`, `[]`, `null`,
		`{"members":{"a":"1","a":"2"}}`, `{"list":[[[[[[[[[1]]]]]]]]]}`, "{\"name\":\"\xff\"}", `{} {}`, `{"count":1e3}`, `{"on":null}`, `{"name":"a",}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := adminops.DecodeBody(body)
		if err != nil {
			if !errors.Is(err, adminops.ErrParameter) || len(err.Error()) > 1000 || !utf8.ValidString(err.Error()) {
				t.Fatalf("error %q", err)
			}
			return
		}
		if len(body) == 0 {
			return
		}
		var other adminops.Body
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&other); err != nil || !reflect.DeepEqual(got, other) {
			t.Fatalf("%q: %+v; encoding/json reads %+v, %v", body, got, other, err)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := adminops.DecodeBody(text); err != nil || !reflect.DeepEqual(again, got) && len(got.List)+len(got.Members) > 0 {
			t.Fatalf("%q is written %s, and read %+v, %v", body, text, again, err)
		}
	})
}

// A query that is taken has each parameter once, and those alone that are
// known.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"word=a", "word=a&flag=true", "word=a&word=b", "flag=1&word=a", "word=", "word=%ff", "x=y&word=a", "Word=a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil || adminops.CheckQuery(values) != nil {
			return
		}
		flag := values.Get("flag")
		if len(values["word"]) != 1 || values.Get("word") == "" || values.Has("flag") && flag != "true" && flag != "false" {
			t.Fatalf("%q is taken: %v", query, values)
		}
		for name, all := range values {
			if name != "word" && name != "flag" || len(all) != 1 || !utf8.ValidString(strings.Join(all, "")) {
				t.Fatalf("%q is taken: %v", query, values)
			}
		}
	})
}
