package duoclient

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// fixedRequest is the part of a request object (RFC 9101) that is the same for
// every prompt of an application, up to the value of exp.
func fixedRequest(clientID, base string) []byte {
	return fmt.Appendf(nil, `{"scope":"openid","response_type":"code","client_id":%[1]q,"iss":%[1]q,"aud":%[2]q,"use_duo_code_attribute":true,"exp":`, clientID, base)
}

// requestObject appends the claims of a request object for r to b. They are
// put together by hand: reflection would cost as much as a third of signing
// them.
func (u *Universal) requestObject(b []byte, r AuthRequest) []byte {
	b = append(b, u.request...)
	b = strconv.AppendInt(b, u.now().Add(requestLife).Unix(), 10)
	b = appendMember(b, `,"redirect_uri":`, r.RedirectURI)
	b = appendMember(b, `,"state":`, r.State)
	b = appendMember(b, `,"nonce":`, r.Nonce)
	b = appendMember(b, `,"duo_uname":`, r.Username)
	return append(b, '}')
}

// appendMember appends name and value, valid UTF-8, as JSON.
func appendMember(b []byte, name, value string) []byte {
	b = append(b, name...)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(value) //nolint:errchkjson // a string always has a JSON form
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, value...)
	return append(b, '"')
}

func (r AuthRequest) validate() error {
	if err := checkAsked(r.Username, r.Nonce, r.RedirectURI); err != nil {
		return err
	}
	if len(r.State) < 22 || len(r.State) > 1024 || !graphic(r.State) {
		return fmt.Errorf("%w: state must have 22 to 1024 visible ASCII characters", ErrArgument)
	}
	if r.State == r.Nonce {
		return fmt.Errorf("%w: state and nonce must differ", ErrArgument)
	}
	return nil
}

// checkAsked checks what a prompt and its exchange have in common.
func checkAsked(username, nonce, redirectURI string) error {
	if username == "" || len(username) > 256 || !utf8.ValidString(username) {
		return fmt.Errorf("%w: username must have 1 to 256 bytes of UTF-8", ErrArgument)
	}
	if len(nonce) < 16 || len(nonce) > 1024 || !graphic(nonce) {
		return fmt.Errorf("%w: nonce must have 16 to 1024 visible ASCII characters", ErrArgument)
	}
	return checkRedirectURI(redirectURI)
}

// checkRedirectURI refuses every character that would not survive unencoded in
// the query of the authURL ('&', '#', '+', '%', ';', blanks, quotes and all that
// is not ASCII), and what is no absolute https URL, but for http to a program
// that waits on the user's own machine (RFC 8252 section 7.3).
func checkRedirectURI(uri string) error {
	if len(uri) == 0 || len(uri) > 256 {
		return fmt.Errorf("%w: redirect URI must have 1 to 256 bytes", ErrArgument)
	}
	for i := range len(uri) {
		if !redirectCharacter(uri[i]) {
			return fmt.Errorf("%w: redirect URI holds a character that cannot stand in the authURL", ErrArgument)
		}
	}
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil || parsed.Scheme != "https" && !onThisMachine(parsed) {
		return fmt.Errorf("%w: redirect URI must be an https URL with a host and no user", ErrArgument)
	}
	return nil
}

// onThisMachine reports whether u is http to a port of a literal loopback
// address. Names are left out: somebody else decides what they stand for.
func onThisMachine(u *url.URL) bool {
	return u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1") && u.Port() != ""
}

func redirectCharacter(c byte) bool {
	switch c {
	case '-', '.', '_', '~', ':', '/', '?', '=', '@', '!', '$', '(', ')', '*', ',', '[', ']':
		return true
	default:
		return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
}

// graphic reports whether s is visible ASCII only.
func graphic(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
