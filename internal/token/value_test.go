package token_test

import (
	"regexp"
	"strings"
	"testing"

	"mfaserver/internal/token"
)

// Threat T106: 256 random bits and no structure but the prefix and the
// checksum; no value comes twice.
func TestTokensAreRandom(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^mfat_[A-Za-z0-9_-]{49}$`)
	seen := make(map[token.Key]bool)
	var used [256]bool
	for range 10_000 {
		value := token.NewToken()
		k, ok := token.ParseToken(value)
		if !ok || !form.MatchString(value) {
			t.Fatalf("NewToken() = %q", value)
		}
		if kind, ok := token.KindOf(value); !ok || kind != token.KindToken {
			t.Fatalf("KindOf(%q) = %s, %t", value, kind, ok)
		}
		if seen[k] {
			t.Fatalf("%q came twice", value)
		}
		seen[k] = true
		used[value[5]] = true
	}
	n := 0
	for _, u := range used {
		if u {
			n++
		}
	}
	if n != 64 {
		t.Errorf("%d characters seen in one place, want 64", n)
	}
}

// Every change of a single character is seen before a store is asked, and
// there is one spelling.
func TestTokensHaveAChecksum(t *testing.T) {
	t.Parallel()
	value := token.NewToken()
	for i := range len(value) {
		for _, c := range []byte("A_-0z~") {
			changed := value[:i] + string(c) + value[i+1:]
			if _, ok := token.ParseToken(changed); ok && changed != value {
				t.Errorf("ParseToken(%q) = true, want false: %q was made", changed, value)
			}
		}
	}
	for _, text := range []string{"", "mfat_", value + "A", value[1:], " " + value, value + "\n", strings.ToUpper(value), strings.Repeat("mfat_", 1000)} {
		if _, ok := token.ParseToken(text); ok {
			t.Errorf("ParseToken(%q) = true, want false", text)
		}
	}
}

func TestCodesHaveTheirForm(t *testing.T) {
	t.Parallel()
	const char = "[0-9A-HJKMNP-TV-Z]"
	for _, test := range []struct {
		name  string
		make  func() string
		parse func(string) (token.Key, bool)
		kind  token.Kind
		form  string
	}{
		{"sign-in", token.NewSignIn, token.ParseSignIn, token.KindSignIn, "^mfac-" + char + "{4}-" + char + "{4}-" + char + "{5}$"},
		{"break-glass", token.NewBreakGlassValue, token.ParseBreakGlass, token.KindBreakGlass, "^mfab(-" + char + "{4}){4}$"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			form := regexp.MustCompile(test.form)
			used := make(map[byte]bool)
			for range 2000 {
				value := test.make()
				if _, ok := test.parse(value); !ok || !form.MatchString(value) {
					t.Fatalf("made %q, which is not of the form %s", value, form)
				}
				if kind, ok := token.KindOf(value); !ok || kind != test.kind {
					t.Fatalf("KindOf(%q) = %s, %t", value, kind, ok)
				}
				used[value[len(value)-1]] = true
			}
			if len(used) != 32 {
				t.Errorf("%d characters seen in the last place, want 32", len(used))
			}
		})
	}
}

// A code is read however it is typed, and one that is not whole is none.
func TestCodesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	want, ok := token.ParseSignIn("mfac-0123-4567-89ABC")
	if !ok {
		t.Fatal("ParseSignIn = false")
	}
	for _, text := range []string{
		"MFAC-0123-4567-89ABC", "mfac0123456789abc", "mfac-0123456789abc", "mfac-o123-4567-89abc", "Mfac-OI23-4567-89aBc",
		"mfac-0l23-4567-89abc", " mfac-0123 4567 89abc ", "mfac 0123-4567-89abc", "m-f-a-c-0-1-2-3-4-5-6-7-8-9-a-b-c",
	} {
		if k, ok := token.ParseSignIn(text); !ok || k != want {
			t.Errorf("ParseSignIn(%q) = %s, %t, want %s", text, k.Handle(), ok, want.Handle())
		}
	}
	for _, text := range []string{
		"", "mfac-", "mfac-0123-4567-89AB", "mfac-0123-4567-89ABCD", "mfab-0123-4567-89ABC", "0123-4567-89ABC",
		"mfac-0123-4567-89ABU", "mfac-0123-4567-89AB!", "mfac-0123-4567-89AB\u00c9", "mfac-0123-4567-89ABC" + strings.Repeat("-", 64),
		"mfac-0123-4567-89AB\x00", "mfac_0123-4567-89ABC",
	} {
		if _, ok := token.ParseSignIn(text); ok {
			t.Errorf("ParseSignIn(%q) = true, want false", text)
		}
	}
	if other, _ := token.ParseSignIn("mfac-0123-4567-89ABD"); other == want {
		t.Error("two codes have one key")
	}
}

// Threat T014: what looks like ours is recognised, whole or not, so that it is
// never tried as a password anywhere; what does not is a password.
func TestKindOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]token.Kind{
		"mfat_":                     token.KindToken,
		"mfat_cut":                  token.KindToken,
		"MFAT_x":                    token.KindToken,
		" mfat_x":                   token.KindToken,
		"mfac-":                     token.KindSignIn,
		"mfac-0123":                 token.KindSignIn,
		"MFAC-wrong":                token.KindSignIn,
		"mfac0123456789abc":         token.KindSignIn,
		"mfac 0123 4567 89abc":      token.KindSignIn,
		"mfab-":                     token.KindBreakGlass,
		"MFAB0123456789ABCDEF":      token.KindBreakGlass,
		"":                          "",
		"admin":                     "",
		"mfacility":                 "",
		"mfac":                      "",
		"mfac0123456789":            "",
		"mfabulous password":        "",
		"mfat":                      "",
		"my mfat_x":                 "",
		"p,mfab-0123-4567-89AB-CDE": "",
	} {
		kind, ok := token.KindOf(text)
		if kind != want || ok != (want != "") {
			t.Errorf("KindOf(%q) = %q, %t, want %q", text, kind, ok, want)
		}
	}
}

func FuzzKindOf(f *testing.F) {
	for _, text := range []string{"mfat_", "mfac-0123-4567-89abc", "MFAB0123456789ABCDEF", "password", "\xff\x00", token.NewToken()} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind, _ := token.KindOf(text)
		if _, ok := token.ParseToken(text); ok && kind != token.KindToken {
			t.Errorf("%q is a token and recognised as %q", text, kind)
		}
		k, ok := token.ParseSignIn(text)
		if ok && kind != token.KindSignIn {
			t.Errorf("%q is a sign-in code and recognised as %q", text, kind)
		}
		if again, _ := token.ParseSignIn(strings.ToLower(text)); ok && again != k {
			t.Errorf("%q is another code in lower case", text)
		}
		if _, ok := token.ParseBreakGlass(text); ok && kind != token.KindBreakGlass {
			t.Errorf("%q is a break-glass code and recognised as %q", text, kind)
		}
	})
}
