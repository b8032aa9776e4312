package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"mfaserver/internal/control"
)

// arguments are those of a command.
type arguments struct {
	Name  string   `json:"name"`
	Count int      `json:"count"`
	List  []string `json:"list"`
}

// Whatever comes over the socket, a command gets what a strict reader reads, or
// nothing; a panic of its own is an error.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"name":"a","count":1,"list":["x"]}`, `{"other":1}`, `{} {}`, `null`, `[]`, `{"name":1}`, `{"name":"panic"}`, "{\"name\":\"\xff\"}"} {
		f.Add("do", []byte(seed))
	}
	f.Add("undo", []byte("{}"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		var got *arguments
		commands := control.Commands{"do": func(_ context.Context, _ control.Caller, args json.RawMessage) (any, error) {
			a, err := control.Decode[arguments](args)
			if err != nil {
				return nil, err
			}
			if got = &a; a.Name == "panic" {
				panic("inside")
			}
			return a, nil
		}}
		result, err := commands.Run(t.Context(), control.Self(), name, text)
		switch {
		case name != "do":
			if !errors.Is(err, control.ErrUnknownCommand) || got != nil {
				t.Fatalf("%q: %v", name, err)
			}
			return
		case got == nil:
			if !errors.Is(err, control.ErrArguments) || result != nil {
				t.Fatalf("%q: %s, %v, want %v", text, result, err, control.ErrArguments)
			}
			return
		case got.Name == "panic":
			if err == nil {
				t.Fatal("a panic is no error")
			}
			return
		}
		var back arguments
		if err != nil || json.Unmarshal(result, &back) != nil || !reflect.DeepEqual(back, *got) {
			t.Fatalf("%q: %s, %v", text, result, err)
		}
		if len(text) == 0 {
			return
		}
		var other arguments
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&other); err != nil || !reflect.DeepEqual(other, *got) || dec.More() {
			t.Fatalf("%q: %+v; a strict reader has %+v, %v", text, got, other, err)
		}
	})
}
