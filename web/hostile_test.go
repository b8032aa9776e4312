package web_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostileMethods are those that a router or a proxy might know, one that only
// looks like it, and one that nobody knows.
var hostileMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}

// hostileTargets are spellings of paths behind the session, of the login, and
// of what is outside: each is taken for something else by some program.
func hostileTargets() []string {
	var all []string
	for _, s := range spellings {
		if s.target != "/api/" { // the explorer, for everybody
			all = append(all, s.target)
		}
	}
	// What stands between /api and a private path.
	for _, between := range []string{
		"//", "///", "/./", "/.//", "/../api/", "/x/../", "/..;/api/", "/.;/", "/;/", "/;a=b/", "/;jsessionid=canary/", "/%2e/", "/%2E%2e/api/",
		"/.%2e/api/", "/%2e./api/", "/%252e%252e/api/", "/%c0%ae%c0%ae/api/", "/%e0%80%ae/", "/%u002e%u002e/api/", "/..%2f", "/..%5c", "/%2f", "/%5c",
		`/\`, `/..\`, "/%00/", "/%0a", "/%0d%0a", "/%09/", "/ /", "/%20/", "/%3b/", "/%23/", "/%3f/", "/*/", "/%2a/", "/server/version/../../",
		"/server/version/..;/../", "/server/status;/../../", "/openapi.json/../", "/webstart/../api/", "/4.5.2//", "/4.5.2/../", "/4.5.2;x/", "/4.5.2%2f",
		"/v4.5.2/../", "/public/%2e%2e/", "/extensions/mfa/../../", "/extensions/mfa/duocallback/../../../", "/extensions/mfa/..;/../../",
	} {
		all = append(all, "/api"+between+"channels", "/api"+between+"users/_login")
	}
	// What stands behind one.
	for _, behind := range []string{
		";", ";x", ";jsessionid=canary", "%3bx", "%3Bjsessionid=canary", "/.", "/..", "/./", "/../", "//", "/;", "/%2e", "/%2e%2e", "%00", "%00.json", "%0a", "%0d",
		"%09", "%20", "%2f", "%5c", `\`, "#", "#x", "%23", "%3f", ".", "..", "%2e", "?a#b", "?a=%", "?a=%zz", "%", "%4", "%zz", "%u0041", "%ff", "%c0%af",
		"é", "\x7f", "\x01", "~/../", "@evil", ":443", "/?", "?;", "&", "/*",
	} {
		all = append(all, "/api/channels"+behind)
	}
	// Other forms and other roots.
	return append(all,
		"http://127.0.0.1/api/channels", "https://mirth.example.org/api/channels", "https://user:pass@mirth.example.org/api/channels", "//evil/api/channels",
		"///api/channels", "http:/api/channels", "http:api/channels", "api/channels", "*", "/*", "mirth.example.org:8443", "?/api/channels", "\\api\\channels",
		"/webadmin", "/webadmin/Index.action", "/webstart/../api/channels", "/webstart/client-lib/../../api/channels", "/webstart/%2e%2e/x.jar",
		"/installers", "/api-docs", "/openapi.json", "/apiexamples/x", "/javascript/x.js", "/favicon.ico", "/public_html/x", "/images", "/api-explorer/",
		"/API/channels", "/Api/channels", "/api/Users/current", "/api/USERS/_LOGIN", "/api/users/_Login", "/api/channels/users/_login", "/api/users/_login/channels",
		"/api/extensions/MFA/duocallback", "/api/extensions/mfa", "/api/extensions/mfa/unknown", "/mfa/..", "/mfa/../api/channels", "/mfa/%2e%2e/api/channels",
	)
}

// canary is what a client chooses: it must never be seen at the engine.
const canary = "c4n4ry7f3d"

// hostileRequest is a request without a session that carries everything a
// client could try to be let through with.
func hostileRequest(method, target, body string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: mirth.example.org\r\nX-Requested-With: " + canary + "\r\nAccept: application/json\r\n" +
		"User-Agent: " + canary + "\r\nCookie: JSESSIONID=" + canary + "; mfa_binding=" + canary + "\r\nAuthorization: Basic " + encoded("admin:"+enginePassword) + "\r\n" +
		"X-Forwarded-For: 127.0.0.1, " + canary + "\r\nX-Original-URL: /api/server/status\r\nX-Rewrite-URL: /api/server/status\r\nX-HTTP-Method-Override: GET\r\n" +
		"X-Mirth-Server-Url: https://" + canary + "\r\nContent-Type: application/xml\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

const hostileBody = "<" + canary + "><dynamic-proxy/></" + canary + ">"

// speaker sends requests over one connection for as long as that lives.
type speaker struct {
	h    *gatehouse
	conn net.Conn
	in   *bufio.Reader
}

func (s *speaker) ask(t *testing.T, method, request string) (int, string) {
	t.Helper()
	for try := 0; ; try++ {
		if s.conn == nil {
			s.conn = s.h.dial(t)
			s.in = bufio.NewReader(s.conn)
		}
		_, err := io.WriteString(s.conn, request)
		var resp *http.Response
		if err == nil {
			resp, err = http.ReadResponse(s.in, &http.Request{Method: method})
		}
		if err == nil {
			body, readErr := io.ReadAll(resp.Body)
			if readErr != nil || resp.Close {
				s.close()
			}
			return resp.StatusCode, string(body)
		}
		s.close()
		if try == 1 {
			t.Errorf("%.80q: %v", request, err)
			return 0, ""
		}
	}
}

func (s *speaker) close() {
	if s.conn != nil {
		_ = s.conn.Close()
		s.conn = nil
	}
}

// untouched fails the test when anything has reached the engine.
func (h *gatehouse) untouched(t *testing.T) {
	t.Helper()
	if n := h.engine.Received(); n != 0 || h.engine.Connections() != 0 {
		t.Errorf("%d bytes over %d connections reached the engine: %.400q", n, h.engine.Connections(), h.engine.Bytes())
	}
}

// Threats T026, T107, T110, T129-T133, T138, T139, T147: whatever the path and
// the method, without a session not one byte reaches the engine.
func TestHostileSpellingsReachNothing(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	targets := hostileTargets()
	if len(targets) < 150 {
		t.Fatalf("%d spellings, want 150 or more", len(targets))
	}
	var all sync.WaitGroup
	for _, method := range hostileMethods {
		all.Go(func() {
			s := &speaker{h: h}
			defer s.close()
			for _, target := range targets {
				status, body := s.ask(t, method, hostileRequest(method, target, hostileBody))
				switch {
				case status < 400 || status > 499:
					t.Errorf("%s %q = %d %.100q", method, target, status, body)
				case strings.Contains(body, canary):
					t.Errorf("%s %q is reflected: %q", method, target, body)
				}
			}
		})
	}
	all.Wait()
	h.untouched(t)
	t.Logf("%d spellings, %d methods", len(targets), len(hostileMethods))
}

// Threat T144: no body of anybody without a session reaches the engine, at any
// path that it has. Threat T018: Basic with right credentials opens nothing.
func TestEveryPathOfTheEngineIsClosed(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	var doc struct {
		Paths map[string]any `json:"paths"`
	}
	must(t, json.Unmarshal([]byte(h.send(t, "GET", "/api/openapi.json", "").body), &doc))
	h.engine.Forget()
	connected := h.engine.Connections()
	if len(doc.Paths) < 50 {
		t.Fatalf("%d paths in the engine's document", len(doc.Paths))
	}
	s := &speaker{h: h}
	defer s.close()
	for path := range doc.Paths {
		switch path {
		case "/server/version", "/server/status", "/openapi.json":
			continue
		}
		path = strings.NewReplacer("{", "", "}", "").Replace(path)
		for _, base := range []string{"/api", "/api/4.5.2", "/api/3.12"} {
			for _, method := range []string{"GET", "POST", "PUT"} {
				status, _ := s.ask(t, method, hostileRequest(method, base+path, hostileBody))
				own := strings.HasPrefix(path, "/users/_log") || strings.HasPrefix(path, "/users/_inactivity")
				refused := own && (status == http.StatusMethodNotAllowed || status == http.StatusUnsupportedMediaType)
				if status != http.StatusUnauthorized && !refused {
					t.Errorf("%s %s%s = %d, want 401", method, base, path, status)
				}
			}
		}
	}
	if n := h.engine.Received(); n != 0 || h.engine.Connections() != connected {
		t.Errorf("%d bytes reached the engine: %.400q", n, h.engine.Bytes())
	}
}

// What everybody may ask is asked by us: nothing of the asking client is in
// the question.
func TestPublicAnswersAskNothingOfAClient(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	s := &speaker{h: h}
	defer s.close()
	for _, target := range []string{
		"/api/server/version", "/api/4.5.2/server/status", "/api/openapi.json", "/webstart.jnlp", "/webstart", "/webstart/client-lib/mirth-client.jar", "/api/",
		"/webstart/", "/webstart/x.jar", "/images/x", "/webstart.jnlp?" + canary, "/api/server/version?x=" + canary, "/webstart/client-lib/" + canary + ".jar", "/api/" + canary + "/", "/api/css/" + canary,
	} {
		request := strings.Replace(hostileRequest("GET", target, ""), "Accept: application/json", "Accept: */*", 1)
		if status, body := s.ask(t, "GET", request); status >= 500 || strings.Contains(body, canary) {
			t.Errorf("GET %s = %d, or reflected", target, status)
		}
	}
	if h.engine.Received() == 0 {
		t.Error("nobody asked the engine, so nothing was tested")
	}
	for _, b := range h.engine.Bytes() {
		if bytes.Contains(b, []byte(canary)) {
			t.Errorf("a client's words reached the engine: %.600q", b)
		}
	}
}

// framings are requests that two parsers might cut apart differently, each
// with a second one hidden in it where that makes sense.
func framings() map[string]string {
	const (
		head   = " /api/channels HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\n"
		hidden = "GET /api/users HTTP/1.1\r\nHost: a\r\nX-Requested-With: " + canary + "\r\n\r\n"
		chunks = "5\r\nhello\r\n0\r\n\r\n"
	)
	all := map[string]string{
		"CL and TE":                 "POST" + head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden,
		"TE and CL":                 "POST" + head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunks + hidden,
		"CL and TE, short":          "POST" + head + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG" + hidden,
		"two CL":                    "POST" + head + "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" + hidden,
		"two equal CL":              "POST" + head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + hidden,
		"CL list":                   "POST" + head + "Content-Length: 5,5\r\n\r\nhello" + hidden,
		"CL list, different":        "POST" + head + "Content-Length: 0, 5\r\n\r\nhello" + hidden,
		"CL plus":                   "POST" + head + "Content-Length: +5\r\n\r\nhello" + hidden,
		"CL minus":                  "POST" + head + "Content-Length: -1\r\n\r\nhello" + hidden,
		"CL hexadecimal":            "POST" + head + "Content-Length: 0x5\r\n\r\nhello" + hidden,
		"CL underscore":             "POST" + head + "Content-Length: 1_0\r\n\r\nhello" + hidden,
		"CL blank":                  "POST" + head + "Content-Length: \r\n\r\nhello" + hidden,
		"CL huge":                   "POST" + head + "Content-Length: 99999999999999999999\r\n\r\nhello" + hidden,
		"CL leading zeros":          "POST" + head + "Content-Length: 0005\r\n\r\nhello" + hidden,
		"CL with blank before":      "POST" + head + "Content-Length : 5\r\n\r\nhello" + hidden,
		"CL too short":              "POST" + head + "Content-Length: 1\r\n\r\nhello" + hidden,
		"TE xchunked":               "POST" + head + "Transfer-Encoding: xchunked\r\n\r\n" + chunks + hidden,
		"TE chunked, identity":      "POST" + head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks + hidden,
		"TE identity":               "POST" + head + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello" + hidden,
		"TE gzip, chunked":          "POST" + head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks + hidden,
		"TE twice":                  "POST" + head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden,
		"TE twice, second other":    "POST" + head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n" + chunks + hidden,
		"TE upper case":             "POST" + head + "Transfer-Encoding: CHUNKED\r\n\r\n" + chunks + hidden,
		"TE tab":                    "POST" + head + "Transfer-Encoding:\tchunked\r\n\r\n" + chunks + hidden,
		"TE vertical tab":           "POST" + head + "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunks + hidden,
		"TE blank before colon":     "POST" + head + "Transfer-Encoding : chunked\r\n\r\n" + chunks + hidden,
		"TE quoted":                 "POST" + head + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunks + hidden,
		"TE underscore":             "POST" + head + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello" + hidden,
		"TE folded":                 "POST" + head + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks + hidden,
		"TE in HTTP/1.0":            strings.Replace("POST"+head, "1.1", "1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n" + chunks + hidden,
		"bare LF":                   "GET /api/channels HTTP/1.1\nHost: a\nX-Requested-With: x\n\n" + hidden,
		"bare LF in a header":       "GET" + head + "X-A: b\nX-B: c\r\n\r\n" + hidden,
		"bare CR in a header":       "GET" + head + "X-A: b\rX-B: c\r\n\r\n" + hidden,
		"folded header":             "GET" + head + "X-A: b\r\n c\r\n\r\n" + hidden,
		"folded first header":       "GET /api/channels HTTP/1.1\r\n Host: a\r\n\r\n" + hidden,
		"NUL in a header":           "GET" + head + "X-A: b\x00c\r\n\r\n" + hidden,
		"blank in a name":           "GET" + head + "X A: b\r\n\r\n" + hidden,
		"no colon":                  "GET" + head + "Garbage\r\n\r\n" + hidden,
		"empty name":                "GET" + head + ": b\r\n\r\n" + hidden,
		"no Host":                   "GET /api/channels HTTP/1.1\r\nX-Requested-With: x\r\n\r\n" + hidden,
		"two Hosts":                 "GET" + head + "Host: b\r\n\r\n" + hidden,
		"odd Host":                  strings.Replace("GET"+head, "Host: a", "Host: a/b?c", 1) + "\r\n" + hidden,
		"chunk extension":           "POST" + head + "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n" + hidden,
		"chunk extension with LF":   "POST" + head + "Transfer-Encoding: chunked\r\n\r\n5;\nxx\r\nhello\r\n0\r\n\r\n" + hidden,
		"chunk size overlong":       "POST" + head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 40) + "5\r\nhello\r\n0\r\n\r\n" + hidden,
		"chunk size wraps":          "POST" + head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nhello\r\n0\r\n\r\n" + hidden,
		"chunk size 0x":             "POST" + head + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" + hidden,
		"chunk size minus":          "POST" + head + "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n" + hidden,
		"chunk without its end":     "POST" + head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n" + hidden,
		"chunk end of LF":           "POST" + head + "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n" + hidden,
		"trailers":                  "POST" + head + "Trailer: Cookie\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nCookie: JSESSIONID=" + canary + "\r\nAuthorization: Basic x\r\n\r\n" + hidden,
		"body on GET":               "GET" + head + "Content-Length: 5\r\n\r\nhello" + hidden,
		"chunked body on GET":       "GET" + head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + hidden,
		"body on HEAD":              "HEAD" + head + "Content-Length: 5\r\n\r\nhello" + hidden,
		"body on DELETE":            "DELETE" + head + "Content-Length: 5\r\n\r\nhello" + hidden,
		"body on OPTIONS":           "OPTIONS" + head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + hidden,
		"Expect":                    "POST" + head + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello" + hidden,
		"Expect, unknown":           "POST" + head + "Expect: " + canary + "\r\nContent-Length: 5\r\n\r\nhello" + hidden,
		"Upgrade websocket":         "GET" + head + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n" + hidden,
		"Upgrade h2c":               "GET" + head + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + hidden,
		"h2 preface":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden,
		"pipelined":                 hidden + hidden + hidden,
		"login and hidden":          loginTo("POST", "/api/users/_login/") + hidden,
		"Connection strips":         "GET" + head + "Connection: close, X-Requested-With, Cookie, X-Forwarded-For\r\n\r\n" + hidden,
		"HTTP/0.9":                  "GET /api/channels\r\n" + hidden,
		"HTTP/3.0":                  strings.Replace("GET"+head, "1.1", "3.0", 1) + "\r\n" + hidden,
		"HTTP/1.10":                 strings.Replace("GET"+head, "1.1", "1.10", 1) + "\r\n" + hidden,
		"lower-case protocol":       strings.Replace("GET"+head, "HTTP", "http", 1) + "\r\n" + hidden,
		"blanks in the request":     "GET  /api/channels  HTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
		"tab in the request":        "GET\t/api/channels\tHTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
		"leading blank line":        "\r\n" + hidden,
		"leading blank":             " " + hidden,
		"absolute form and Host":    strings.Replace("GET"+head, "/api", "https://evil/api", 1) + "\r\n" + hidden,
		"200 headers":               "GET" + head + strings.Repeat("X-A: b\r\n", 200) + "\r\n" + hidden,
		"long header":               "GET" + head + "X-A: " + strings.Repeat("b", 64<<10) + "\r\n\r\n" + hidden,
		"TLS hello inside":          "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1" + hidden,
		"proxy protocol":            "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + hidden,
		"session in the request":    "GET /api/channels;jsessionid=" + canary + " HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\n\r\n" + hidden,
		"two different JSESSIONIDs": "GET" + head + "Cookie: JSESSIONID=" + canary + "\r\nCookie: $Version=1; JSESSIONID=\"" + canary + "\"\r\n\r\n" + hidden,
	}
	return all
}

// Threat T135: smuggling and framing probes over raw connections. Without a
// session nothing of them reaches the engine, hidden requests included, and
// none gets a success.
func TestFramingProbesReachNothing(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	probes := framings()
	if len(probes) < 60 {
		t.Fatalf("%d probes, want 60 or more", len(probes))
	}
	slots := make(chan struct{}, 8)
	var all sync.WaitGroup
	for name, probe := range probes {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			for line := range strings.SplitSeq(h.probe(t, probe), "\n") {
				if strings.HasPrefix(line, "HTTP/1.") && !strings.HasPrefix(line[8:], " 4") && !strings.HasPrefix(line[8:], " 5") && !strings.HasPrefix(line[8:], " 100") {
					t.Errorf("%s: %s", name, line)
				}
			}
		})
	}
	all.Wait()
	h.untouched(t)
}

// probe sends bytes, says that there are no more, and returns all that comes
// back.
func (h *gatehouse) probe(t *testing.T, bytes string) string {
	t.Helper()
	conn := h.dial(t)
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, bytes); err != nil {
		return "" // refused while it was being sent
	}
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	must(t, conn.SetReadDeadline(time.Now().Add(15*time.Second)))
	answer, err := io.ReadAll(conn)
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		t.Errorf("no end of the answer to %.80q", bytes)
	}
	return string(answer)
}
