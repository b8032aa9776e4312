package rules_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"mfaserver/internal/rules"
)

func TestAPIPath(t *testing.T) {
	t.Parallel()
	for escaped, want := range map[string]string{
		"/api": "/", "/api/": "/", "/api/users": "/users", "/api/4.5.2": "/", "/api/4.5.2/": "/", "/api/4.5.2/users/1": "/users/1",
		"/api/4.5.2/4.5.2/users": "/4.5.2/users", "/api/999.999.999.999/a": "/a", "/api/4/users": "/4/users",
		"/api/1.2.3.4.5/a": "/1.2.3.4.5/a", "/api/users/j%C3%A4ger": "/users/j%C3%A4ger", "/api/a/": "/a/",
	} {
		if got, ok := rules.APIPath(escaped); got != want || !ok {
			t.Errorf("APIPath(%q) = %q, %t, want %q", escaped, got, ok, want)
		}
	}
	for _, escaped := range []string{"", "/", "/apiexamples/x", "/API/users", "api/users", "/webstart.jnlp", "/%61pi/users"} {
		if got, ok := rules.APIPath(escaped); ok {
			t.Errorf("APIPath(%q) = %q", escaped, got)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"/channels/statuses", []string{"/channels/statuses", "/channels/statuses/", "/channels/%73tatuses"}, []string{
			"/channels/statuses/initial", "/channels", "/channels/Statuses", "/", "", "channels/statuses", "/channels/statuses%00", "/channels//statuses",
		}},
		{"/channels/*/status", []string{"/channels/1/status", "/channels/a-b/status/", "/channels/j%C3%A4/status"}, []string{
			"/channels/status", "/channels/1/2/status", "/channels/1/status/x", "/channels/%zz/status",
		}},
		{"/channels/**", []string{"/channels", "/channels/", "/channels/1", "/channels/1/2/3"}, []string{"/channels1", "/", "/users"}},
		{"/**", []string{"/", "/a", "/a/b"}, []string{"", "a"}},
		{"/channels/_get*", []string{"/channels/_getSummary", "/channels/_get"}, []string{"/channels/_ge", "/channels/x_get", "/channels/_get/x"}},
		{"/a/*b*c", []string{"/a/bc", "/a/xbyc", "/a/bcbc", "/a/bcc"}, []string{"/a/b", "/a/cb", "/a/bcx", "/a/c"}},
		{"/a/xx*xx", []string{"/a/xxxx", "/a/xx-xx"}, []string{"/a/xxx", "/a/xx"}},
		{"/*", []string{"/a", "/%20"}, []string{"/", "/a/b"}},
		{"/users/j%C3%A4ger/", []string{"/users/j%c3%a4ger", "/users/jäger"}, []string{"/users/jager"}},
	}
	for _, tt := range tests {
		p, err := rules.NewPaths("/never", tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range tt.yes {
			if !p.Match(path) {
				t.Errorf("%s does not match %q", tt.pattern, path)
			}
		}
		for _, path := range tt.no {
			if p.Match(path) {
				t.Errorf("%s matches %q", tt.pattern, path)
			}
		}
	}
	var none rules.Paths
	if none.Match("/") || none.Match("/a") {
		t.Error("no patterns match")
	}
}

func TestPathsRefused(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"", "a", "*", "**", "//", "/a//b", "/a/./b", "/a/../b", "/**/a", "/a**", "/***", "/a/b**/c", "/a;x", "/a?b", "/a#b", `/a\b`,
		"/a%2Fb", "/a%zz", "/a b", "/a%00", "/api", "/api/users", "/api/4.5.2/users", "/a/%2e%2e",
	} {
		if _, err := rules.NewPaths("/fine", pattern); !errors.Is(err, rules.ErrPath) {
			t.Errorf("NewPaths(%q): %v, want %v", pattern, err, rules.ErrPath)
		}
	}
}

// Whatever two strings come, matching ends and agrees with itself: a pattern
// without stars fits its own text, and what guards fits at least what permits
// does.
func FuzzPaths(f *testing.F) {
	f.Add("/channels/*/status", "/channels/1/status")
	f.Add("/channels/**", "/channels/")
	f.Add("/a*b*c", "/abc%20")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		p, err := rules.NewPaths(pattern)
		if err != nil {
			if !errors.Is(err, rules.ErrPath) {
				t.Fatal(err)
			}
			return
		}
		if !strings.Contains(pattern, "*") && !p.Match(pattern) {
			t.Errorf("%q does not fit itself", pattern)
		}
		s, err := rules.New(rules.Config{StepUp: rules.StepUp{MaxAge: 1, Operations: []rules.Operation{{Paths: []string{pattern}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, guarded := s.StepUpFor("POST", path); p.Match(path) && !guarded {
			t.Errorf("%q fits %q and is not guarded", path, pattern)
		}
		if _, err := url.PathUnescape(path); err != nil && p.Match(path) {
			t.Errorf("%q fits %q", path, pattern)
		}
	})
}

// Threat T111: what the Administrator polls is passive, what a person does is
// not.
func TestDefaultPassive(t *testing.T) {
	t.Parallel()
	p, err := rules.NewPaths(rules.DefaultPassive()...)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/channels/statuses": true, "/channels/statuses/initial": true, "/channels/statuses/_getChannelStatusList": true,
		"/channels/1/status": true, "/extensions/dashboardstatus/connectorStates": true, "/extensions/serverlog": true,
		"/server/status": true, "/channels": false, "/channels/1": false, "/channels/_deploy": false, "/users/current": false,
		"/channels/1/messages/_search": false, "/extensions/_install": false, "/server/configuration": false, "/": false,
	} {
		if got := p.Match(path); got != want {
			t.Errorf("%s is passive: %t", path, got)
		}
	}
}
