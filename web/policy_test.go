package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"mfaserver/web"
)

// request is a login over the wire with the given target.
func loginTo(method, target string) string {
	const body = "username=admin&password=right"
	return method + " " + target + " HTTP/1.1\r\nHost: mirth.example.org\r\nX-Requested-With: OpenAPI\r\nAccept: application/xml\r\n" +
		"X-Mirth-Server-Url: " + public + "\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// spellings are the odd targets of captures 01m-01t and 07p01-07p29, by their
// numbers, and what each gets here.
var spellings = []struct {
	capture, target string
	status          int
}{
	{"01m", "/api/users/_login/", 404},
	{"01n", "/api//users/_login", 400},
	{"01o", "/api/users/%5Flogin", 400},
	{"01p", "/api/users/_%6Cogin", 400},
	{"01q", "/api/users/_login;x=y", 400},
	{"01q2", "/api;x=y/users;z/_login", 400},
	{"01r", "/api/users/_LOGIN", 405},
	{"01s", "/api/x/../users/_login", 400},
	{"01t", "/api/x/%2e%2e/users/_login", 400},
	{"07p01", "/api/users//_login", 400},
	{"07p02", "//api/users/_login", 400},
	{"07p03", "/api/users/./_login", 400},
	{"07p04", "/api/users/x/../_login", 400},
	{"07p05", "/x/../api/users/_login", 400},
	{"07p06", "/%61pi/users/_login", 400},
	{"07p07", "/api/%75sers/_login", 400},
	{"07p08", "/api/users;a=b/_login", 400},
	{"07p09", "/api/users/_login;a=b;c", 400},
	{"07p10", "/api;a=b/users/_login", 400},
	{"07p11", "/api/users/_login//", 400},
	{"07p12", "/api/users/_login/x", 404},
	{"07p13", "/api/4.5.2/users;a/_login;b", 400},
	{"07p14", "/api/4.5.2/../users/_login", 400},
	{"07p15", "/api/users/_login?x=1", 400},
	{"07p16", "/api/users%2F_login", 400},
	{"07p17", `/api/users\_login`, 400},
	{"07p18", "/API/users/_login", 404},
	{"07p19", "/api/users/_login/.", 400},
	{"07p20", "/api/users/_login;", 400},
	{"07p21", "/api/users/_login;/", 400},
	{"07p22", "/api/users/_login%20", 400},
	{"07p23", "/api/users/_login;jsessionid=node0abc.node0", 400},
	{"07p24", "/api/users/_login%00", 400},
	{"07p25", "/api/4.5.2/users/_login/", 404},
	{"07p26", "/x/%2e%2e/api/users/_login", 400},
	{"07p27", "/api/..;/api/users/_login", 400},
	{"07p28", "/api/users/_login#x", 400},
	{"07p29", "https://other.example/api/users/_login", 400},
	{"own host in absolute form", "https://mirth.example.org/api/users/_login", 400},
	{"asterisk", "*", 400},
	{"authority", "mirth.example.org:443", 400},
	{"no leading slash", "api/users/_login", 400},
	{"double encoding", "/api/users/%255Flogin", 400},
	{"overlong dot", "/api/%c0%ae%c0%ae/users/_login", 400},
	{"percent u", "/api/%u002e/users/_login", 400},
	{"encoded semicolon", "/api/users/_login%3bx", 400},
	{"encoded hash", "/api/users/_login%23", 400},
	{"encoded question mark", "/api/users/_login%3f", 400},
	{"encoded backslash", "/api/users%5c_login", 400},
	{"dot and encoded dot", "/api/x/%2E./users/_login", 400},
	{"encoded dot and dot", "/api/x/.%2e/users/_login", 400},
	{"triple dot", "/api/.../users/_login", 400},
	{"trailing dot", "/api/users/_login.", 400},
	{"tab", "/api/users/_login%09", 400},
	{"invalid UTF-8", "/api/users/%ff", 400},
	{"raw UTF-8", "/api/users/é", 400},
	{"query fragment", "/api/users/_login?a#b", 400},
	{"query cut percent", "/api/users/_login?a=%4", 400},
	{"empty query", "/api/users/_login?", 400},
	{"bare version", "/api/4/users/_login", 404},
	{"five numbers", "/api/4.5.2.1.0/users/_login", 404},
	{"long number", "/api/4.5000/users/_login", 404},
	{"letters in version", "/api/4.5.x/users/_login", 404},
	{"version with newline", "/api/4.5.2%0a/users/_login", 400},
	{"long version", "/api/" + strings.Repeat("4", 7000) + "/users/_login", 404},
	{"two versions", "/api/4.5.2/4.5.2/users/_login", 404},
	{"other root", "/users/_login", 404},
	{"root", "/", 404},
	{"metrics", "/metrics", 404},
	{"pprof", "/debug/pprof/", 404},
	{"expvar", "/debug/vars", 404},
	{"explorer", "/api", 404},
	{"explorer slash", "/api/", 404},
	{"too long", "/api/" + strings.Repeat("a", 8<<10), 414},
}

// Threat T026: only the plain spellings of _login log in, all others are
// refused here. Threat T110: no session id in a path. Threat T130: ambiguous
// paths are refused before routing. Threat T131: only the origin form. Threat
// T051: a version is numbers and dots. Threat T165: no debug surfaces.
func TestOddSpellingsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, tt := range spellings {
		t.Run(tt.capture, func(t *testing.T) {
			got := s.raw(t, loginTo("POST", tt.target))
			if got.StatusCode != tt.status {
				t.Errorf("POST %.80s = %d, want %d", tt.target, got.StatusCode, tt.status)
			}
			if strings.Contains(got.body, "login") || strings.Contains(got.body, "other.example") {
				t.Errorf("body reflects the target: %q", got.body)
			}
			if got.Header.Get("Location") != "" || got.Header.Get("Set-Cookie") != "" {
				t.Errorf("headers %v, want no Location and no Set-Cookie", got.Header)
			}
		})
	}
	if n := len(s.world.attempts) + len(s.world.begun); n != 0 {
		t.Errorf("%d attempts reached the rooms behind, want none", n)
	}
}

// The plain spellings, under any version, do log in.
func TestPlainSpellingsWork(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, target := range []string{
		"/api/users/_login", "/api/4.5.2/users/_login", "/api/4.5.0/users/_login", "/api/3.12/users/_login", "/api/999.0.0.1/users/_login",
	} {
		if got := s.raw(t, loginTo("POST", target)); got.StatusCode != 401 || !strings.Contains(got.body, "DuoLoginStatus") {
			t.Errorf("POST %s = %d %q, want the challenge", target, got.StatusCode, got.body)
		}
	}
}

// Legal percent-encoding is no ambiguity.
func TestLegalPathsPass(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"/", "/api/users/jos%C3%A9", "/api/users/jos%c3%a9", "/api/users/a%20b", "/api/users/a@b", "/api/users/a%40b", "/api/users/x:y",
		"/api/channels/e5d4f0a2-0000-4000-8000-000000000000/messages/1/attachments", "/api/extensions/Data%20Pruner/properties",
		"/api/users/_login/", "/api/channels?channelId=a&channelId=b%20c&x=%7B%7D",
	} {
		if got := web.CheckTarget(p); got != 0 {
			t.Errorf("CheckTarget(%q) = %d, want 0", p, got)
		}
	}
}

// Threat T132: methods are allow-listed, case and all. Threat T133: no header
// changes the method.
func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	const read, page = "GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS, POST"
	for _, tt := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/api/users/_login", 405, "POST"}, // captures 02j, 06e
		{"HEAD", "/api/users/_login", 405, "POST"},
		{"PUT", "/api/users/_login", 405, "POST"},
		{"DELETE", "/api/users/_login", 405, "POST"},
		{"OPTIONS", "/api/users/_login", 405, "POST"},
		{"post", "/api/users/_login", 405, "POST"},
		{"Post", "/api/4.5.2/users/_login", 405, "POST"},
		{"TRACE", "/api/users/_login", 405, "POST"},
		{"FOO", "/api/users/_logout", 405, "POST"},
		{"GET", "/api/users/_logout", 405, "POST"},
		{"GET", "/api/users/_inactivityLogout", 405, "POST"},
		{"POST", "/api/users/current", 405, read},
		{"get", "/api/users/current", 405, read},
		{"OPTIONS", "/api/users/current", 200, read}, // capture 05o
		{"PATCH", "/api/server/status", 405, read},
		{"PUT", callbackAt, 405, page},
		{"TRACE", "/", 405, page}, // capture 07m
		{"PRI", "/nowhere", 405, page},
		{"CONNECT", "mirth.example.org:443", 405, page},
		{"PUT", "/nowhere", 404, ""},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			got := s.raw(t, loginTo(tt.method, tt.target))
			if got.StatusCode != tt.status || got.Header.Get("Allow") != tt.allow || got.body != "" {
				t.Errorf("= %d, Allow %q, body %q; want %d, %q, none", got.StatusCode, got.Header.Get("Allow"), got.body, tt.status, tt.allow)
			}
		})
	}
	for _, h := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		if got := s.send(t, "GET", "/api/users/_login", "", h, "POST"); got.StatusCode != 405 {
			t.Errorf("GET with %s: POST = %d, want 405", h, got.StatusCode)
		}
	}
	for _, h := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Prefix"} {
		if got := s.send(t, "GET", "/api/users/current", "", h, "/api/server/status"); got.StatusCode != 401 {
			t.Errorf("GET with %s = %d, want 401", h, got.StatusCode)
		}
	}
	if got := s.raw(t, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); got.StatusCode != 400 { // capture 07n
		t.Errorf("OPTIONS * = %d, want 400", got.StatusCode)
	}
}

// Threat T177: each limit at its value and one above.
func TestHeaderLimits(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	lines := func(n int) string {
		var b strings.Builder
		b.WriteString("GET /api/server/status HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nConnection: close\r\n")
		for i := range n - 3 {
			fmt.Fprintf(&b, "X-%d: v\r\n", i)
		}
		return b.String() + "\r\n"
	}
	if got := s.raw(t, lines(100)); got.StatusCode != 200 {
		t.Errorf("100 lines = %d, want 200", got.StatusCode)
	}
	if got := s.raw(t, lines(101)); got.StatusCode != 431 {
		t.Errorf("101 lines = %d, want 431", got.StatusCode)
	}
	sized := func(n int) string {
		const head = "GET /api/server/status HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nConnection: close\r\nX-A: "
		return head + strings.Repeat("v", n-len(head)-4) + "\r\n\r\n"
	}
	if got := s.raw(t, sized(32<<10)); got.StatusCode != 200 {
		t.Errorf("32 KiB = %d, want 200", got.StatusCode)
	}
	if got := s.raw(t, sized(32<<10+64)); got.StatusCode != 431 || got.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("over 32 KiB = %d, want 431 of our own", got.StatusCode)
	}
	if got := s.raw(t, sized(64<<10)); got.StatusCode != 431 {
		t.Errorf("64 KiB = %d, want 431", got.StatusCode)
	}
	target := func(n int) string { return "/" + strings.Repeat("a", n-1) }
	if got := s.raw(t, loginTo("GET", target(8<<10))); got.StatusCode != 404 {
		t.Errorf("8 KiB target = %d, want 404", got.StatusCode)
	}
	if got := s.raw(t, loginTo("GET", target(8<<10+1))); got.StatusCode != 414 {
		t.Errorf("longer target = %d, want 414", got.StatusCode)
	}
}

// Threat T027: a browser of another site cannot log anybody in. Threat T114:
// nor out.
func TestCustomHeaderIsRequired(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, tt := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"absent", []string{"X-Requested-With", ""}, 400},
		{"blank", []string{"X-Requested-With", " "}, 400},
		{"absent, from another site", []string{"X-Requested-With", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 400},
		{"there, and a browser says cross-site", []string{"Sec-Fetch-Site", "cross-site"}, 400},
		{"there, and a browser says same-site", []string{"Sec-Fetch-Site", "same-site"}, 400},
		{"any value", []string{"X-Requested-With", "XMLHttpRequest"}, 401},
		{"same origin", []string{"Sec-Fetch-Site", "same-origin"}, 401},
		{"native client with an odd Origin", []string{"Origin", "https://evil.example"}, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(s.world.attempts)
			got := s.send(t, "POST", "/api/users/_login", form("username", "admin", "password", "wrong"), append(tt.headers, "X-Mirth-Server-Url", public)...)
			if got.StatusCode != tt.status {
				t.Errorf("_login = %d, want %d", got.StatusCode, tt.status)
			}
			if tt.status == 400 && (got.body != "" || len(s.world.attempts) != before) {
				t.Errorf("body %q and %d attempts, want neither", got.body, len(s.world.attempts)-before)
			}
			got = s.send(t, "POST", "/api/users/_logout", "", append(tt.headers, "Cookie", "JSESSIONID=other")...)
			if got.StatusCode != tt.status {
				t.Errorf("_logout = %d, want %d", got.StatusCode, tt.status)
			}
		})
	}
	for _, r := range s.handler.Routes() {
		if r.Access == web.Browser {
			continue
		}
		if got := s.send(t, http.MethodGet, "/api"+r.Path, "", "X-Requested-With", ""); got.StatusCode != 400 || got.body != "" {
			t.Errorf("GET %s without X-Requested-With = %d %q, want 400 and nothing", r.Path, got.StatusCode, got.body)
		}
	}
}

// jettyLike decodes and normalises the way servlet containers do: parameters
// off each segment, decoded once, dots resolved.
func jettyLike(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		s, _, _ = strings.Cut(s, ";")
		if d, err := url.PathUnescape(s); err == nil {
			s = d
		}
		segments[i] = s
	}
	joined := strings.Join(segments, "/")
	clean := path.Clean(joined)
	if strings.HasSuffix(joined, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// Threat T130: whatever is accepted has one reading.
func FuzzCheckTarget(f *testing.F) {
	for _, s := range spellings {
		f.Add(s.target)
	}
	f.Add("/api/users/jos%C3%A9?x=%20")
	f.Fuzz(func(t *testing.T, target string) {
		if web.CheckTarget(target) != 0 {
			return
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatalf("accepted %q, which does not parse: %v", target, err)
		}
		raw, _, _ := strings.Cut(target, "?")
		if u.EscapedPath() != raw || u.Host != "" || u.Scheme != "" || u.Opaque != "" {
			t.Fatalf("accepted %q, read as %q", target, u.EscapedPath())
		}
		if got := jettyLike(raw); got != u.Path {
			t.Fatalf("accepted %q: Go reads %q, a servlet container %q", target, u.Path, got)
		}
	})
}

// The policy holds over HTTP/2 as well, where targets come as a field.
func TestPolicyOverHTTP2(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	two := httptest.NewUnstartedServer(s.handler)
	two.EnableHTTP2 = true
	two.StartTLS()
	t.Cleanup(two.Close)
	for target, status := range map[string]int{
		"/api/server/status": 200, "/api/users/_login": 405, "/api/users/%5Flogin": 400, "/api//server/status": 400,
		"/api/server/status;x": 400, "/api/x/../server/status": 400, "/nowhere": 404,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, two.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Opaque = target
		r.Header.Set("X-Requested-With", "x")
		resp, err := two.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.StatusCode != status || resp.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("GET %s = %s %d, want %d over HTTP/2", target, resp.Proto, resp.StatusCode, status)
		}
	}
}
