package primary_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mfaserver/internal/primary"
)

func TestCheckUsername(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what, name string
		ok         bool
	}{
		{"plain", "alice", true},
		{"colons", "a:b:c", true},
		{"domain", `CORP\alice`, true},
		{"address", "alice@example.org", true},
		{"space inside", "Alice Smith", true},
		{"quotes and mark-up", `<a href="x">'`, true},
		{"letters of the world", "Zoë漢字", true},
		{"combining mark", "re\u0301ne", true},
		{"emoji", "alice😀", true},
		{"256 bytes", strings.Repeat("a", 256), true},
		{"bypass inside", "bypassed", true},

		// Threat T005: refused, not trimmed.
		{"empty", "", false},
		{"257 bytes", strings.Repeat("a", 257), false},
		{"257 bytes of letters", strings.Repeat("é", 128) + "a", false},
		{"trailing space", "admin ", false},
		{"leading space", " admin", false},
		{"space alone", " ", false},
		{"tab", "admin\t", false},
		{"line feed", "ad\nmin", false},
		{"carriage return", "admin\r", false},
		{"NUL", "admin\x00", false},
		{"escape", "\x1b[31madmin", false},
		{"delete", "admin\x7f", false},
		{"C1 control", "admin\u0085", false},
		{"no-break space", "ad\u00a0min", false},
		{"ideographic space", "admin\u3000", false},
		{"thin space", "ad\u2009min", false},
		{"line separator", "ad\u2028min", false},
		{"bidi override", "\u202eadmin", false},
		{"bidi isolate", "ad\u2066min", false},
		{"right-to-left mark", "admin\u200f", false},
		{"zero width space", "ad\u200bmin", false},
		{"zero width joiner", "ad\u200dmin", false},
		{"word joiner", "ad\u2060min", false},
		{"byte order mark", "\ufeffadmin", false},
		{"soft hyphen", "ad\u00admin", false},
		{"grapheme joiner", "ad\u034fmin", false},
		{"variation selector", "admin\ufe0f", false},
		{"Hangul filler", "admin\u3164", false},
		{"half-width filler", "admin\uffa0", false},
		{"blank Braille", "admin\u2800", false},
		{"tag character", "admin\U000e0061", false},
		{"private use", "admin\ue000", false},
		{"private use plane", "admin\U000f0000", false},
		{"unassigned", "admin\u0378", false},
		{"noncharacter", "admin\uffff", false},
		{"replacement character", "admin\ufffd", false},
		{"invalid UTF-8", "admin\xff", false},
		{"overlong UTF-8", "admin\xc0\x80", false},
		{"surrogate", "admin\xed\xa0\x80", false},

		// Threat T014: engines let this name in without a password.
		{"bypass", "bypass", false},
		{"Bypass", "Bypass", false},
		{"full-width bypass", "ｂｙｐａｓｓ", false},
		{"long s", "bypa\u017f\u017f", false},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			err := primary.CheckUsername(row.name)
			if row.ok && err != nil || !row.ok && !errors.Is(err, primary.ErrBadUsername) {
				t.Errorf("CheckUsername(%q) = %v, want it allowed: %t", row.name, err, row.ok)
			}
		})
	}
}

// FuzzCheckUsername: a name that is allowed is what it looks like.
func FuzzCheckUsername(f *testing.F) {
	for _, name := range []string{"alice", "admin ", "a:b", "\u202e", "\xff", "bypass", "Zoë 漢字"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := primary.CheckUsername(name)
		if err != nil {
			if !errors.Is(err, primary.ErrBadUsername) {
				t.Fatalf("CheckUsername(%q) = %v, want ErrBadUsername", name, err)
			}
			return
		}
		if name == "" || len(name) > 256 || !utf8.ValidString(name) || strings.TrimSpace(name) != name ||
			strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.EqualFold(name, "bypass") {
			t.Fatalf("CheckUsername(%q) = nil", name)
		}
	})
}
