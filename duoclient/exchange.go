package duoclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

const (
	tokenPath     = "/oauth/v1/token" //nolint:gosec // a path
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	maxCode       = 1024
)

// Exchange redeems the code of a prompt and checks the ID token that Duo gives
// for it. The request is sent once at most, whatever happens: a call
// that fails is never repeated.
//
// Errors: [ErrCodeRefused]; [ErrNotAllowed]; [ErrSecretRetired]; [ErrBadToken] with the rule that
// broke; [ErrMisconfigured]; [ErrClockSkew]; [ErrOutage]; [ErrRateLimited];
// [ErrUntrustedServer]; [ErrMalformedResponse]; [ErrBusy]; [ErrArgument]; or
// the context's. When [ErrNotSent] is joined the code was not spent; else,
// whether Duo has spent it is unknown and it must not be sent again.
func (u *Universal) Exchange(ctx context.Context, r ExchangeRequest) (*Identity, error) {
	if err := r.validate(); err != nil {
		return nil, errors.Join(err, ErrNotSent)
	}
	by, err := u.secretOf(r.Secret)
	if err != nil {
		return nil, err
	}
	token, err := u.redeem(ctx, r, by)
	if by != u.current && errors.Is(err, ErrMisconfigured) {
		// Duo has ended the secret before the last of its logins: that is no
		// fault of the configuration.
		return nil, errors.Join(ErrSecretRetired, err)
	}
	if err != nil {
		return nil, err
	}
	return u.verify(token, r, by)
}

// verify believes token, or says why not.
func (u *Universal) verify(token string, r ExchangeRequest, by *signingSecret) (*Identity, error) {
	now := u.now()
	data, err := openJWT(token, by.key())
	if err != nil {
		return nil, err
	}
	claims, err := checkClaims(data, expectation{
		issuer:    u.tokenURL,
		audience:  u.clientID,
		nonce:     r.Nonce,
		username:  r.Username,
		notBefore: r.NotBefore,
		now:       now,
	})
	if err != nil {
		return nil, err
	}
	if !u.seen.add(token, claims.text("jti"), now) {
		return nil, badToken(ErrTokenReused, "Duo gave it before")
	}
	return identity(claims), nil
}

// redeem calls the token endpoint and gives the ID token, unchecked.
func (u *Universal) redeem(ctx context.Context, r ExchangeRequest, by *signingSecret) (string, error) {
	proof, err := u.assert(u.tokenURL, by)
	if err != nil {
		return "", errors.Join(err, ErrNotSent)
	}
	c := form("token", tokenPath, url.Values{
		"grant_type":            {"authorization_code"},
		"code":                  {r.Code},
		"redirect_uri":          {r.RedirectURI},
		"client_id":             {u.clientID},
		"client_assertion_type": {assertionType},
		"client_assertion":      {proof},
	})
	c.hide = []string{proof, r.Code, r.Nonce}
	a, err := u.road.do(ctx, c)
	if err != nil {
		return "", err
	}
	body, err := parseObject(a.body)
	if err != nil {
		return "", fault(c.name, fmt.Sprintf("HTTP %d: %v", a.status, err), ErrMalformedResponse)
	}
	if a.status != http.StatusOK {
		return "", refusal(c, a, body)
	}
	return idTokenOf(c, body)
}

// idTokenOf checks the four members of a token response.
func idTokenOf(c call, body object) (string, error) {
	life, ok := body.integer("expires_in")
	switch {
	case body.text("id_token") == "":
		return "", fault(c.name, "no id_token", ErrMalformedResponse)
	case body.text("access_token") == "":
		return "", fault(c.name, "no access_token", ErrMalformedResponse)
	case body["token_type"] != "Bearer":
		return "", fault(c.name, "token_type is not Bearer", ErrMalformedResponse)
	case !ok || life == 0:
		return "", fault(c.name, "expires_in is not a positive integer", ErrMalformedResponse)
	}
	return body.text("id_token"), nil
}

func (r ExchangeRequest) validate() error {
	if r.Code == "" || len(r.Code) > maxCode || !graphic(r.Code) {
		return fmt.Errorf("%w: code must have 1 to %d visible ASCII characters", ErrArgument, maxCode)
	}
	if r.NotBefore.IsZero() {
		return fmt.Errorf("%w: the time of the prompt is missing", ErrArgument)
	}
	return checkAsked(r.Username, r.Nonce, r.RedirectURI)
}
