package browser

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"mfaserver/internal/mirth"
)

// ErrRedirect means that the redirect is not one that Duo makes.
var ErrRedirect = errors.New("browser: callback parameters refused")

// Redirect is what Duo hands over through the browser: a state with either a
// code or an error.
type Redirect struct {
	State string
	Code  string
	// Refused is set for an error; which one makes no difference to anybody.
	Refused bool
}

// ParseRedirect reads the query of the callback: each parameter once, no
// other, each in its own alphabet (threats T044, T047). Its error is
// [ErrRedirect].
func ParseRedirect(query string) (Redirect, error) {
	values := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		rawName, rawValue, found := strings.Cut(pair, "=")
		if !found {
			return Redirect{}, ErrRedirect
		}
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if nameErr != nil || valueErr != nil || strings.Contains(pair, ";") {
			return Redirect{}, ErrRedirect
		}
		if _, twice := values[name]; twice {
			return Redirect{}, ErrRedirect
		}
		values[name] = value
	}
	return redirectFrom(values)
}

func redirectFrom(values map[string]string) (Redirect, error) {
	state, code := values["state"], values["duo_code"]
	if !mirth.ValidState(state) {
		return Redirect{}, ErrRedirect
	}
	_, isError := values["error"]
	if !isError {
		if len(values) != 2 || !mirth.ValidCode(code) {
			return Redirect{}, ErrRedirect
		}
		return Redirect{State: state, Code: code}, nil
	}
	known := 2
	if description, ok := values["error_description"]; ok {
		if !validDescription(description) {
			return Redirect{}, ErrRedirect
		}
		known++
	}
	if len(values) != known || !validErrorCode(values["error"]) {
		return Redirect{}, ErrRedirect
	}
	return Redirect{State: state, Refused: true}, nil
}

// validErrorCode accepts the error codes of RFC 6749 section 4.1.2.1 and
// whatever else is spelled like them.
func validErrorCode(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if s[i] != '_' && (s[i] < 'a' || s[i] > 'z') {
			return false
		}
	}
	return true
}

// validDescription bounds a text that is never shown.
func validDescription(s string) bool {
	if len(s) > 1024 || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '<' || r == '>' })
}
