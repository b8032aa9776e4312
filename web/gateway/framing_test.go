package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// framed is an engine that counts what it can make of the bytes it gets.
func framed(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // what broke off is no request
	}
	if len(r.Trailer) != 0 {
		rw.Header().Set("X-Trailers", "yes")
	}
	rw.Header().Set("Content-Type", "text/plain")
	_, _ = fmt.Fprintf(rw, "%s %d", r.Method, len(body))
}

// Threat T135: whatever a client does to the framing, the engine sees at most
// one request, framed anew and equal to the one that we parsed.
func TestFraming(t *testing.T) {
	t.Parallel()
	const second = "GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	type probe struct{ name, head, body string }
	var probes []probe
	for _, method := range []string{"POST", "PUT", "DELETE", "GET", "HEAD"} {
		for name, p := range map[string]probe{
			"CL+TE":                 {"", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + second},
			"TE+CL":                 {"", "Transfer-Encoding: chunked\r\nContent-Length: 60\r\n", "0\r\n\r\n" + second},
			"two CL":                {"", "Content-Length: 4\r\nContent-Length: 5\r\n", "abcde" + second},
			"two equal CL":          {"", "Content-Length: 4\r\nContent-Length: 4\r\n", "abcd" + second},
			"CL with plus":          {"", "Content-Length: +4\r\n", "abcd" + second},
			"CL list":               {"", "Content-Length: 4,4\r\n", "abcd" + second},
			"CL negative":           {"", "Content-Length: -1\r\n", second},
			"CL hexadecimal":        {"", "Content-Length: 0x4\r\n", "abcd" + second},
			"CL blank":              {"", "Content-Length: \r\n", second},
			"CL huge":               {"", "Content-Length: 99999999999999999999\r\n", second},
			"TE unknown":            {"", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + second},
			"TE identity":           {"", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" + second},
			"TE twice":              {"", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n" + second},
			"TE with tab":           {"", "Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n" + second},
			"TE with space before":  {"", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + second},
			"TE underscore":         {"", "Transfer_Encoding: chunked\r\n", "0\r\n\r\n" + second},
			"TE underscore, CL":     {"", "Transfer_Encoding: chunked\r\nContent-Length: 4\r\n", "abcd" + second},
			"bare LF":               {"", "X-A: b\nContent-Length: 0\n", second},
			"bare CR":               {"", "X-A: b\rContent-Length: 0\r\n", second},
			"obs-fold":              {"", "X-A: b\r\n Content-Length: 9\r\nContent-Length: 4\r\n", "abcd" + second},
			"folded TE":             {"", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n" + second},
			"chunk extension":       {"", "Transfer-Encoding: chunked\r\n", "4;a=b\r\nabcd\r\n0\r\n\r\n" + second},
			"chunk extension, LF":   {"", "Transfer-Encoding: chunked\r\n", "4;a=b\nabcd\r\n0\r\n\r\n" + second},
			"chunk size too long":   {"", "Transfer-Encoding: chunked\r\n", "00000000000000000000000000000004\r\nabcd\r\n0\r\n\r\n" + second},
			"chunk size too large":  {"", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabcd\r\n0\r\n\r\n"},
			"chunk with 0x":         {"", "Transfer-Encoding: chunked\r\n", "0x4\r\nabcd\r\n0\r\n\r\n" + second},
			"chunk without CRLF":    {"", "Transfer-Encoding: chunked\r\n", "4\r\nabcdXX0\r\n\r\n" + second},
			"trailer Cookie":        {"", "Transfer-Encoding: chunked\r\nTrailer: Cookie\r\n", "4\r\nabcd\r\n0\r\nCookie: JSESSIONID=evil\r\n\r\n" + second},
			"trailer Authorization": {"", "Transfer-Encoding: chunked\r\n", "4\r\nabcd\r\n0\r\nAuthorization: Basic x\r\n\r\n" + second},
			"expect":                {"", "Expect: 100-continue\r\nContent-Length: 4\r\n", "abcd" + second},
			"expect something":      {"", "Expect: evil\r\nContent-Length: 4\r\n", "abcd" + second},
			"pipelined":             {"", "Content-Length: 4\r\n", "abcd" + second},
			"NUL in a header":       {"", "X-A: \x00\r\nContent-Length: 4\r\n", "abcd" + second},
		} {
			probes = append(probes, probe{method + " " + name, p.head, p.body})
		}
	}
	for _, p := range probes {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, framed)
			h := newHouse(t, to(w))
			_, cookie := h.signIn(t, "alice", canary)
			method, _, _ := strings.Cut(p.name, " ")
			answer := h.raw(t, fmt.Sprintf("%s /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nCookie: %s=%s\r\nConnection: close\r\n%s\r\n%s",
				method, cookie.Name, cookie.Value, p.head, p.body))
			h.Front.CloseClientConnections()
			checkFraming(t, w, answer)
		})
	}
}

func checkFraming(t *testing.T, w *wire, answer string) {
	t.Helper()
	got := string(w.bytes())
	lower := strings.ToLower(got)
	if n := strings.Count(got, " HTTP/1.1\r\n"); n > 1 || w.count.Load() > 1 {
		t.Errorf("the engine saw %d requests: %q", n, got)
	}
	for _, word := range []string{"smuggled", "evil", "authorization", "expect:", "trailer:", "x-a:", "transfer_encoding", "\r\n\t", "a=b"} {
		if head, _, _ := strings.Cut(lower, "\r\n\r\n"); strings.Contains(head, word) {
			t.Errorf("the engine saw %q in %q", word, got)
		}
	}
	if strings.Contains(lower, "get /api/smuggled") || strings.Contains(answer, "X-Trailers") {
		t.Errorf("the engine saw %q", got)
	}
	head, _, _ := strings.Cut(lower, "\r\n\r\n")
	if strings.Contains(head, "content-length:") && strings.Contains(head, "transfer-encoding:") || strings.Count(head, "content-length:") > 1 {
		t.Errorf("two framings in %q", got)
	}
	if len(strings.Split(head, "cookie: ")) > 2 {
		t.Errorf("two cookies in %q", got)
	}
}

// Threat T135: a body where the method gives it no meaning does not cross.
func TestBodyOfGet(t *testing.T) {
	t.Parallel()
	w := newWire(t, framed)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if res, _ := h.do(t, h.request(t, method, "/api/channels", strings.NewReader("abcd"), cookie)); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s with a body = %d, want 400", method, res.StatusCode)
		}
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		res, body := h.do(t, h.request(t, method, "/api/channels", strings.NewReader("abcd"), cookie))
		if want := method + " 4"; res.StatusCode != http.StatusOK || body != want {
			t.Errorf("%s = %d %q, want 200 %q", method, res.StatusCode, body, want)
		}
		// Length unknown to the client: chunks on both sides.
		res, body = h.do(t, h.request(t, method, "/api/channels", io.MultiReader(strings.NewReader("ab"), strings.NewReader("cd")), cookie))
		if want := method + " 4"; res.StatusCode != http.StatusOK || body != want {
			t.Errorf("%s in chunks = %d %q, want 200 %q", method, res.StatusCode, body, want)
		}
	}
}
