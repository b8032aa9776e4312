package duotest_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

const healthRefusal = `{"code":40002,"message":"invalid_client","message_detail":"The provided client_assertion was invalid.","stat":"FAIL","timestamp":1700000000}`

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	a := start(t)
	got := a.post(duotest.EndpointHealthCheck, a.healthForm())
	if want := `{"response":{"timestamp":1700000000},"stat":"OK"}`; got.status != http.StatusOK || got.body != want {
		t.Errorf("health check = %d %s, want 200 %s", got.status, got.body, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "Server": "Duo/1.0",
		"Date": "Tue, 14 Nov 2023 22:13:20 GMT",
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
}

// The parameters travel in the query, urlencoded or as multipart.
func TestHealthCheckEncodings(t *testing.T) {
	t.Parallel()
	a := start(t)
	r := a.request(http.MethodPost, duotest.EndpointHealthCheck, a.healthForm(), nil)
	if got := a.do(r); got.status != http.StatusOK {
		t.Errorf("query: %d %s", got.status, got.body)
	}
	r = multipartRequest(t, a, duotest.EndpointHealthCheck, a.healthForm())
	if got := a.do(r); got.status != http.StatusOK {
		t.Errorf("multipart: %d %s", got.status, got.body)
	}
	r = a.request(http.MethodPost, duotest.EndpointHealthCheck, nil, a.healthForm())
	r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	if got := a.do(r); got.status != http.StatusOK {
		t.Errorf("chunked: %d %s", got.status, got.body)
	}
	r = a.request(http.MethodPost, duotest.EndpointHealthCheck+"?", nil, a.healthForm())
	if got := a.do(r); got.status != http.StatusOK {
		t.Errorf("bare question mark: %d %s", got.status, got.body)
	}
}

func multipartRequest(t *testing.T, a *app, path string, form url.Values) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name := range form {
		if err := w.WriteField(name, form.Get(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// assertionCases are right and wrong assertions for both endpoints.
type assertionCase struct {
	name   string
	token  func(a *app, endpoint string) string
	ok     bool
	detail string
}

func assertionCases() []assertionCase {
	const issuer = "Invalid Client assertion: The `iss` claim must match the supplied client_id"
	set := func(name string, value any) func(*app, string) string {
		return func(a *app, e string) string { return sign(a.assertionClaims(e).with(name, value), clientSecret) }
	}
	header := func(h string) func(*app, string) string {
		return func(a *app, e string) string { return signWith(h, a.assertionClaims(e), clientSecret) }
	}
	in := func(s float64) func(*app, string) string { return set("exp", 1_700_000_000+s) }
	return []assertionCase{
		{"aud as an array of one", func(a *app, e string) string {
			return sign(a.assertionClaims(e).with("aud", []string{"https://" + a.host + e}), clientSecret)
		}, true, ""},
		{"exp as a float", in(299.5), true, ""},
		{"exp as a string", set("exp", "1700000300"), true, ""},
		{"exp in an hour", in(3600), true, ""},
		{"exp an hour and a minute ahead", in(3660), true, ""},
		{"exp further ahead", in(3661), false, ""},
		{"exp within the leeway", in(-59), true, ""},
		{"exp past the leeway", in(-60), false, ""},
		{"no exp", set("exp", nil), false, ""},
		{"exp is a word", set("exp", "soon"), false, ""},
		{"exp is a boolean", set("exp", true), false, ""},
		{"exp is huge", in(1e300), false, ""},
		{"iat too", set("iat", 1_700_000_000), true, ""},
		{"header without typ", header(`{"alg":"HS512"}`), true, ""},
		{"header with typ first", header(`{"typ":"JWT","alg":"HS512"}`), true, ""},
		{"HS256 in the header", header(`{"alg":"HS256"}`), false, ""},
		{"none in the header", header(`{"alg":"none"}`), false, ""},
		{"small letters in the header", header(`{"alg":"hs512"}`), false, ""},
		{"crit in the header", header(`{"alg":"HS512","crit":["b64"]}`), false, ""},
		{"header is no object", header(`[]`), false, ""},
		{"payload is no object", func(*app, string) string { return sign("null", clientSecret) }, false, ""},
		{"wrong secret", func(a *app, e string) string {
			return sign(a.assertionClaims(e), strings.Repeat("x", 40))
		}, false, ""},
		{"no signature", func(a *app, e string) string {
			token := sign(a.assertionClaims(e), clientSecret)
			return token[:strings.LastIndex(token, ".")+1]
		}, false, ""},
		{"garbage", func(*app, string) string { return "garbage" }, false, ""},
		{"empty", func(*app, string) string { return "" }, false, ""},
		{"other issuer", set("iss", "DIYYYYYYYYYYYYYYYYYY"), false, issuer},
		{"no issuer", set("iss", nil), false, issuer},
		{"other subject", set("sub", "DIYYYYYYYYYYYYYYYYYY"), false, ""},
		{"no subject", set("sub", nil), false, ""},
		{"aud of another host", set("aud", "https://api-test0001.duosecurity.com/oauth/v1/token"), false, ""},
		{"aud is the host", func(a *app, e string) string {
			return sign(a.assertionClaims(e).with("aud", "https://"+a.host), clientSecret)
		}, false, ""},
		{"aud of another endpoint", func(a *app, e string) string {
			other := map[string]string{
				duotest.EndpointToken: duotest.EndpointHealthCheck, duotest.EndpointHealthCheck: duotest.EndpointToken,
			}
			return sign(a.assertionClaims(other[e]), clientSecret)
		}, false, ""},
		{"aud with two values", func(a *app, e string) string {
			return sign(a.assertionClaims(e).with("aud", []string{"https://" + a.host + e, "https://" + a.host + e}), clientSecret)
		}, false, ""},
		{"no aud", set("aud", nil), false, ""},
		{"no jti", set("jti", nil), false, ""},
		{"jti is a number", set("jti", 7), false, ""},
		{"jti of 1024", set("jti", strings.Repeat("j", 1024)), true, ""},
		{"jti of 1025", set("jti", strings.Repeat("j", 1025)), false, ""},
	}
}

func TestHealthCheckAssertions(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, tc := range assertionCases() {
		form := url.Values{"client_id": {clientID}, "client_assertion": {tc.token(a, duotest.EndpointHealthCheck)}}
		got := a.post(duotest.EndpointHealthCheck, form)
		want := healthRefusal
		if tc.detail != "" {
			want = strings.Replace(want, "The provided client_assertion was invalid.", tc.detail, 1)
		}
		if tc.ok {
			want = `{"response":{"timestamp":1700000000},"stat":"OK"}`
		}
		if got.body != want || (got.status == http.StatusOK) != tc.ok {
			t.Errorf("%s: %d %s, want %s", tc.name, got.status, got.body, want)
		}
	}
}

func TestHealthCheckClients(t *testing.T) {
	t.Parallel()
	a := start(t)
	for name, id := range map[string]string{
		"unknown": "DIYYYYYYYYYYYYYYYYYY", "absent": "", "of another type": a.Credentials().AuthKey,
	} {
		form := a.healthForm()
		form.Set("client_id", id)
		if got := a.post(duotest.EndpointHealthCheck, form); got.status != http.StatusBadRequest || got.body != healthRefusal {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	form := a.healthForm()
	if got := a.post(duotest.EndpointHealthCheck, form); got.status != http.StatusOK {
		t.Errorf("first use of a jti: %d %s", got.status, got.body)
	}
	if got := a.post(duotest.EndpointHealthCheck, form); got.body != healthRefusal {
		t.Errorf("second use of a jti: %d %s", got.status, got.body)
	}
	form = a.healthForm()
	form.Add("client_id", "DIYYYYYYYYYYYYYYYYYY")
	if got := a.post(duotest.EndpointHealthCheck, form); got.body != healthRefusal {
		t.Errorf("two client_ids: %d %s", got.status, got.body)
	}
	form.Set("client_id", strings.Repeat("x", 1<<20))
	if got := a.post(duotest.EndpointHealthCheck, form); got.body != healthRefusal {
		t.Errorf("huge body: %d %s", got.status, got.body)
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, duotest.EndpointHealthCheck, http.StatusMethodNotAllowed},
		{http.MethodGet, duotest.EndpointToken, http.StatusMethodNotAllowed},
		{http.MethodPut, duotest.EndpointAuthorize, http.StatusMethodNotAllowed},
		{http.MethodHead, duotest.EndpointAuthorize, http.StatusMethodNotAllowed},
		{http.MethodGet, "/", http.StatusNotFound},
		{http.MethodGet, "/oauth/v1/authorize/", http.StatusNotFound},
		{http.MethodGet, "//oauth/v1/authorize", http.StatusNotFound},
		{http.MethodGet, "/oauth/v1/../v1/authorize", http.StatusNotFound},
	} {
		if got := a.do(a.request(tc.method, tc.path, nil, nil)); got.status != tc.status {
			t.Errorf("%s %s = %d, want %d", tc.method, tc.path, got.status, tc.status)
		}
	}
}
