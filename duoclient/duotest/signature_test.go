package duotest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

type vector struct {
	ID         string      `json:"id"`
	Version    int         `json:"version"`
	Key        string      `json:"ikey"`
	Secret     string      `json:"skey"`
	Method     string      `json:"method"`
	Host       string      `json:"host"`
	Path       string      `json:"path"`
	Params     [][2]string `json:"params"`
	Date       string      `json:"date"`
	Body       string      `json:"body"`
	XDuo       [][2]string `json:"x_duo_headers"`
	Signature  string      `json:"signature"`
	inBodyForm bool
}

// request is the vector as a client sends it. Nothing is cleaned on its way to
// the handler.
func (v vector) request(signature string) *http.Request {
	var pairs []string
	for _, p := range v.Params {
		pairs = append(pairs, url.QueryEscape(p[0])+"="+url.QueryEscape(p[1]))
	}
	query, body, media := strings.Join(pairs, "&"), v.Body, "application/json"
	if v.inBodyForm {
		query, body, media = "", query, "application/x-www-form-urlencoded"
	}
	target := v.Path
	if query != "" {
		target += "?" + query
	}
	r := httptest.NewRequest(v.Method, target, strings.NewReader(body))
	r.Host = v.Host
	r.Header.Set("Content-Type", media)
	r.Header.Set("Date", v.Date)
	for _, h := range v.XDuo {
		r.Header.Set(h[0], h[1])
	}
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(v.Key+":"+signature)))
	return r
}

// status is what a simulator that knows the vector's keys answers at the
// vector's time. The paths are nobody's, so that 404 means a good signature.
func (v vector) status(t *testing.T, signature string) (status int, body string) {
	t.Helper()
	date, err := mail.ParseDate(v.Date)
	if err != nil {
		date = epoch
	}
	a := start(t, func(c *duotest.Config) { c.Now = func() time.Time { return date.Add(4 * time.Minute) } })
	a.AddIntegration(duotest.Integration{Key: v.Key, Secret: v.Secret, Type: duotest.TypeAccounts})
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, v.request(signature))
	return w.Code, w.Body.String()
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			want := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[v.Path == "/accounts/v1/account/list"]
			switch {
			case v.Version == 3:
				want = http.StatusUnauthorized // withdrawn, and without a zone
			case strings.HasPrefix(v.Path, "/admin/"), strings.HasPrefix(v.Path, "/auth/"):
				want = http.StatusForbidden // good, but of another type
			}
			for _, form := range []bool{false, v.Version == 2 && v.Method != http.MethodGet} {
				v.inBodyForm = form
				if got, body := v.status(t, v.Signature); got != want {
					t.Errorf("form %v: %d %s, want %d", form, got, body, want)
				}
			}
			if got, _ := v.status(t, strings.ToUpper(v.Signature)); got != want {
				t.Errorf("in capitals: %d, want %d", got, want)
			}
			digit := map[bool]string{true: "1", false: "0"}[v.Signature[0] == '0']
			if got, body := v.status(t, digit+v.Signature[1:]); got != http.StatusUnauthorized {
				t.Errorf("one digit changed: %d %s", got, body)
			}
		})
	}
}

// Every part that a signature speaks for counts.
func TestSignatureParts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"method": func(r *http.Request) { r.Method = http.MethodDelete },
		"path":   func(r *http.Request) { r.URL.Path += "/" },
		"query":  func(r *http.Request) { r.URL.RawQuery += "&limit=2" },
		"date": func(r *http.Request) {
			r.Header.Set("Date", epoch.Add(time.Second).UTC().Format(time.RFC1123Z))
		},
		"other date": func(r *http.Request) {
			r.Header.Set("X-Duo-Date", strings.Replace(r.Header.Get("Date"), "+0000", "-0000", 1))
		},
		"signature of the empty text": func(r *http.Request) {
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(clientID+":")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t)
			c := a.admin()
			c.get("/admin/v1/users", params{"username": "x"}).ok()
			c.change = change
			c.get("/admin/v1/users", params{"username": "x"}).fails(40103, "")
		})
	}
}

// A body is signed in version 5, and in version 2 nothing but a form is.
func TestSignatureBody(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	for _, c.v2 = range []bool{false, true} {
		c.change = nil
		c.post("/admin/v1/users", params{"username": map[bool]string{false: "five", true: "two"}[c.v2], "realname": "a b+c~d*"}).ok()
		c.change = func(r *http.Request) {
			r.Body = http.NoBody
			r.ContentLength = 0
		}
		c.post("/admin/v1/users", params{"username": "other"}).fails(40103, "")
	}
	c.change = func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }
	c.post("/admin/v1/users", params{"username": "other"}).fails(40103, "")
	c.v2 = false
	c.change = func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	c.post("/admin/v1/users", params{"username": "other"}).fails(40106, "")
	if u, ok := a.User("five"); !ok || u.RealName != "a b+c~d*" {
		t.Errorf("user = %+v", u)
	}
	if _, ok := a.User("other"); ok {
		t.Error("a call that was refused made a user")
	}
}

func TestSignedHosts(t *testing.T) {
	t.Parallel()
	a := start(t)
	local := strings.Replace(a.APIHost, "127.0.0.1", "localhost", 1)
	for name, tc := range map[string]struct {
		host, signed string
		good         bool
	}{
		"with port":       {a.APIHost, a.APIHost, true},
		"without port":    {a.APIHost, "127.0.0.1", true},
		"another name":    {local, local, true},
		"capitals":        {strings.ToUpper(local), local, true},
		"not this name":   {a.APIHost, local, false},
		"not this port":   {a.APIHost, "127.0.0.1:1", false},
		"somebody else's": {a.APIHost, "api-00000000.duosecurity.com", false},
	} {
		for _, v2 := range []bool{false, true} {
			c := a.auth()
			c.host, c.signedHost, c.v2 = tc.host, tc.signed, v2
			got := c.get("/auth/v2/check", nil)
			if tc.good {
				got.ok()
			} else if got.Code != 40103 {
				t.Errorf("%s: %d", name, got.Code)
			}
		}
	}
	// Behind something that says another Host, that one counts.
	c := a.auth()
	c.signedHost = "api-test.example"
	c.change = func(r *http.Request) { r.Host = "api-test.example" }
	c.get("/auth/v2/check", nil).ok()
}
