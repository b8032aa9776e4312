package token_test

import (
	"testing"

	"mfaserver/internal/token"
)

// A token covers whole segments of its paths, and nothing that an engine might
// read as another path.
func TestCoversPath(t *testing.T) {
	t.Parallel()
	scoped := token.Token{Paths: []string{"/channels", "/server/version", "/a%20b"}}
	for path, want := range map[string]bool{
		"/channels":                     true,
		"/channels/":                    true,
		"/channels/0a-1b/messages":      true,
		"/channels/_search":             true,
		"/channels/a%20b":               true,
		"/server/version":               true,
		"/a%20b/c":                      true,
		"/channelsandmore":              false,
		"/Channels":                     false,
		"/server":                       false,
		"/server/versions":              false,
		"/users":                        false,
		"/":                             false,
		"":                              false,
		"channels":                      false,
		"/channels/../users":            false,
		"/channels/./x":                 false,
		"/channels/%2e%2e/users":        false,
		"/channels/.%2E/users":          false,
		"/channels/..%2fusers":          false,
		"/channels//users":              false,
		"/channels;a=b":                 false,
		"/channels/x;/../../users":      false,
		"/channels%2f..%2fusers":        false,
		"/channels\\..\\users":          false,
		"/channels/%5c..%5cusers":       false,
		"/channels/%252e%252e/users":    false,
		"/channels/x%00":                false,
		"/channels/x\x00":               false,
		"/channels?x=/../users":         false,
		"/channels/..":                  false,
		"//channels":                    false,
		"/channels/x%3b/%2e%2e/users":   false,
		"/users/..;/channels":           false,
		"/channels/x#/../../users/here": false,
	} {
		if got := scoped.CoversPath(path); got != want {
			t.Errorf("CoversPath(%q) = %t, want %t", path, got, want)
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if got := scoped.Covers(method, path); got != want {
				t.Errorf("Covers(%s, %q) = %t, want %t", method, path, got, want)
			}
		}
	}
	if all := (&token.Token{}); !all.CoversPath("/users/1") || !all.CoversPath("") {
		t.Error("a token without paths covers all")
	}
}

// Read-only is by method; which POSTs read is for others to know.
func TestCoversReadOnly(t *testing.T) {
	t.Parallel()
	read := token.Token{ReadOnly: true}
	for method, want := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "POST": false, "PUT": false, "PATCH": false, "DELETE": false,
		"get": false, "": false, "TRACE": false, "CONNECT": false, "PROPFIND": false,
	} {
		if got := read.Covers(method, "/channels"); got != want {
			t.Errorf("Covers(%s) = %t, want %t", method, got, want)
		}
	}
	if !read.CoversPath("/channels/_search") {
		t.Error("CoversPath is not about methods")
	}
}

func FuzzCoversPath(f *testing.F) {
	f.Add("/channels/x")
	f.Add("/channels/../users")
	f.Fuzz(func(t *testing.T, path string) {
		scoped := token.Token{Paths: []string{"/channels"}}
		if scoped.CoversPath(path) && path != "/channels" && (len(path) < 10 || path[:10] != "/channels/") {
			t.Errorf("CoversPath(%q) = true", path)
		}
	})
}
