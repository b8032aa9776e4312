package web_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"mfaserver/internal/mirth"
	"mfaserver/web"
)

// Whatever is read from a form is what any other reader would read.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"username=admin&password=right", "username=a&username=b", "%75sername=x", "username=%zz", "username=%ff", "&&=&", "username", "a=b;c=d", "username=a+b%2B",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := web.ParseForm(body)
		if err != nil {
			return
		}
		for name, value := range got {
			if !utf8.ValidString(value) || name != "username" && name != "password" {
				t.Fatalf("ParseForm(%q) gave %q = %q", body, name, value)
			}
		}
		if strings.Contains(body, ";") {
			return // net/url refuses these as a whole
		}
		other, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("ParseForm(%q) accepted what net/url refuses: %v", body, err)
		}
		for _, name := range []string{"username", "password"} {
			if len(other[name]) > 1 || other.Get(name) != got[name] {
				t.Fatalf("ParseForm(%q)[%s] = %q, net/url reads %q", body, name, got[name], other[name])
			}
		}
	})
}

// What a callback accepts is made of Duo's alphabets alone.
func FuzzParseRedirect(f *testing.F) {
	for _, seed := range []string{
		"state=" + state + "&duo_code=" + code, "duo_code=" + code + "&state=" + state, "state=" + state + "&error=access_denied&error_description=a+b",
		"state=" + state + "&duo_code=%3Cscript%3E", "state=" + state + "&state=" + state, "state[]=x", "", "&", "state",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		st, c, refused, err := web.ParseRedirect(query)
		if err != nil {
			return
		}
		if !mirth.ValidState(st) || refused == mirth.ValidCode(c) {
			t.Fatalf("ParseRedirect(%q) = %q, %q, %v", query, st, c, refused)
		}
		if strings.Count(query, "=") < 2 || strings.Contains(query, ";") {
			t.Fatalf("ParseRedirect(%q) accepted", query)
		}
	})
}
