package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"mfaserver/internal/secret"
)

const value = "hunter2-äöü"

// holder has a secret in every kind of place, unexported fields too: that is
// where a redacted string type leaks (threat T168).
type holder struct {
	Exported   secret.Secret
	unexported secret.Secret
	pointer    *secret.Secret
	list       []secret.Secret
	byName     map[string]secret.Secret
	nested     struct{ inner secret.Secret }
	any        any
}

func newHolder() holder {
	s := secret.New(value)
	h := holder{
		Exported: s, unexported: s, pointer: &s, list: []secret.Secret{s},
		byName: map[string]secret.Secret{"k": s}, any: s,
	}
	h.nested.inner = s
	return h
}

// leaks reports whether text shows the value, in any spelling a verb has.
func leaks(text string) bool {
	for _, form := range []string{
		value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("% x", value), fmt.Sprintf("%+q", value),
		fmt.Sprintf("%d", []byte(value)), strings.Trim(fmt.Sprintf("%d", []byte(value)), "[]"), "hunter2",
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestNoVerbPrints(t *testing.T) {
	t.Parallel()
	s, h := secret.New(value), newHolder()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%t", "%c", "%U", "%e", "%10.3s", "%-5v", "%w", "%p", "%T"} {
		for name, v := range map[string]any{
			"value": s, "pointer": &s, "holder": h, "pointer to holder": &h, "list": []secret.Secret{s}, "in an any": []any{s},
		} {
			if text := fmt.Sprintf(verb, v); leaks(text) {
				t.Errorf("%s of %s shows the secret: %s", verb, name, text)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
		if got := fmt.Sprintf(verb, s); got != "[REDACTED]" {
			t.Errorf("%s = %s, want [REDACTED]", verb, got)
		}
	}
	if text := fmt.Sprint(s, &s, h, &h); leaks(text) {
		t.Errorf("Sprint shows the secret: %s", text)
	}
	if err := fmt.Errorf("login: %v: %w", s, errors.New("refused")); leaks(err.Error()) {
		t.Errorf("an error shows the secret: %v", err)
	}
}

func TestNoEncoderWrites(t *testing.T) {
	t.Parallel()
	h := newHolder()
	text, err := json.Marshal(map[string]any{"holder": h, "secret": h.unexported, "pointer": h.pointer, "list": h.list, "map": h.byName})
	if err != nil || leaks(string(text)) {
		t.Errorf("json.Marshal = %s, %v", text, err)
	}
	if want := `"secret":"[REDACTED]"`; !strings.Contains(string(text), want) {
		t.Errorf("json.Marshal = %s, want it to contain %s", text, want)
	}
	text, err = json.Marshal(map[secret.Secret]int{h.unexported: 1})
	if err != nil || leaks(string(text)) {
		t.Errorf("json.Marshal of a key = %s, %v", text, err)
	}
}

func TestNoLoggerWrites(t *testing.T) {
	t.Parallel()
	h := newHolder()
	var out bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, options), slog.NewTextHandler(&out, options)} {
		log := slog.New(handler).With("with", h.unexported)
		log.Info("message", "secret", h.unexported, "pointer", h.pointer, "holder", h, "group", slog.GroupValue(slog.Any("inner", h.Exported)))
	}
	if leaks(out.String()) || strings.Count(out.String(), "[REDACTED]") < 6 {
		t.Errorf("log = %s", out.String())
	}
}

func TestRevealAndEqual(t *testing.T) {
	t.Parallel()
	var zero secret.Secret
	a, b := secret.New("a"), secret.New("b")
	for _, row := range []struct {
		name string
		x, y secret.Secret
		want bool
	}{
		{"same", a, secret.New("a"), true},
		{"other", a, b, false},
		{"prefix", a, secret.New("aa"), false},
		{"empty and set", zero, a, false},
		{"set and empty", a, zero, false},
		// An absent secret never matches an absent secret.
		{"both empty", zero, zero, false},
		{"both made empty", secret.New(""), secret.New(""), false},
	} {
		if got := row.x.Equal(row.y); got != row.want {
			t.Errorf("%s: Equal = %t, want %t", row.name, got, row.want)
		}
	}
	if got := a.Reveal(); got != "a" {
		t.Errorf("Reveal = %q, want a", got)
	}
	if !zero.IsZero() || !secret.New("").IsZero() || zero.Reveal() != "" || a.IsZero() {
		t.Error("the empty secret is not the zero value")
	}
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	var got struct{ Password secret.Secret }
	if err := json.Unmarshal([]byte(`{"Password":"hunter2"}`), &got); err != nil || got.Password.Reveal() != "hunter2" {
		t.Errorf("Unmarshal = %q, %v, want hunter2", got.Password.Reveal(), err)
	}
}

func Example() {
	password := secret.New("hunter2")
	fmt.Printf("%v %+v %#v %s %q %d\n", password, password, password, password, password, password)
	fmt.Println(len(password.Reveal()))
	// Output:
	// [REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED]
	// 7
}
