package apiclient

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// ErrLoginData means that a text is not the login data of the challenge.
var ErrLoginData = errors.New("apiclient: not the login data of this sign-in")

// Challenge is a prompt to be confirmed in a browser.
type Challenge struct {
	// AuthURL opens the prompt: https, at Duo. It holds the state.
	AuthURL string
	// RedirectURI is where the browser comes back to with state and code.
	RedirectURI string
	// State is what the browser must bring back (RFC 6749 section 10.12).
	State string

	username string
	primary  mirth.Status
}

// newChallenge checks what the server wants opened in a browser, and where it
// would lead back to (RFC 8252 section 8.10).
func newChallenge(a answer, s mirth.DuoLoginStatus, username, wayBack string) (*Challenge, error) {
	if a.status != http.StatusUnauthorized || s.Status.Accepted() || !s.PrimaryStatus.Accepted() {
		return nil, fmt.Errorf("%w: HTTP %d with a challenge", ErrMalformed, a.status)
	}
	prompt, err := url.Parse(s.AuthURL)
	if err != nil || prompt.Scheme != "https" || prompt.Host == "" || prompt.User != nil || prompt.Fragment != "" || !visible(s.AuthURL) {
		return nil, fmt.Errorf("%w: its authURL is no https URL", ErrMalformed)
	}
	if s.APIHostname != "" && !strings.EqualFold(s.APIHostname, prompt.Host) {
		return nil, fmt.Errorf("%w: its authURL is not at %q", ErrMalformed, s.APIHostname)
	}
	if rest, ok := strings.CutPrefix(s.RedirectURI, wayBack); !ok || !strings.HasPrefix(rest, "/api/") || strings.ContainsAny(rest, "?#") || !visible(rest) {
		return nil, fmt.Errorf("%w: its redirectUri is not the one that was asked for", ErrMalformed)
	}
	state := stateOf(prompt)
	if !mirth.ValidState(state) {
		return nil, fmt.Errorf("%w: its authURL holds no state", ErrMalformed)
	}
	return &Challenge{AuthURL: s.AuthURL, RedirectURI: s.RedirectURI, State: state, username: username, primary: s.PrimaryStatus}, nil
}

// LoginData is what the second call takes with the code that the browser
// brought.
func (c *Challenge) LoginData(code string) secret.Secret {
	return secret.New(mirth.NewLoginData(c.username, c.primary, code, c.State, c.RedirectURI).String())
}

// Check reports whether a text that somebody pasted is the login data of this
// challenge; [ErrLoginData] when not.
func (c *Challenge) Check(loginData secret.Secret) error {
	d, err := mirth.ParseLoginData(loginData.Reveal())
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrLoginData, err)
	case d.State != c.State:
		return fmt.Errorf("%w: they are those of another one", ErrLoginData)
	default:
		return nil
	}
}

// stateOf finds the state in the query, or in the request object that stands
// there (RFC 9101). The object's signature is Duo's to check.
func stateOf(prompt *url.URL) string {
	q := prompt.Query()
	if s := q.Get("state"); s != "" {
		return s
	}
	parts := strings.Split(q.Get("request"), ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return ""
	}
	var claims struct {
		State string `json:"state"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.State
}

// visible reports whether s is visible ASCII only, so that it can be shown on
// a terminal and handed to a browser.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
