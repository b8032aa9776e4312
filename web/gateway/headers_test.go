package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mfaserver/session"
	"mfaserver/web/gateway"
)

// crossed is what the engine saw of one request with the given header lines.
func crossed(t *testing.T, h *house, w *wire, cookie *http.Cookie, lines ...string) http.Header {
	t.Helper()
	w.forget()
	answer := h.raw(t, fmt.Sprintf("GET /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nCookie: %s=%s\r\n%s\r\nConnection: close\r\n\r\n",
		cookie.Name, cookie.Value, strings.Join(lines, "\r\n")))
	if code := statusOf(answer); code != http.StatusOK {
		t.Fatalf("GET with %q = %d, want 200", lines, code)
	}
	return w.last(t).Header
}

// owned checks what the engine has to see whatever the client says: our
// cookie, our word for the address, and the header that the engine asks for.
func owned(t *testing.T, header http.Header, what any) {
	t.Helper()
	for name, want := range map[string]string{
		"Cookie": "JSESSIONID=" + canary, "X-Forwarded-For": "127.0.0.1", "X-Requested-With": "t",
	} {
		if got := header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("with %q the engine saw %s %q, want %q", what, name, got, want)
		}
	}
}

// Threats T133, T134, T135, T137, T138: of what a client may send in headers
// only the listed ones cross; addresses, methods, targets, credentials and
// protocols never do.
func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, line := range []string{
		"Forwarded: for=6.6.6.6", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 6.6.6.6, 7.7.7.7", "X-Forwarded-Host: evil",
		"X-Forwarded-Proto: http", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: //evil", "X-Forwarded-Uri: /api/evil",
		"X-Forwarded-Server: evil", "X-Forwarded: for=6.6.6.6", "X_Forwarded_For: 6.6.6.6", "X-Forwarded_For: 6.6.6.6", "x-forwarded-for: 6.6.6.6",
		"X-Real-IP: 6.6.6.6", "X_Real_IP: 6.6.6.6", "True-Client-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "X-Client-IP: 6.6.6.6",
		"X-Cluster-Client-IP: 6.6.6.6", "X-Originating-IP: 6.6.6.6", "X-Remote-IP: 6.6.6.6", "X-Remote-Addr: 6.6.6.6",
		"X-ProxyUser-Ip: 6.6.6.6", "Client-IP: 6.6.6.6", "Via: 1.1 evil", "Fastly-Client-IP: 6.6.6.6",
		"Authorization: Basic YnlwYXNzOng=", "Authorization: Basic YWRtaW46YWRtaW4=", "Authorization: Bearer x",
		"authorization: basic x\r\nAuthorization: Digest y", "Proxy-Authorization: Basic YWRtaW46YWRtaW4=", "Authorization_: x",
		"X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE", "X-Original-URL: /api/users",
		"X-Rewrite-URL: /api/users", "X-Original-Method: DELETE", "X-Override-URL: /x", "X-Host: evil", "Content-Length: 0",
		"Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings",
		"Connection: Upgrade\r\nUpgrade: TLS/1.0", "Expect: 100-continue", "TE: trailers\r\nConnection: TE", "Trailer: Cookie",
		"Keep-Alive: timeout=9", "Proxy-Connection: keep-alive", "Origin: https://evil", "Referer: https://evil", "Cookie2: $Version=1",
		"Idempotency-Key: x", "X-Idempotency-Key: x", "X-Custom: x", "Set-Cookie: a=b", "Jsessionid: x", "Max-Forwards: 0", "X-Anything_Else: x",
	} {
		header := crossed(t, h, w, cookie, line)
		owned(t, header, line)
		for name := range header {
			if !slices.Contains([]string{"Cookie", "X-Forwarded-For", "X-Requested-With"}, name) {
				t.Errorf("with %q the engine saw %s: %q", line, name, header[name])
			}
		}
	}
}

// Threat T136: no list of hop-by-hop headers takes away what we add.
func TestHopByHop(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, lines := range [][]string{
		{"Connection: close, X-Forwarded-For, Cookie, X-Requested-With"},
		{"Connection: X-Forwarded-For", "Connection: Cookie", "Connection: close"},
		{"Connection:", "Connection: X-Forwarded-For, Cookie"},
		{"Connection: ,,, cookie ,\tx-forwarded-for"},
		{"Proxy-Connection: Cookie, X-Forwarded-For"},
		{"Keep-Alive: Cookie", "Connection: keep-alive, Host, X-Requested-With"},
		{"Connection: Cookie", "Connection:", "TE: trailers, Cookie"},
	} {
		owned(t, crossed(t, h, w, cookie, lines...), lines)
	}
}

// Threat T137: behind a trusted proxy the address is the one that it names,
// once.
func TestTrustedProxyAddress(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	s, _ := h.signIn(t, "alice", canary)
	for peer, want := range map[string]string{
		"192.0.2.7:5": "203.0.113.9", "203.0.113.77:5": "203.0.113.77", "[2001:db8::1]:5": "2001:db8::1", "[::ffff:203.0.113.5]:5": "203.0.113.5",
	} {
		r, rec := request("/api/channels"), newRecorder()
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"] = []string{"6.6.6.6", "203.0.113.9"}
		h.Serve(rec, r, s)
		if got := w.last(t).Header["X-Forwarded-For"]; !slices.Equal(got, []string{want}) {
			t.Errorf("peer %s: the engine saw %q, want %q", peer, got, want)
		}
	}
	// An address that nobody can tell is not made up.
	r, rec := request("/api/channels"), newRecorder()
	r.RemoteAddr = "@"
	before := w.count.Load()
	if h.Serve(rec, r, s); rec.Code != http.StatusInternalServerError || w.count.Load() != before {
		t.Errorf("without an address Serve = %d, want 500", rec.Code)
	}
}

// What programs need crosses, line by line.
func TestUsefulHeadersCross(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.RequestHeaders = []string{"x-plugin-option"}
	})
	_, cookie := h.signIn(t, "alice", canary)
	lines := []string{
		"Accept: application/xml", "Accept: application/json", "Accept-Language: de", "Accept-Encoding: gzip", "User-Agent: Jersey/2.22.1",
		"If-None-Match: \"a\"", "Range: bytes=0-1", "X-Plugin-Option: 7",
	}
	header := crossed(t, h, w, cookie, lines...)
	owned(t, header, lines)
	if got := header["Accept"]; !slices.Equal(got, []string{"application/xml", "application/json"}) {
		t.Errorf("Accept = %q", got)
	}
	for name, want := range map[string]string{
		"Accept-Language": "de", "Accept-Encoding": "gzip", "User-Agent": "Jersey/2.22.1", "If-None-Match": `"a"`, "Range": "bytes=0-1",
		"X-Plugin-Option": "7",
	} {
		if got := header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := w.last(t).Host; got != w.URL.Host {
		t.Errorf("Host = %q, want %q", got, w.URL.Host)
	}
	// A header that has one value does not cross with two.
	for _, line := range []string{"Content-Type: a/b\r\nContent-Type: c/d", "Range: bytes=0-1\r\nRange: bytes=2-3", "X-Requested-With: y"} {
		answer := h.raw(t, fmt.Sprintf("GET /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nCookie: %s=%s\r\nConnection: close\r\n%s\r\n\r\n",
			cookie.Name, cookie.Value, line))
		if code := statusOf(answer); code != http.StatusBadRequest {
			t.Errorf("a request with %q = %d, want 400", line, code)
		}
	}
}

// Threat T140: a client's cookies stay here whatever they are called, and the
// engine's stay there.
func TestCookies(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		h := rw.Header()
		h["Set-Cookie"] = []string{"other=" + canary, "theme=dark" + canary}
		h["set-cookie"] = []string{"jsessionid=" + canary + "; Path=/"}
		h["SET-COOKIE"] = []string{"A=" + canary}
		h.Set("Set-Cookie2", "JSESSIONID="+canary)
		h.Set("Trailer", "Set-Cookie, X-After")
		h.Set("Link", "<https://evil/"+canary+">; rel=preload")
		rw.WriteHeader(http.StatusEarlyHints)
		rw.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(rw, "hello")
		h["Set-Cookie"] = []string{"JSESSIONID=" + canary + "-trailer"}
		h.Set("X-After", canary)
		h.Set(http.TrailerPrefix+"X-Unannounced", canary)
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	answer := h.raw(t, fmt.Sprintf("GET /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nTE: trailers\r\nCookie: a=b; %s=%s\r\n"+
		"cookie: c=d; jsessionid=evil\r\nCookie: JSESSIONID_=evil\r\nConnection: close\r\n\r\n", cookie.Name, cookie.Value))
	if statusOf(answer) != http.StatusOK || !strings.Contains(answer, "hello") {
		t.Fatalf("answer = %q", answer)
	}
	lower := strings.ToLower(answer)
	for _, word := range []string{canary, "cookie", "jsessionid", "trailer", "x-after", "x-unannounced", "103 "} {
		if strings.Contains(lower, word) {
			t.Errorf("the answer shows %q: %q", word, answer)
		}
	}
	if got := bytes.Count(w.bytes(), []byte("ookie:")); got != 1 {
		t.Errorf("the engine saw %d cookie lines, want 1: %q", got, w.bytes())
	}
	owned(t, w.last(t).Header, "cookies")
}

// Threat T148: of an answer's headers only the listed ones cross back, and
// ours are there.
func TestResponseHeaders(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"Server", "X-Powered-By", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
		"Clear-Site-Data", "Alt-Svc", "Set-Cookie", "Keep-Alive", "Proxy-Authenticate", "Www-Authenticate", "Refresh", "Link", "SourceMap",
		"X-Debug", "Report-To", "Nel", "Expect-Ct", "Service-Worker-Allowed", "Public-Key-Pins", "Upgrade", "X-Xss-Protection", "Expires",
		"Content-Location", "Origin-Trial", "X-Frame-Options", "Strict-Transport-Security", "Content-Security-Policy", "Cache-Control",
		"Authorization", "Proxy-Connection", "X-Accel-Redirect", "X-Sendfile", "Via", "Age",
	}
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		for _, name := range hostile {
			rw.Header().Set(name, "evil")
		}
		rw.Header().Set("Content-Type", "application/xml")
		rw.Header().Set("Content-Disposition", "attachment; filename=a.xml")
		rw.Header().Set("Etag", `"a"`)
		rw.Header().Set("X-Plugin-Answer", "7")
		_, _ = io.WriteString(rw, "<a/>")
	})
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.ResponseHeaders = []string{"X-Plugin-Answer"}
	})
	_, cookie := h.signIn(t, "alice", canary)
	res, body := h.get(t, "/api/channels", cookie)
	if res.StatusCode != http.StatusOK || body != "<a/>" {
		t.Fatalf("GET = %d %q", res.StatusCode, body)
	}
	for name, values := range res.Header {
		if slices.Contains(values, "evil") {
			t.Errorf("the answer has the engine's %s", name)
		}
	}
	for name, want := range map[string]string{
		"Content-Type": "application/xml", "Content-Disposition": "attachment; filename=a.xml", "Etag": `"a"`, "Content-Length": "4",
		"X-Plugin-Answer": "7", "Strict-Transport-Security": "max-age=31536000", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
	} {
		if got := res.Header.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

// An answer without a type is not guessed to be a page.
func TestNoTypeIsGuessed(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header()["Content-Type"] = nil
		_, _ = io.WriteString(rw, "<html><script>alert(1)</script>")
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	if res, _ := h.get(t, "/api/channels", cookie); res.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("Content-Type = %q, want application/octet-stream", res.Header.Get("Content-Type"))
	}
}

// Threats T110, T148: a redirect crosses back only to our own origin, and
// without a session id in it.
func TestRedirects(t *testing.T) {
	t.Parallel()
	location := ""
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Location", location)
		rw.WriteHeader(http.StatusFound)
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, c := range []struct{ location, want string }{
		{"/api/users", "/api/users"},
		{w.URL.String() + "/api/users?a=b", "/api/users?a=b"},
		{"//" + w.URL.Host + "/api/users", "/api/users"},
		{"statuses", "/api/channels/statuses"},
		{"../users", "/api/users"},
		{"https://evil.example/api/users", ""},
		{"//evil.example/api/users", ""},
		{`/\evil.example/api`, ""},
		{"http://user@" + w.URL.Host + "/api/users", ""},
		{"javascript:alert(1)", ""},
		{"/login.html", ""},
		{"/api/users;jsessionid=" + canary, ""},
		{"/api/users?jsessionid=" + canary, ""},
		{"/api/../webadmin/", ""},
		{"https://" + w.URL.Host + "/api/users", ""},
		{"/api/users%0d%0aSet-Cookie:a=b", ""},
		{"/api/users%zz", ""},
		{w.URL.Scheme + ":evil.example/api/users", ""},
	} {
		location = c.location
		res, body := h.get(t, "/api/channels/x", cookie)
		switch {
		case c.want == "" && res.StatusCode != http.StatusBadGateway:
			t.Errorf("redirect to %q = %d, want 502", c.location, res.StatusCode)
		case c.want != "" && (res.StatusCode != http.StatusFound || res.Header.Get("Location") != c.want):
			t.Errorf("redirect to %q = %d %q, want 302 %q", c.location, res.StatusCode, res.Header.Get("Location"), c.want)
		}
		if c.want == "" && res.Header.Get("Location") != "" || strings.Contains(body, "evil") {
			t.Errorf("redirect to %q shows %q %q", c.location, res.Header.Get("Location"), body)
		}
	}
}

// Threat T148: of two places neither is gone to.
func TestTwoLocations(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header()["Location"] = []string{"/api/users", "https://evil.example/"}
		rw.WriteHeader(http.StatusFound)
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	if res, _ := h.get(t, "/api/channels/x", cookie); res.StatusCode != http.StatusBadGateway || len(res.Header["Location"]) != 0 {
		t.Errorf("two redirects = %d, Location %q, want 502 and none", res.StatusCode, res.Header["Location"])
	}
}

// Threat T148: a status that no client knows does not cross.
func TestStatusNobodyKnows(t *testing.T) {
	t.Parallel()
	status := ""
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		c, buf, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			panic(err)
		}
		defer closing(c)
		_, _ = buf.WriteString("HTTP/1.1 " + status + " Odd\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab")
		_ = buf.Flush()
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, status = range []string{"000", "099", "600", "999"} {
		if res, body := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusBadGateway || body != "" {
			t.Errorf("status %s = %d %q, want an empty 502", status, res.StatusCode, body)
		}
	}
}

// Threat T134: an engine that switches protocols is cut off, whether or not it
// was asked to; no byte passes after.
func TestNoTunnel(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		c, buf, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			panic(err)
		}
		defer closing(c)
		_, _ = buf.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\ntunnel")
		_ = buf.Flush()
		_, _ = io.Copy(c, buf)
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, upgrade := range []string{"", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: h2c\r\n"} {
		answer := h.raw(t, fmt.Sprintf("GET /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nCookie: %s=%s\r\n%sConnection: close\r\n\r\nsecond",
			cookie.Name, cookie.Value, upgrade))
		if code := statusOf(answer); code != http.StatusBadGateway || strings.Contains(answer, "tunnel") {
			t.Errorf("with %q the answer is %q, want 502", upgrade, answer)
		}
	}
	if bytes.Contains(w.bytes(), []byte("second")) || bytes.Contains(bytes.ToLower(w.bytes()), []byte("upgrade")) {
		t.Errorf("the engine has seen %q", w.bytes())
	}
}

// A program's principal needs no cookie of ours and no X-Requested-With; the
// engine sees one all the same.
func TestPrincipalWithoutSession(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	r, rec := request("/api/channels"), newRecorder()
	r.Header.Del("X-Requested-With")
	r.Header.Set("Authorization", "Bearer mfat_x")
	h.Serve(rec, r, session.Session{Username: "robot", Token: "t1", Carry: []byte(canary)})
	got := w.last(t).Header
	if rec.Code != http.StatusOK || got.Get("X-Requested-With") == "" || got.Get("Authorization") != "" || got.Get("Cookie") != "JSESSIONID="+canary {
		t.Errorf("Serve = %d, the engine saw %v", rec.Code, got)
	}
}
