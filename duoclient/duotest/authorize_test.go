package duotest_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

func TestAuthorizeRedirects(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, tc := range []struct {
		name, claim string
		value       any
		prefix      string // of the Location, up to the code
	}{
		{"duo_code", "use_duo_code_attribute", true, callbackURI + "?state=" + state + "&duo_code="},
		{"duo_code from C#", "use_duo_code_attribute", "true", callbackURI + "?state=" + state + "&duo_code="},
		{"duo_code from old Java", "use_duo_code_attribute", "True", callbackURI + "?state=" + state + "&duo_code="},
		{"code", "use_duo_code_attribute", false, callbackURI + "?state=" + state + "&code="},
		{"code by default", "use_duo_code_attribute", nil, callbackURI + "?state=" + state + "&code="},
		{"query in the redirect URI", "redirect_uri", "https://localhost/cb?a=1&b=%2f", "https://localhost/cb?a=1&b=%2f&state=" + state + "&duo_code="},
		{"upper case and dots stay", "redirect_uri", "https://LOCALHOST/a/../b", "https://LOCALHOST/a/../b?state=" + state + "&duo_code="},
		{"http on this machine", "redirect_uri", "http://localhost:8080/duo-callback", "http://localhost:8080/duo-callback?state=" + state + "&duo_code="},
		{"redirect URI of 256", "redirect_uri", "https://localhost/" + strings.Repeat("x", 238), "https://localhost/" + strings.Repeat("x", 238) + "?state="},
		{"state of 16", "state", strings.Repeat("s", 16), callbackURI + "?state=" + strings.Repeat("s", 16) + "&duo_code="},
		{"state of 1024 characters", "state", strings.Repeat("é", 1024), callbackURI + "?state=" + strings.Repeat("%C3%A9", 1024) + "&duo_code="},
		{"no iss", "iss", nil, callbackURI + "?state="},
		{"no aud", "aud", nil, callbackURI + "?state="},
		{"aud as an array", "aud", []string{a.URL}, callbackURI + "?state="},
		{"aud of C#", "aud", a.URL + duotest.EndpointAuthorize, callbackURI + "?state="},
		{"exp in an hour", "exp", epoch.Unix() + 3600, callbackURI + "?state="},
		{"more scopes", "scope", "profile openid", callbackURI + "?state="},
	} {
		got := a.authorize(a.requestClaims().with(tc.claim, tc.value))
		if loc := got.header.Get("Location"); got.status != http.StatusFound || !strings.HasPrefix(loc, tc.prefix) {
			t.Errorf("%s: %d %q, want a redirect to %q...\n%s", tc.name, got.status, loc, tc.prefix, got.body)
		}
		if len(got.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: a cookie was set", tc.name)
		}
	}
}

// A request that cannot be trusted gets an error page and never a redirect.
func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, tc := range []struct {
		name, claim string
		value       any
		text        string // on the page
	}{
		{"empty redirect URI", "redirect_uri", "", "redirect_uri: [&#39;Length must be between 1 and 256.&#39;]"},
		{"no redirect URI", "redirect_uri", nil, "Length must be between 1 and 256."},
		{"redirect URI of 257", "redirect_uri", "https://localhost/" + strings.Repeat("x", 239), "Length must be between 1 and 256."},
		{"redirect URI of 300", "redirect_uri", "https://localhost/" + strings.Repeat("x", 282), "Length must be between 1 and 256."},
		{"no URL", "redirect_uri", "/callback", "Not a valid URL."},
		{"script", "redirect_uri", "javascript:alert(1)", "Not a valid URL."},
		{"plain http elsewhere", "redirect_uri", "http://mirth.example.org/", "Not a valid URL."},
		{"fragment", "redirect_uri", "https://localhost/#x", "Not a valid URL."},
		{"line break", "redirect_uri", "https://localhost/\r\nSet-Cookie: a=b", "Not a valid URL."},
		{"user in the URL", "redirect_uri", "https://localhost@evil.example/", "Not a valid URL."},
		{"state of 15", "state", strings.Repeat("s", 15), "state:"},
		{"state of 1025", "state", strings.Repeat("s", 1025), "state:"},
		{"no state", "state", nil, "state:"},
		{"state is a number", "state", 1234567890123456789, "state:"},
		{"nonce of 1025", "nonce", strings.Repeat("n", 1025), "nonce:"},
		{"no user", "duo_uname", nil, "duo_uname:"},
		{"empty user", "duo_uname", "", "duo_uname:"},
		{"blank user", "duo_uname", "  ", "duo_uname:"},
		{"other client", "client_id", "DIYYYYYYYYYYYYYYYYYY", "client_id:"},
		{"no client", "client_id", nil, "client_id:"},
		{"other issuer", "iss", "DIYYYYYYYYYYYYYYYYYY", "iss:"},
		{"empty issuer", "iss", "", "iss:"},
		{"other host", "aud", "https://api-test0001.duosecurity.com", "aud:"},
		{"two hosts", "aud", []string{a.URL, a.URL}, "aud:"},
		{"token endpoint", "aud", a.URL + duotest.EndpointToken, "aud:"},
		{"expired", "exp", epoch.Unix() - 60, "expired"},
		{"lives too long", "exp", epoch.Unix() + 3661, "expires too late"},
		{"no exp", "exp", nil, "no exp"},
	} {
		got := a.authorize(a.requestClaims().with(tc.claim, tc.value))
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, tc.text) || got.header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q, want 400 with %q\n%s", tc.name, got.status, got.header.Get("Location"), tc.text, got.body)
		}
	}
}

func TestAuthorizeQuery(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.requestClaims()
	for _, tc := range []struct {
		name string
		with url.Values
		ok   bool
	}{
		{"nothing more", nil, true},
		{"right copies", url.Values{"redirect_uri": {callbackURI}, "state": {state}, "nonce": {nonce}, "scope": {"openid"}}, true},
		{"other redirect URI", url.Values{"redirect_uri": {callbackURI + "/"}}, false},
		{"other state", url.Values{"state": {state + "x"}}, false},
		{"other nonce", url.Values{"nonce": {nonce + "x"}}, false},
		{"other response type", url.Values{"response_type": {"token"}}, false},
		{"empty response type", url.Values{"response_type": {""}}, false},
		{"unknown client", url.Values{"client_id": {"DIYYYYYYYYYYYYYYYYYY"}}, false},
		{"no client", url.Values{"client_id": {""}}, false},
		{"client of another type", url.Values{"client_id": {a.Credentials().AdminKey}}, false},
		{"two states", url.Values{"state": {state, "other"}}, false},
		{"the same twice", url.Values{"state": {state, state}}, true},
		{"no request", url.Values{"request": {""}}, false},
		{"wrong secret", url.Values{"request": {sign(c, strings.Repeat("x", 40))}}, false},
		{"none", url.Values{"request": {signWith(`{"alg":"none"}`, c, clientSecret)}}, false},
		{"HS256", url.Values{"request": {signWith(`{"alg":"HS256"}`, c, clientSecret)}}, false},
	} {
		query := a.authQuery(c)
		maps.Copy(query, tc.with)
		want := http.StatusBadRequest
		if tc.ok {
			want = http.StatusFound
		}
		if got := a.do(a.request(http.MethodGet, duotest.EndpointAuthorize, query, nil)); got.status != want {
			t.Errorf("%s: %d, want %d\n%s", tc.name, got.status, want, got.body)
		}
		want = max(want, http.StatusSeeOther)
		if got := a.post(duotest.EndpointAuthorize, query); got.status != want {
			t.Errorf("%s, posted: %d, want %d\n%s", tc.name, got.status, want, got.body)
		}
	}
	if got := a.do(a.request(http.MethodGet, duotest.EndpointAuthorize+"?client_id=%zz", nil, nil)); got.status != http.StatusBadRequest {
		t.Errorf("broken escape: %d", got.status)
	}
}

// What is wrong after the redirect URI can be trusted goes back to the
// application.
func TestAuthorizeInvalidRequest(t *testing.T) {
	t.Parallel()
	a := start(t)
	for name, c := range map[string]claims{
		"response type":    a.requestClaims().with("response_type", "token"),
		"no response type": a.requestClaims().with("response_type", nil),
		"scope":            a.requestClaims().with("scope", "profile"),
		"no scope":         a.requestClaims().with("scope", nil),
	} {
		q := a.callback(a.authorize(c))
		if q.Get("error") != "invalid_request" || q.Get("state") != state || q.Has("duo_code") || q.Has("code") {
			t.Errorf("%s: %v", name, q)
		}
	}
}

// The nonce comes back from the JWT, or from the query as the Python SDK
// sends it.
func TestAuthorizeNonce(t *testing.T) {
	t.Parallel()
	a := start(t)
	if got := a.object(a.segment(a.idToken(), 1))["nonce"]; got != nonce {
		t.Errorf("nonce from the JWT: %v", got)
	}
	query := a.authQuery(a.requestClaims().with("nonce", nil))
	query.Set("nonce", "a-nonce-in-the-query")
	code := a.callback(a.do(a.request(http.MethodGet, duotest.EndpointAuthorize, query, nil))).Get("duo_code")
	token, _ := a.object(a.exchange(code).body)["id_token"].(string)
	if got := a.object(a.segment(token, 1))["nonce"]; got != "a-nonce-in-the-query" {
		t.Errorf("nonce from the query: %v", got)
	}
	code = a.callback(a.authorize(a.requestClaims().with("nonce", nil))).Get("duo_code")
	token, _ = a.object(a.exchange(code).body)["id_token"].(string)
	if got, ok := a.object(a.segment(token, 1))["nonce"]; ok {
		t.Errorf("nonce out of nothing: %v", got)
	}
}

// A signed request made elsewhere: keys out of order, an hour of life, neither
// iss nor aud, and a redirect URI that is not escaped in the query.
func TestAuthorizeVector(t *testing.T) {
	t.Parallel()
	a := start(t)
	const token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJkdW9fdW5hbWUiOiJ0ZXN0MSIsInNjb3BlIjoib3BlbmlkIiwicmVzcG9uc2VfdHlwZSI6ImNvZGUiLCJyZWRpcmVjdF91cmkiOiJodHRwczovL2xvY2FsaG9zdDo4NDQzL2FwaS80LjUuMC9leHRlbnNpb25zL21mYS9kdW9jYWxsYmFjayIsInN0YXRlIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzIiwiZXhwIjoxNzAwMDAzNjAwLCJ1c2VfZHVvX2NvZGVfYXR0cmlidXRlIjp0cnVlLCJjbGllbnRfaWQiOiJESVhYWFhYWFhYWFhYWFhYWFhYWCJ9.vXLwjlteU9oBjhv29ysn2IcEwV-lJeozruBJEJu1YE-48MkFWoVvn92ukjqj4xI0635Nj7ZFdOhDkOU4Ig6FCg"
	path := duotest.EndpointAuthorize + "?scope=openid&response_type=code&redirect_uri=" + callbackURI +
		"&client_id=" + clientID + "&request=" + token
	q := a.callback(a.do(a.request(http.MethodGet, path, nil, nil)))
	if q.Get("duo_code") == "" || q.Get("state") != state {
		t.Errorf("callback = %v", q)
	}
}
