package browser_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"mfaserver/web/browser"
)

// Threats T044, T047: of what comes back from Duo only what Duo says in these
// words is taken.
func TestParseRedirect(t *testing.T) {
	t.Parallel()
	state, code := strings.Repeat("0a", 18), "abc-DEF_123"
	good, bad := "state="+state+"&duo_code="+code, "state="+state+"&error=access_denied"
	for _, tt := range []struct {
		name  string
		query string
		want  browser.Redirect
		err   error
	}{
		{name: "code", query: good, want: browser.Redirect{State: state, Code: code}},
		{name: "code first", query: "duo_code=" + code + "&state=" + state, want: browser.Redirect{State: state, Code: code}},
		{name: "error", query: bad, want: browser.Redirect{State: state, Refused: true}},
		{name: "error with a description", query: bad + "&error_description=said+no", want: browser.Redirect{State: state, Refused: true}},
		{name: "longest error", query: "state=" + state + "&error=" + strings.Repeat("e", 64), want: browser.Redirect{State: state, Refused: true}},

		{name: "nothing", query: "", err: browser.ErrRedirect},
		{name: "no state", query: "duo_code=" + code + "&x=y", err: browser.ErrRedirect},
		{name: "short state", query: "state=0a&duo_code=" + code, err: browser.ErrRedirect},
		{name: "no code", query: "state=" + state, err: browser.ErrRedirect},
		{name: "other for the code", query: "state=" + state + "&x=y", err: browser.ErrRedirect},
		{name: "empty code", query: "state=" + state + "&duo_code=", err: browser.ErrRedirect},
		{name: "code of other letters", query: "state=" + state + "&duo_code=%3Cscript%3E", err: browser.ErrRedirect},
		{name: "two states", query: good + "&state=" + state, err: browser.ErrRedirect},
		{name: "two codes", query: good + "&duo_code=" + code, err: browser.ErrRedirect},
		{name: "one more", query: good + "&x=y", err: browser.ErrRedirect},
		{name: "one more, unreadable", query: good + "&%zz=y", err: browser.ErrRedirect},
		{name: "code and error", query: good + "&error=access_denied", err: browser.ErrRedirect},
		{name: "error and one more", query: bad + "&x=y", err: browser.ErrRedirect},
		{name: "empty error", query: "state=" + state + "&error=", err: browser.ErrRedirect},
		{name: "long error", query: "state=" + state + "&error=" + strings.Repeat("e", 65), err: browser.ErrRedirect},
		{name: "error in capitals", query: "state=" + state + "&error=Access", err: browser.ErrRedirect},
		{name: "error beyond the letters", query: "state=" + state + "&error=a%7Bb", err: browser.ErrRedirect},
		{name: "description without a sign", query: bad + "&error_description", err: browser.ErrRedirect},
		{name: "description with a broken escape", query: bad + "&error_description=%zz", err: browser.ErrRedirect},
		{name: "description with a semicolon", query: bad + "&error_description=a;b", err: browser.ErrRedirect},
		{name: "description with a tag", query: bad + "&error_description=" + url.QueryEscape("<b>"), err: browser.ErrRedirect},
		{name: "description not in UTF-8", query: bad + "&error_description=%ff", err: browser.ErrRedirect},
		{name: "long description", query: bad + "&error_description=" + strings.Repeat("a", 1025), err: browser.ErrRedirect},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := browser.ParseRedirect(tt.query)
			if !errors.Is(err, tt.err) || got != tt.want {
				t.Errorf("ParseRedirect(%q) = %+v, %v, want %+v, %v", tt.query, got, err, tt.want, tt.err)
			}
		})
	}
}
