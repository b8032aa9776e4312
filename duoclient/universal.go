package duoclient

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"
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
	clientID string
	// current signs; previous, which may be nil, ends what it began.
	current  *signingSecret
	previous *signingSecret
	apiHost  string
	road     *road
	seen     *seenTokens
	now      func() time.Time

	healthURL string
	tokenURL  string
	authStart string // authURL up to the redirect URI
	authEnd   string // and between it and the request
	request   []byte // the fixed part of a request object
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
	u := &Universal{
		clientID:  c.ClientID,
		current:   newSigningSecret(c.ClientID, c.ClientSecret),
		apiHost:   c.APIHost,
		road:      r,
		seen:      newSeenTokens(rememberedTokens),
		now:       o.now,
		healthURL: base + healthPath,
		tokenURL:  base + tokenPath,
		authStart: base + "/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri=",
		request:   fixedRequest(c.ClientID, base),
		authEnd:   "&client_id=" + c.ClientID + "&request=",
	}
	if !c.PreviousSecret.IsZero() {
		u.previous = newSigningSecret(c.ClientID, c.PreviousSecret)
	}
	return u, nil
}

// APIHost is the configured host (host:port for a simulator).
func (u *Universal) APIHost() string { return u.apiHost }

// TokenURL is the token endpoint, and the issuer of ID tokens.
func (u *Universal) TokenURL() string { return u.tokenURL }

// Close closes idle connections. Calls under way go on.
func (u *Universal) Close() { u.road.transport.CloseIdleConnections() }

// AuthURL makes the URL that opens the prompt, good for 300 s. The redirect
// URI stands in it as it is. Nothing is sent. Errors match [ErrArgument].
func (u *Universal) AuthURL(r AuthRequest) (string, error) {
	if err := r.validate(); err != nil {
		return "", err
	}
	var stack [1024]byte // enough for all but long names
	return signJWT(u.authStart+r.RedirectURI+u.authEnd, u.requestObject(stack[:0], r), u.current.key())
}

// assertion is what proves our identity to Duo's endpoints (RFC 7523).
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	ID       string `json:"jti"`
}

// assert makes a client assertion for one call of endpoint, signed with by.
func (u *Universal) assert(endpoint string, by *signingSecret) (string, error) {
	claims, err := json.Marshal(&assertion{
		Issuer:   u.clientID,
		Subject:  u.clientID,
		Audience: endpoint,
		Expires:  u.now().Add(requestLife).Unix(),
		ID:       rand.Text() + rand.Text()[:10],
	})
	if err != nil {
		return "", fmt.Errorf("%w: client assertion: %w", ErrArgument, err)
	}
	return signJWT("", claims, by.key())
}
