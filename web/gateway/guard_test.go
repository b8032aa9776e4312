package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/secret"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

// raw sends bytes over a connection of their own and returns all that comes
// back until the server closes it, as they should ask it to. A client that
// closes its own side is gone.
func (h *house) raw(tb testing.TB, text string) string {
	tb.Helper()
	c, err := net.Dial("tcp", h.Front.Listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	defer closing(c)
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		tb.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // a reset is an answer too
	return string(answer)
}

// statusOf is the status code of the first answer in text, 0 for none.
func statusOf(text string) int {
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// countedCookies counts how often a carry is opened.
type countedCookies struct {
	plainCookies
	opened atomic.Int64
}

func (c *countedCookies) Cookie(username string, carry []byte) (secret.Secret, error) {
	c.opened.Add(1)
	return c.plainCookies.Cookie(username, carry)
}

// Threat T129: without a session the gateway itself answers 500, opens no
// carry, and nothing reaches the engine.
func TestServeNeedsSession(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	cookies := &countedCookies{}
	h := newHouse(t, func(c *gateway.Config) { c.Target, c.Cookies = w.URL, cookies })
	good, _ := h.signIn(t, "alice", canary)
	nobody := good
	nobody.Username = ""
	page := good
	page.Kind = session.KindPage
	keyless := good
	keyless.Key = session.Key{}
	for name, s := range map[string]session.Session{"zero": {}, "nobody": nobody, "of the pages": page, "no key and no token": keyless} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/api/channels", http.NoBody)
		r.Header.Set("X-Requested-With", "test")
		h.Serve(rec, r, s)
		if rec.Code != http.StatusInternalServerError || rec.Body.Len() != 0 {
			t.Errorf("%s: Serve = %d %q, want an empty 500", name, rec.Code, rec.Body)
		}
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
	if n := cookies.opened.Load(); n != 0 {
		t.Errorf("%d carries were opened, want 0", n)
	}
}

// hostilePaths have, for somebody, another reading than the one at hand.
var hostilePaths = []string{
	"//", "/./", "/../", "/..;/", "/.;/", "/%2e%2e/", "/%2E./", "/.%2e/", "/%2f", "/%2F", "/a%2fb", "/a%2Fb", "/%5c", `/\`, "/%00", "/%2500", "/%252e%252e/",
	"/%25", "/%c0%ae", "/%u002e", ";jsessionid=x", ";a=b", "/%3b", "/%3Bjsessionid=x", "/%23", "/%3f", "/%01", "/%1f", "/%7f", "/%ff",
	"/%c3%28", "/a.", "/a%20", "/a%2e", "/.", "/..", "/...", "/a/../b", "/a/./b", "/a//b", "/a;/b", "/;", "/%09", "/%0d%0a", "/%0a",
	"/%e0%80%ae", "/%fe", "/a%5cb", "/a%5C..%5Cb", "/a%2f..%2fb", "/a%2f%2e%2e%2fb", "/a%3b.jpg", "/a;.jpg", "/a;v=1/b", "/a;;", "/a;=",
}

// Threats T110, T130, T131: of a path with two readings nothing crosses, with
// a full session and whatever the policy before has let through.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, prefix := range []string{"/api/channels", "/api/server/version", "/api/4.5.2/users", "/api"} {
		for _, hostile := range hostilePaths {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead} {
				answer := h.raw(t, fmt.Sprintf("%s %s%s HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nCookie: %s=%s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
					method, prefix, hostile, cookie.Name, cookie.Value))
				if code := statusOf(answer); code < 400 {
					t.Errorf("%s %s%s = %d, want a refusal", method, prefix, hostile, code)
				}
			}
		}
	}
	if got := w.bytes(); len(got) != 0 {
		t.Errorf("the engine has seen %q", got)
	}
}

// Threat T131: targets that are no plain path cross in no form.
func TestTargetForms(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, target := range []string{
		w.URL.String() + "/api/channels", "http://evil/api/channels", "https://evil/api/channels", "*", "//evil/api/channels",
		"api/channels", "evil:80", "/api/channels#a", "/api/channels?a=%zz", "/api/channels?%zz=a", "/api/channels?a;b", "/api/channels?jsessionid=x",
		"/api/channels?JSESSIONID=x", "/api/channels?%6aSESSIONID=x", "/api/channels?_method=DELETE", "/api/channels?%5fmethod=PUT",
		"/api/", "/api", "/api/4.5.2", "/api/4.5.2/", "/webadmin/", "/installers/x",
	} {
		answer := h.raw(t, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nCookie: %s=%s\r\nConnection: close\r\n\r\n",
			target, cookie.Name, cookie.Value))
		if code := statusOf(answer); code < 400 {
			t.Errorf("GET %s = %d, want a refusal", target, code)
		}
	}
	if got := w.bytes(); len(got) != 0 {
		t.Errorf("the engine has seen %q", got)
	}
}

// Threat T131: where the target has another reading than what the client
// wrote, whoever made it so, nothing crosses.
func TestRewrittenTargets(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	s, _ := h.signIn(t, "alice", canary)
	for name, change := range map[string]func(*http.Request){
		"another path":  func(r *http.Request) { r.RequestURI = "/api/users" },
		"another host":  func(r *http.Request) { r.URL.Host = "evil.example" },
		"opaque":        func(r *http.Request) { r.URL.Opaque = "//evil.example/api/channels" },
		"with fragment": func(r *http.Request) { r.URL.Fragment = "a" },
	} {
		r := bare("/api/channels")
		change(r)
		rec := newRecorder()
		h.Serve(rec, r, s)
		if rec.Code != http.StatusBadRequest {
			t.Errorf("%s: Serve = %d, want 400", name, rec.Code)
		}
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
}

// Paths that mean one thing cross as they were written.
func TestPlainPaths(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, target := range []string{
		"/api/channels", "/api/users/current", "/api/4/channels", "/api/4.5.2.1.0/channels", "/api/users/M%C3%BCller", "/api/users/a%20b", "/api/channels/",
		"/api/users/o'brien@example.org", "/api/extensions/Global%20Map%20Viewer/properties", "/api/channels/_getSummary",
		"/api/codeTemplates?codeTemplateId=a&codeTemplateId=b", "/api/events?endDate=2026-01-01T00%3A00%3A00%2B0000&name=a+b",
		"/api/extensions/datapruner/status", "/api/server/resources/Default%20Resource", "/api/channels/statuses/x?y", "/api/a(b)!$&+,=:@~*",
	} {
		if res, _ := h.get(t, target, cookie); res.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", target, res.StatusCode)
		} else if got := w.last(t).RequestURI; got != target {
			t.Errorf("the engine saw %s, want %s", got, target)
		}
	}
}

// The engine's sessions belong to one base path and it knows no version but
// its own, so the version stays with us.
func TestVersionStaysHere(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for target, want := range map[string]string{
		"/api/4.5.2/channels":              "/api/channels",
		"/api/3.12/users/M%C3%BCller?a=b":  "/api/users/M%C3%BCller?a=b",
		"/api/4.5.2/users/a%20b":           "/api/users/a%20b",
		"/api/26.1.0.1/channels/4.5.2/x":   "/api/channels/4.5.2/x",
		"/api/4.5.2/server/resources/a(b)": "/api/server/resources/a(b)",
	} {
		if res, _ := h.get(t, target, cookie); res.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", target, res.StatusCode)
		} else if got := w.last(t).RequestURI; got != want {
			t.Errorf("GET %s crossed as %s, want %s", target, got, want)
		}
	}
}

// Threat T132: methods that the API has cross, in upper case; OPTIONS is
// answered here (threat T153: a browser asking for another site learns nothing).
func TestMethods(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, method := range []string{"TRACE", "CONNECT", "PATCH", "get", "Post", "FOO", "PROPFIND", "DEBUG", "OPTIONS"} {
		r := h.request(t, method, "/api/channels", http.NoBody, cookie)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Access-Control-Request-Method", "PUT")
		res, _ := h.do(t, r)
		want := http.StatusMethodNotAllowed
		if method == "OPTIONS" {
			want = http.StatusOK
		}
		if res.StatusCode != want || res.Header.Get("Allow") == "" {
			t.Errorf("%s = %d, Allow %q; want %d and what is allowed", method, res.StatusCode, res.Header.Get("Allow"), want)
		}
		for name := range res.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: answer has %s", method, name)
			}
		}
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		res, _ := h.do(t, h.request(t, method, "/api/channels", http.NoBody, cookie))
		if res.StatusCode != http.StatusOK || w.last(t).Method != method {
			t.Errorf("%s = %d, the engine saw %s", method, res.StatusCode, w.last(t).Method)
		}
	}
}

// Threat T139: no spelling of a login crosses, nor a request with a header of
// the login.
func TestLoginStaysHere(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, name := range []string{"_login", "_logout", "_inactivityLogout", "_LOGIN", "%5flogin", "_log%69n", "_Logout", "_inactivitylogout"} {
		for _, pattern := range []string{"/api/users/%s", "/api/4.5.2/users/%s", "/api/users/%s/", "/api/%s", "/api/users/x/%s", "/api/users/%s/x"} {
			target := strings.Replace(pattern, "%s", name, 1)
			for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut, http.MethodDelete} {
				if res, _ := h.do(t, h.request(t, method, target, http.NoBody, cookie)); res.StatusCode < 400 {
					t.Errorf("%s %s = %d, want a refusal", method, target, res.StatusCode)
				}
			}
		}
	}
	for _, header := range []string{"X-Mirth-Login-Data", "X-Mirth-Server-Url", "x-mirth-login-data", "X_Mirth_Login_Data", "X-Mirth_Server-Url"} {
		answer := h.raw(t, fmt.Sprintf("GET /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\n%s: x\r\nCookie: %s=%s\r\nConnection: close\r\n\r\n",
			header, cookie.Name, cookie.Value))
		if code := statusOf(answer); code != http.StatusBadRequest {
			t.Errorf("a request with %s = %d, want 400", header, code)
		}
	}
	if res, _ := h.get(t, "/api/extensions/mfa/admin/v1", cookie); res.StatusCode != http.StatusNotFound {
		t.Errorf("our own extension = %d, want 404", res.StatusCode)
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
}

// Threat T153: what a browser sends for another site does not cross, be it a
// form, JSON as text, or a method that forms cannot have.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		for _, contentType := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/json"} {
			bare := h.request(t, method, "/api/channels", strings.NewReader(`{"a":1}`), cookie)
			bare.Header.Del("X-Requested-With")
			blank := h.request(t, method, "/api/channels", strings.NewReader(`{"a":1}`), cookie)
			blank.Header.Set("X-Requested-With", " ")
			foreign := h.request(t, method, "/api/channels", strings.NewReader(`{"a":1}`), cookie)
			foreign.Header.Set("Sec-Fetch-Site", "cross-site")
			sibling := h.request(t, method, "/api/channels", strings.NewReader(`{"a":1}`), cookie)
			sibling.Header["Sec-Fetch-Site"] = []string{"same-origin", "same-site"}
			for _, r := range []*http.Request{bare, blank, foreign, sibling} {
				r.Header.Set("Content-Type", contentType)
				if res, _ := h.do(t, r); res.StatusCode != http.StatusBadRequest {
					t.Errorf("%s of %s with %v = %d, want 400", method, contentType, r.Header, res.StatusCode)
				}
			}
		}
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
	own := h.request(t, http.MethodPost, "/api/channels", strings.NewReader("x"), cookie)
	own.Header.Set("Sec-Fetch-Site", "same-origin")
	if res, _ := h.do(t, own); res.StatusCode != http.StatusOK {
		t.Errorf("POST of our own page = %d, want 200", res.StatusCode)
	}
}

// jetty reads a path as the engine's server does: parameters are cut off, then
// escapes are decoded, then dot segments are folded. false means that it does
// not serve such a path.
func jetty(raw string) (string, bool) {
	var out []string
	for s := range strings.SplitSeq(raw, "/") {
		s, _, _ = strings.Cut(s, ";")
		d, err := url.PathUnescape(s)
		if err != nil {
			return "", false
		}
		switch d {
		case ".":
		case "..":
			if len(out) < 2 {
				return "", false
			}
			out = out[:len(out)-1]
		default:
			out = append(out, d)
		}
	}
	return strings.Join(out, "/"), true
}

var versionIn = regexp.MustCompile(`^/api/[0-9]{1,3}(\.[0-9]{1,3}){1,3}(/|$)`)

// versionOut is a path as the engine gets it: without the version in it.
func versionOut(path string) string {
	if m := versionIn.FindString(path); m != "" {
		return "/api" + strings.TrimPrefix(path, strings.TrimSuffix(m, "/"))
	}
	return path
}

// FuzzPaths: of every path that crosses, our reading, the raw one and that of
// the engine's server are the same (threat T130).
func FuzzPaths(f *testing.F) {
	for _, p := range hostilePaths {
		f.Add("/api/channels" + p)
	}
	f.Add("/api/users/M%C3%BCller")
	f.Add("/api/users/a%20b?x=%20")
	seen := ""
	g, s := fuzzGateway(f, func(r *http.Request) { seen = r.URL.RequestURI() })
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\n\r\n")))
		if err != nil {
			return
		}
		r.RemoteAddr = "192.0.2.1:1"
		seen = ""
		g.Serve(httptest.NewRecorder(), r.WithContext(t.Context()), s)
		if seen == "" {
			return
		}
		path, _, _ := strings.Cut(seen, "?")
		theirs, ok := jetty(path)
		ours, raw := versionOut(r.URL.Path), versionOut(r.URL.EscapedPath())
		if !ok || theirs != ours || path != raw || !strings.HasPrefix(theirs, "/api/") || strings.Contains(theirs, "//") {
			t.Errorf("%q crossed as %q: the engine reads %q, we read %q", target, seen, theirs, r.URL.Path)
		}
		if strings.Contains(strings.ToLower(theirs), "/_log") {
			t.Errorf("%q crossed", target)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fuzzGateway has no connections: what would be sent goes to see.
func fuzzGateway(tb testing.TB, see func(*http.Request)) (*gateway.Gateway, session.Session) {
	tb.Helper()
	h := newHouse(tb, func(c *gateway.Config) {
		c.Target = &url.URL{Scheme: "https", Host: "engine.example"}
		c.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			see(r)
			return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		})
	})
	s, _ := h.signIn(tb, "alice", canary)
	return h.Gateway, s
}
