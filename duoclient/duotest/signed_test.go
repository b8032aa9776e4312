package duotest_test

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// caller signs calls with one pair of keys.
type caller struct {
	t                 *testing.T
	client            *http.Client
	host, key, secret string
	now               func() time.Time
	v2                bool
	signedHost        string              // when it is not host
	change            func(*http.Request) // after signing
}

func (a *app) caller(key, secret string) *caller {
	return &caller{t: a.t, client: a.Client(), host: a.APIHost, key: key, secret: secret, now: func() time.Time { return a.now }}
}

func (a *app) auth() *caller { k := a.Credentials(); return a.caller(k.AuthKey, k.AuthSecret) }

func (a *app) admin() *caller { k := a.Credentials(); return a.caller(k.AdminKey, k.AdminSecret) }

func (a *app) accounts() *caller {
	k := a.Credentials()
	return a.caller(k.AccountsKey, k.AccountsSecret)
}

// params are the parameters of a call; in version 5 those of a POST are JSON.
type params map[string]string

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func (p params) canonical() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		out = append(out, escape(name)+"="+escape(p[name]))
	}
	return strings.Join(out, "&")
}

func hexHash(body string) string {
	sum := sha512.Sum512([]byte(body))
	return hex.EncodeToString(sum[:])
}

func sha512MAC(secret, text string) string {
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func (c *caller) request(method, path string, p params) *http.Request {
	c.t.Helper()
	date := c.now().UTC().Format(time.RFC1123Z)
	host := c.host
	if c.signedHost != "" {
		host = c.signedHost
	}
	lines := []string{date, method, strings.ToLower(host), path}
	query, body, media := p.canonical(), "", ""
	switch {
	case method == http.MethodGet || method == http.MethodDelete:
		lines = append(lines, query)
	case c.v2:
		query, body, media = "", query, "application/x-www-form-urlencoded"
		lines = append(lines, body)
	default:
		if p == nil {
			p = params{}
		}
		text, err := json.Marshal(p)
		if err != nil {
			c.t.Fatal(err)
		}
		query, body, media = "", string(text), "application/json"
		lines = append(lines, "")
	}
	if !c.v2 {
		lines = append(lines, hexHash(body), hexHash(""))
	}
	u := "https://" + c.host + path
	if query != "" {
		u += "?" + query
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, u, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Date", date)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	signature := sha512MAC(c.secret, strings.Join(lines, "\n"))
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.key+":"+signature)))
	if c.change != nil {
		c.change(r)
	}
	return r
}

// reply is an answer of a signed API.
type reply struct {
	t        *testing.T
	what     string
	status   int
	header   http.Header
	body     string
	Stat     string          `json:"stat"`
	Code     int             `json:"code"`
	Message  string          `json:"message"`
	Detail   string          `json:"message_detail"`
	Response json.RawMessage `json:"response"`
	Metadata map[string]any  `json:"metadata"`
}

func (c *caller) call(method, path string, p params) *reply {
	c.t.Helper()
	resp, err := c.client.Do(c.request(method, path, p))
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	out := &reply{t: c.t, what: method + " " + path, status: resp.StatusCode, header: resp.Header, body: string(body)}
	if resp.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(body, out); err != nil {
			c.t.Fatalf("%s: %v in %q", out.what, err, body)
		}
	}
	return out
}

func (c *caller) get(path string, p params) *reply {
	c.t.Helper()
	return c.call(http.MethodGet, path, p)
}

func (c *caller) post(path string, p params) *reply {
	c.t.Helper()
	return c.call(http.MethodPost, path, p)
}

func (c *caller) delete(path string) *reply {
	c.t.Helper()
	return c.call(http.MethodDelete, path, nil)
}

// ok wants a good answer.
func (r *reply) ok() *reply {
	r.t.Helper()
	if r.status != http.StatusOK || (r.Stat != "OK" && strings.HasPrefix(r.body, "{")) {
		r.t.Fatalf("%s = %d %s", r.what, r.status, r.body)
	}
	return r
}

// fails wants a refusal with this code and detail.
func (r *reply) fails(code int, detail string) {
	r.t.Helper()
	if r.status != code/100 || r.Code != code || r.Detail != detail || r.Stat != "FAIL" {
		r.t.Errorf("%s = %d %s, want %d with detail %q", r.what, r.status, r.body, code, detail)
	}
}

// into decodes the response.
func (r *reply) into(v any) {
	r.t.Helper()
	r.ok()
	if err := json.Unmarshal(r.Response, v); err != nil {
		r.t.Fatalf("%s: %v in %s", r.what, err, r.Response)
	}
}

// fields is the response, an object.
func (r *reply) fields() map[string]any {
	r.t.Helper()
	var out map[string]any
	r.into(&out)
	return out
}

func (r *reply) list() []map[string]any {
	r.t.Helper()
	var out []map[string]any
	r.into(&out)
	return out
}

func (r *reply) text(name string) string {
	r.t.Helper()
	return fmt.Sprint(r.fields()[name])
}

// newUser makes a user by way of the Admin API.
func (c *caller) newUser(name string) string {
	c.t.Helper()
	return c.post("/admin/v1/users", params{"username": name}).text("user_id")
}

// newPhone makes a phone for a user by way of the Admin API.
func (c *caller) newPhone(userID, number string) string {
	c.t.Helper()
	id := c.post("/admin/v1/phones", params{"number": number, "type": "mobile", "platform": "apple ios"}).text("phone_id")
	c.post("/admin/v1/users/"+userID+"/phones", params{"phone_id": id}).ok()
	return id
}

// clock is the simulator's and the callers' time, which passes by hand.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time { return epoch.Add(time.Duration(c.passed.Load())) }

func (c *clock) config(config *duotest.Config) { config.Now = c.now }

func (c *clock) pass(a *app, d time.Duration) {
	c.passed.Add(int64(d))
	a.now = c.now()
}

// withBody is the request with another body.
func (c *caller) withBody(r *http.Request, body string) *http.Request {
	c.t.Helper()
	out, err := http.NewRequestWithContext(c.t.Context(), r.Method, r.URL.String(), strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	out.Header = r.Header.Clone()
	return out
}
