package web

import "mfaserver/web/browser"

// Unexported parsers under test.
var (
	CheckTarget = checkTarget
	ShellQuote  = shellQuote
	CurlCommand = curlCommand
)

// ParseForm picks username and password.
func ParseForm(body string) (map[string]string, error) {
	return browser.ParseForm(body, []string{"username", "password"})
}

// ParseRedirect returns what a callback's query says.
func ParseRedirect(query string) (state, code string, refused bool, err error) {
	in, err := browser.ParseRedirect(query)
	return in.State, in.Code, in.Refused, err
}
