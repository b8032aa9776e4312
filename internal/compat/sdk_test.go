package compat_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/duosecurity/duo_universal_golang/duouniversal"

	"mfaserver/duoclient/duotest"
)

const redirectURI = "https://localhost:8443/api/4.5.0/extensions/mfa/duocallback"

func start(t *testing.T) *duotest.Server {
	t.Helper()
	s, err := duotest.NewServer(duotest.Config{Auto: duotest.Approve})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

// sdk is Duo's client, with nothing changed but the CA that it trusts.
func sdk(t *testing.T, s *duotest.Server, host, secret string) *duouniversal.Client {
	t.Helper()
	c, err := duouniversal.NewClient(s.Credentials().ClientID, secret, host, redirectURI, duouniversal.WithHTTPClient(s.Client()))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// callback opens an authorize URL and returns the query of the redirect.
func callback(t *testing.T, s *duotest.Server, authURL string) url.Values {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	location := resp.Header.Get("Location")
	if !strings.HasPrefix(location, redirectURI+"?") {
		t.Fatalf("authorize = %s, Location %q", resp.Status, location)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestGoSDK(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, host := range []string{s.APIHost, strings.Replace(s.APIHost, "127.0.0.1", "localhost", 1)} {
		c := sdk(t, s, host, s.Credentials().ClientSecret)
		health, err := c.HealthCheck()
		if err != nil || health.Stat != "OK" || health.Response.Time == 0 {
			t.Fatalf("%s: HealthCheck = %+v, %v", host, health, err)
		}
		state, err := c.GenerateState()
		if err != nil {
			t.Fatal(err)
		}
		authURL, err := c.CreateAuthURL("test1", state)
		if err != nil {
			t.Fatal(err)
		}
		q := callback(t, s, authURL)
		if q.Get("state") != state {
			t.Errorf("%s: state = %q, want %q", host, q.Get("state"), state)
		}
		token, err := c.ExchangeAuthorizationCodeFor2faResult(q.Get("duo_code"), "test1")
		if err != nil {
			t.Fatalf("%s: exchange: %v", host, err)
		}
		checkToken(t, s, host, token)
		if _, err := c.ExchangeAuthorizationCodeFor2faResult(q.Get("duo_code"), "test1"); err == nil || err.Error() != "400 Bad Request" {
			t.Errorf("%s: replayed exchange: %v, want 400 Bad Request", host, err)
		}
	}
}

func checkToken(t *testing.T, s *duotest.Server, host string, token *duouniversal.TokenResponse) {
	t.Helper()
	user, _ := s.User("test1")
	ctx := token.AuthContext
	for name, pair := range map[string][2]string{
		"iss":                {token.Issuer, "https://" + host + "/oauth/v1/token"},
		"aud":                {token.Audience, s.Credentials().ClientID},
		"sub":                {token.Subject, "test1"},
		"preferred_username": {token.PreferredUsername, "test1"},
		"result":             {token.AuthResult.Result, "allow"},
		"status":             {token.AuthResult.Status, "allow"},
		"event_type":         {ctx.EventType, "authentication"},
		"factor":             {ctx.Factor, "duo_push"},
		"reason":             {ctx.Reason, "user_approved"},
		"user key":           {ctx.User.Key, user.ID},
		"user name":          {ctx.User.Name, "test1"},
		"application":        {ctx.Application.Name, "Web SDK"},
		"auth device":        {ctx.AuthDevice.Name, "My iPhone (734-555-0100)"},
		"access device":      {ctx.AccessDevice.Ip, "127.0.0.1"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s = %q, want %q", name, pair[0], pair[1])
		}
	}
	if token.ExpiresAt != token.IssuedAt+3600 || ctx.Timestamp == 0 || len(ctx.Txid) != 36 ||
		ctx.AccessDevice.IsPasswordSet != duouniversal.Unknown {
		t.Errorf("token = %+v", token)
	}
}

// Without its attribute the SDK asks for the parameter code.
func TestGoSDKCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.Credentials()
	plain, err := duouniversal.NewClientDuoCodeAttribute(k.ClientID, k.ClientSecret, s.APIHost, redirectURI, false)
	if err != nil {
		t.Fatal(err)
	}
	authURL, err := plain.CreateAuthURL("test1", "0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	q := callback(t, s, authURL)
	if q.Get("code") == "" || q.Has("duo_code") {
		t.Errorf("callback = %v", q)
	}
}

// The SDK's nonce check needs a nonce that its URL never asks for; a simulator
// that made one up would hide that.
func TestGoSDKRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	good := sdk(t, s, s.APIHost, s.Credentials().ClientSecret)
	code := func() string {
		authURL, err := good.CreateAuthURL("test1", "0123456789abcdef0123456789abcdef")
		if err != nil {
			t.Fatal(err)
		}
		return callback(t, s, authURL).Get("duo_code")
	}
	bad := sdk(t, s, s.APIHost, strings.Repeat("x", 40))
	if _, err := bad.HealthCheck(); err == nil || err.Error() != "400 Bad Request" {
		t.Errorf("health check with a wrong secret: %v", err)
	}
	if _, err := bad.ExchangeAuthorizationCodeFor2faResult(code(), "test1"); err == nil || err.Error() != "400 Bad Request" {
		t.Errorf("exchange with a wrong secret: %v", err)
	}
	for name, tc := range map[string]struct {
		faults duotest.IDTokenFaults
		user   string
		nonce  string
	}{
		"another user":    {user: "mallory"},
		"a nonce":         {user: "test1", nonce: "a-nonce-that-nobody-sent"},
		"wrong secret":    {user: "test1", faults: duotest.IDTokenFaults{Secret: strings.Repeat("y", 40)}},
		"another issuer":  {user: "test1", faults: set("iss", "https://evil.example/oauth/v1/token")},
		"two audiences":   {user: "test1", faults: set("aud", []string{s.Credentials().ClientID, "x"})},
		"expired":         {user: "test1", faults: set("exp", 1_700_000_000)},
		"none":            {user: "test1", faults: duotest.IDTokenFaults{Algorithm: "none"}},
		"HS256":           {user: "test1", faults: duotest.IDTokenFaults{Algorithm: "HS256"}},
		"broken":          {user: "test1", faults: duotest.IDTokenFaults{BreakSignature: true}},
		"without a user":  {user: "test1", faults: duotest.IDTokenFaults{Claims: duotest.JSONFaults{Remove: []string{"preferred_username"}}}},
		"encryption flag": {user: "test1", faults: set("auth_context.access_device.is_encryption_enabled", "yes")},
	} {
		s.SetFaults(duotest.Faults{IDToken: tc.faults})
		if token, err := good.ExchangeAuthorizationCodeFor2faResultWithNonce(code(), tc.user, tc.nonce); err == nil {
			t.Errorf("%s: %+v", name, token)
		}
	}
	s.SetFaults(duotest.Faults{})
	if _, err := good.ExchangeAuthorizationCodeFor2faResult(code(), "test1"); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}

func set(claim string, value any) duotest.IDTokenFaults {
	return duotest.IDTokenFaults{Claims: duotest.JSONFaults{Set: map[string]any{claim: value}}}
}

// With its own pinned roots the SDK does not take the simulator for Duo.
func TestGoSDKPins(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.Credentials()
	c, err := duouniversal.NewClient(k.ClientID, k.ClientSecret, s.APIHost, redirectURI)
	if err != nil {
		t.Fatal(err)
	}
	var unknown x509.UnknownAuthorityError
	if _, err := c.HealthCheck(); !errors.As(err, &unknown) {
		t.Errorf("HealthCheck = %v, want UnknownAuthorityError", err)
	}
}
