package compat_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// wire speaks to the simulator in one shape.
type wire struct {
	shape
	login

	t *testing.T
	s *duotest.Server
}

// jtis makes every assertion a new one.
var jtis atomic.Int64

func newWire(t *testing.T, s *duotest.Server, sh shape) wire {
	t.Helper()
	k := s.Credentials()
	return wire{sh, login{
		host: s.APIHost, id: k.ClientID, secret: k.ClientSecret, now: time.Now().Unix(),
		state: "0123456789abcdef0123456789abcdef0123", nonce: "a-nonce-of-24-characters",
	}, t, s}
}

// sign makes the JWT of a payload in the shape's header.
func (w wire) sign(payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(w.header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha512.New, []byte(w.secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (w wire) newAssertion(endpoint string) string {
	jti := strconv.FormatInt(1<<62+jtis.Add(1), 16) + "0123456789abcdef"
	return w.sign(w.assertion(w.login, endpoint, jti))
}

func (w wire) healthForm() url.Values {
	return url.Values{"client_id": {w.id}, "client_assertion": {w.newAssertion(duotest.EndpointHealthCheck)}}
}

func (w wire) tokenForm(code string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "client_id": {w.id},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {w.newAssertion(duotest.EndpointToken)},
	}
	if w.noID {
		form.Del("client_id")
	}
	return form
}

// post sends a form in an encoding and reads the JSON answer.
func (w wire) post(endpoint string, enc encoding, form url.Values) (int, map[string]any) {
	w.t.Helper()
	target, body, contentType := w.s.URL+endpoint, "", ""
	switch enc {
	case inQuery:
		target += "?" + form.Encode()
	case inMultipart:
		body, contentType = multipartBody(w.t, form)
	default:
		body, contentType = form.Encode(), "application/x-www-form-urlencoded"
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := w.s.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("Content-Type") != "application/json" {
		w.t.Errorf("%s: %v, Content-Type %q", w.name, err, resp.Header.Get("Content-Type"))
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		w.t.Errorf("%s: %v in %s", w.name, err, text)
	}
	return resp.StatusCode, out
}

func multipartBody(t *testing.T, form url.Values) (body, contentType string) {
	t.Helper()
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	for name := range form {
		if err := m.WriteField(name, form.Get(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), m.FormDataContentType()
}

// authorize opens the prompt with a request payload.
func (w wire) authorize(payload string) (int, url.Values) {
	w.t.Helper()
	target := w.s.URL + duotest.EndpointAuthorize + "?" + w.query(w.login, w.sign(payload))
	r, err := http.NewRequestWithContext(w.t.Context(), w.method, target, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := w.s.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	u, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, u.Query()
}

// passed opens the prompt and returns the code.
func (w wire) passed() string {
	w.t.Helper()
	status, q := w.authorize(w.request(w.login))
	if status/100 != 3 || q.Get("state") != w.state || len(q) != 2 || q.Get(w.code) == "" {
		w.t.Errorf("%s: authorize = %d %v, want %s", w.name, status, q, w.code)
	}
	return q.Get(w.code)
}

// claims reads the ID token of a token answer.
func (w wire) claims(answer map[string]any) map[string]any {
	w.t.Helper()
	token, _ := answer["id_token"].(string)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		w.t.Fatalf("%s: id_token %q", w.name, token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		w.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}
