package duotest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

const (
	clientID     = "DIXXXXXXXXXXXXXXXXXX"
	clientSecret = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
	callbackURI  = "https://localhost:8443/api/4.5.0/extensions/mfa/duocallback"
	state        = "0123456789abcdef0123456789abcdef0123"
	nonce        = "fedcba9876543210fedcba9876543210"
	assertion    = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// epoch is when the tests take place.
var epoch = time.Unix(1_700_000_000, 0)

type claims map[string]any

// app is an application that speaks to the simulator by hand.
type app struct {
	*duotest.Server

	t    *testing.T
	now  time.Time
	host string
}

// jtis makes every assertion a new one.
var jtis atomic.Int64

func start(t *testing.T, change ...func(*duotest.Config)) *app {
	t.Helper()
	c := duotest.Config{
		Now:         func() time.Time { return epoch },
		Credentials: duotest.Credentials{ClientID: clientID, ClientSecret: clientSecret},
		Auto:        duotest.Approve,
	}
	for _, f := range change {
		f(&c)
	}
	s, err := duotest.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &app{Server: s, t: t, now: epoch, host: s.APIHost}
}

// sign makes an HS512 JWT with a header as the Go SDK sends it.
func sign(c any, secret string) string {
	return signWith(`{"alg":"HS512","typ":"JWT"}`, c, secret)
}

func signWith(header string, c any, secret string) string {
	payload, ok := c.(string)
	if !ok {
		text, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		payload = string(text)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (c claims) with(name string, value any) claims {
	out := maps.Clone(c)
	if value == nil {
		delete(out, name)
	} else {
		out[name] = value
	}
	return out
}

func (a *app) assertionClaims(endpoint string) claims {
	return claims{
		"iss": clientID, "sub": clientID, "aud": "https://" + a.host + endpoint,
		"exp": a.now.Unix() + 300, "jti": fmt.Sprintf("jti-%032d", jtis.Add(1)),
	}
}

func (a *app) requestClaims() claims {
	return claims{
		"iss": clientID, "aud": "https://" + a.host, "client_id": clientID, "scope": "openid", "response_type": "code",
		"redirect_uri": callbackURI, "state": state, "nonce": nonce, "duo_uname": "test1",
		"exp": a.now.Unix() + 300, "use_duo_code_attribute": true,
	}
}

func (a *app) authQuery(c claims) url.Values {
	return url.Values{"client_id": {clientID}, "response_type": {"code"}, "request": {sign(c, clientSecret)}}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request and reads the whole answer.
func (a *app) do(r *http.Request) answer {
	a.t.Helper()
	got, err := a.try(r)
	if err != nil {
		a.t.Fatal(err)
	}
	return got
}

func (a *app) try(r *http.Request) (answer, error) {
	resp, err := a.Client().Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

func (a *app) request(method, path string, query url.Values, form url.Values) *http.Request {
	a.t.Helper()
	target := a.URL + path
	if query != nil {
		target += "?" + query.Encode()
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(a.t.Context(), method, target, body)
	if err != nil {
		a.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func (a *app) post(path string, form url.Values) answer {
	a.t.Helper()
	return a.do(a.request(http.MethodPost, path, nil, form))
}

func (a *app) authorize(c claims) answer {
	a.t.Helper()
	return a.do(a.request(http.MethodGet, duotest.EndpointAuthorize, a.authQuery(c), nil))
}

func (a *app) healthForm() url.Values {
	return url.Values{"client_id": {clientID}, "client_assertion": {sign(a.assertionClaims(duotest.EndpointHealthCheck), clientSecret)}}
}

func (a *app) tokenForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callbackURI}, "client_id": {clientID},
		"client_assertion_type": {assertion},
		"client_assertion":      {sign(a.assertionClaims(duotest.EndpointToken), clientSecret)},
	}
}

// callback is the query that the application gets.
func (a *app) callback(got answer) url.Values {
	a.t.Helper()
	u, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status/100 != 3 {
		a.t.Fatalf("no redirect: %d %q %v\n%s", got.status, got.header.Get("Location"), err, got.body)
	}
	return u.Query()
}

// code passes the prompt.
func (a *app) code() string {
	a.t.Helper()
	code := a.callback(a.authorize(a.requestClaims())).Get("duo_code")
	if code == "" {
		a.t.Fatal("no duo_code in the callback")
	}
	return code
}

// exchange redeems a code.
func (a *app) exchange(code string) answer {
	a.t.Helper()
	return a.post(duotest.EndpointToken, a.tokenForm(code))
}

// object reads a JSON object.
func (a *app) object(text string) map[string]any {
	a.t.Helper()
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		a.t.Fatalf("no JSON object: %v\n%s", err, text)
	}
	return out
}

// idToken passes the prompt and redeems the code.
func (a *app) idToken() string {
	a.t.Helper()
	got := a.exchange(a.code())
	token, _ := a.object(got.body)["id_token"].(string)
	if got.status != http.StatusOK || token == "" {
		a.t.Fatalf("token = %d %s", got.status, got.body)
	}
	return token
}

// segment decodes one part of a JWT.
func (a *app) segment(token string, i int) string {
	a.t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		a.t.Fatalf("%d parts in %s", len(parts), token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[i])
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

// verified says whether an ID token carries a good HS512 signature.
func verified(token, secret string) bool {
	i := strings.LastIndex(token, ".")
	if i < 0 {
		return false
	}
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(token[:i]))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) == token[i+1:]
}
