package duoclient

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"mfaserver/internal/secret"
)

const (
	// requestLife is how long request objects and client assertions are valid.
	requestLife = 300 * time.Second
	// rememberedTokens is how many tokens each generation of the memory holds:
	// 36 logins a second for an hour.
	rememberedTokens = 1 << 17
)

// Universal is the client of one Duo application. It is safe for concurrent
// use and prints without its secrets.
type Universal struct {
	clientID     string
	clientSecret secret.Secret
	apiHost      string
	road         *road
	seen         *seenTokens
	now          func() time.Time

	base      string // https:// and the API host
	healthURL string
	tokenURL  string
	authStart string // authURL up to the redirect URI
	authEnd   string // and between it and the request
}

// NewUniversal checks c and builds the client; nothing is sent. Errors match
// [ErrConfig] and name every fault.
func NewUniversal(c UniversalConfig, opts ...Option) (*Universal, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	proxy, err := c.proxyURL()
	if err != nil {
		return nil, err
	}
	o := newOptions(opts)
	if c.MaxConcurrent > 0 {
		o.limits.concurrent = c.MaxConcurrent
	}
	r, err := newRoad(roadConfig{host: c.APIHost, ca: c.CA, proxy: proxy, private: c.Simulator, options: o})
	if err != nil {
		return nil, err
	}
	base := "https://" + c.APIHost
	return &Universal{
		clientID:     c.ClientID,
		clientSecret: c.ClientSecret,
		apiHost:      c.APIHost,
		road:         r,
		seen:         newSeenTokens(rememberedTokens),
		now:          o.now,
		base:         base,
		healthURL:    base + healthPath,
		tokenURL:     base + tokenPath,
		authStart:    base + "/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri=",
		authEnd:      "&client_id=" + c.ClientID + "&request=",
	}, nil
}

// APIHost is the configured host (host:port for a simulator).
func (u *Universal) APIHost() string { return u.apiHost }

// TokenURL is the token endpoint, and the issuer of ID tokens.
func (u *Universal) TokenURL() string { return u.tokenURL }

// Close closes idle connections. Calls under way go on.
func (u *Universal) Close() { u.road.transport.CloseIdleConnections() }

// requestObject is the signed form of an authorization request (RFC 9101).
type requestObject struct {
	Scope        string `json:"scope"`
	ResponseType string `json:"response_type"`
	ClientID     string `json:"client_id"`
	RedirectURI  string `json:"redirect_uri"`
	State        string `json:"state"`
	Nonce        string `json:"nonce"`
	Username     string `json:"duo_uname"`
	Issuer       string `json:"iss"`
	Audience     string `json:"aud"`
	Expires      int64  `json:"exp"`
	UseDuoCode   bool   `json:"use_duo_code_attribute"`
}

// AuthURL makes the URL that opens the prompt, good for 300 s. The redirect
// URI stands in it as it is. Nothing is sent. Errors match [ErrArgument].
func (u *Universal) AuthURL(r AuthRequest) (string, error) {
	if err := r.validate(); err != nil {
		return "", err
	}
	return signJWT(u.authStart+r.RedirectURI+u.authEnd, &requestObject{
		Scope:        "openid",
		ResponseType: "code",
		ClientID:     u.clientID,
		RedirectURI:  r.RedirectURI,
		State:        r.State,
		Nonce:        r.Nonce,
		Username:     r.Username,
		Issuer:       u.clientID,
		Audience:     u.base,
		Expires:      u.now().Add(requestLife).Unix(),
		UseDuoCode:   true,
	}, u.key())
}

// assertion is what proves our identity to Duo's endpoints (RFC 7523).
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

// assert makes a client assertion for one call of endpoint.
func (u *Universal) assert(endpoint string) (string, error) {
	return signJWT("", &assertion{
		Issuer:   u.clientID,
		Subject:  u.clientID,
		Audience: endpoint,
		Expires:  u.now().Add(requestLife).Unix(),
		ID:       rand.Text() + rand.Text()[:10],
	}, u.key())
}

// key is the client secret's bytes, as Duo uses it. The copy is not kept: a
// byte slice in a struct would be printed.
func (u *Universal) key() []byte { return []byte(u.clientSecret.Reveal()) }

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

// checkRedirectURI refuses, besides what is no absolute https URL, every
// character that would not survive unencoded in the query of the authURL:
// '&', '#', '+', '%', ';', blanks, quotes and all that is not ASCII.
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
	if err != nil || parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.User != nil {
		return fmt.Errorf("%w: redirect URI must be an https URL with a host and no user", ErrArgument)
	}
	return nil
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
