package web

import (
	"mfaserver/internal/secret"
	"mfaserver/web/browser"
)

// Unexported parsers under test.
var (
	CheckTarget = checkTarget
	ShellQuote  = shellQuote
	CurlCommand = curlCommand
	NamesJSON   = namesJSON
	TakesPlain  = acceptsPlain
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

// Typing is a password taken apart.
type Typing struct{ Password, Factor, Passcode, BreakGlass string }

// Split takes a password apart.
func Split(typed string, passcodes bool) Typing {
	got := split(secret.New(typed), passcodes)
	return Typing{got.password.Reveal(), got.proof.Factor, got.proof.Passcode.Reveal(), got.breakGlass}
}

// TokenIn is the service token in a line of Authorization.
func TokenIn(line string) (string, bool) {
	c, ok := parseAuthorization(line)
	if !ok {
		return "", false
	}
	return c.value, true
}
