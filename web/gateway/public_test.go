package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/web/gateway"
)

func describedPaths(tb testing.TB, client *engine.Client) []string {
	tb.Helper()
	doc, err := client.OpenAPI(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	var d struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		tb.Fatal(err)
	}
	var paths []string
	for p := range d.Paths {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// What is public is answered in the engine's words and form.
func TestPublic(t *testing.T) {
	t.Parallel()
	_, client := newEngine(t, mirthtest.Config{}, nil)
	h := newHouse(t, before(client))
	for _, c := range []struct {
		target, accept string
		status         int
		contentType    string
		body           string
	}{
		{"/api/server/version", "text/plain", 200, "text/plain", "4.5.2"},
		{"/api/server/version", "", 200, "text/plain", "4.5.2"},
		{"/api/server/version", "*/*", 200, "text/plain", "4.5.2"},
		{"/api/server/version", "text/*;q=0.1", 200, "text/plain", "4.5.2"},
		{"/api/server/version", "application/xml", 406, "", ""},
		{"/api/server/version", "text/plain;q=0", 406, "", ""},
		{"/api/server/version", "text/plain;q=0, */*", 406, "", ""},
		{"/api/server/status", "application/xml", 200, "application/xml", "<int>0</int>"},
		{"/api/server/status", "application/json", 200, "application/json", `{"int":0}`},
		{"/api/server/status", "text/html", 406, "", ""},
	} {
		r := h.request(t, http.MethodGet, c.target, http.NoBody, nil)
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		res, body := h.do(t, r)
		if res.StatusCode != c.status || body != c.body || res.Header.Get("Content-Type") != c.contentType {
			t.Errorf("GET %s, %s = %d %q %q, want %d %q %q", c.target, c.accept, res.StatusCode, res.Header.Get("Content-Type"), body,
				c.status, c.contentType, c.body)
		}
		if res.Header.Get("Strict-Transport-Security") == "" || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("GET %s has %v", c.target, res.Header)
		}
	}
	if res, body := h.get(t, "/api/openapi.json", nil); res.StatusCode != http.StatusOK || !json.Valid([]byte(body)) ||
		res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("GET openapi.json = %d %v", res.StatusCode, res.Header)
	}
	if res, body := h.do(t, h.request(t, http.MethodHead, "/api/server/version", http.NoBody, nil)); res.StatusCode != 200 || body != "" {
		t.Errorf("HEAD = %d %q", res.StatusCode, body)
	}
	if res, _ := h.do(t, h.request(t, http.MethodPost, "/api/server/version", http.NoBody, nil)); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST = %d, want 405", res.StatusCode)
	}
}

// Threats T143, T144: however a client without a session asks, what the engine
// is sent is the same, byte for byte, and once in half a minute.
func TestPublicSendsNothingOfTheClient(t *testing.T) {
	t.Parallel()
	var bytesSeen []string
	for i := range 2 {
		s, client := newEngine(t, mirthtest.Config{}, nil)
		h := newHouse(t, before(client))
		for _, target := range []string{"/api/server/version", "/api/server/status", "/api/openapi.json"} {
			for range 3 {
				r := h.request(t, http.MethodGet, target, http.NoBody, nil)
				if i == 1 {
					r = h.request(t, http.MethodGet, target+"?evil=1&x=<a>", strings.NewReader("<evil/>"), nil)
					r.Host = "evil.example"
					for _, name := range []string{"X-Forwarded-For", "User-Agent", "Cookie", "Authorization", "X-Evil", "Accept-Language", "Range"} {
						r.Header.Set(name, "evil=1")
					}
				}
				h.do(t, r)
			}
		}
		if n := len(s.Requests()); n != 3 {
			t.Errorf("the engine has seen %d requests, want 3", n)
		}
		all := ""
		for _, r := range s.Requests() {
			var header strings.Builder
			_ = r.Header.Write(&header)
			all += r.Method + r.Target + header.String() + string(r.Body) + "\n"
		}
		bytesSeen = append(bytesSeen, all)
		if strings.Contains(all, "evil") {
			t.Errorf("the engine has seen %s", all)
		}
	}
	if bytesSeen[0] != bytesSeen[1] {
		t.Errorf("the engine has seen\n%s\nand\n%s", bytesSeen[0], bytesSeen[1])
	}
}

// Threat T144: without a session no body and no header of a client reaches any
// path of the engine.
func TestNothingBeforeTheSession(t *testing.T) {
	t.Parallel()
	_, described := newEngine(t, mirthtest.Config{}, nil)
	paths := describedPaths(t, described)
	s, client := newEngine(t, mirthtest.Config{}, nil)
	h := newHouse(t, before(client))
	asked := 0
	for _, p := range paths {
		target := "/api" + strings.NewReplacer("{", "", "}", "").Replace(p)
		if p == "/server/version" || p == "/server/status" || p == "/openapi.json" {
			continue
		}
		for _, method := range []string{http.MethodPost, http.MethodPut} {
			r := h.request(t, method, target, strings.NewReader("<sorted-set><dynamic-proxy/></sorted-set>"), nil)
			r.Header.Set("Content-Type", "application/xml")
			if res, _ := h.do(t, r); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s %s = %d, want 401", method, target, res.StatusCode)
			}
			asked++
		}
	}
	if n := s.Received(); n != 0 || asked < 80 {
		t.Errorf("the engine has received %d bytes for %d requests, want 0", n, asked)
	}
}

// Threat T143: the version can be hidden.
func TestHideVersion(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Public.HideVersion = true
	})
	if res, body := h.get(t, "/api/server/version", nil); res.StatusCode != http.StatusNotFound || body != "" {
		t.Errorf("GET = %d %q, want an empty 404", res.StatusCode, body)
	}
}

var errDown = errors.New("engine down")

// What the engine said is good for half a minute, that it did not answer for a
// second; many who ask at once make one question.
func TestPublicIsCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		answer := func() (string, error) { return "4.5.2", nil }
		e := newFakeEngine()
		e.version = func() (string, error) {
			time.Sleep(time.Millisecond)
			return fmt.Sprintf("4.5.%d", asked.Add(1)), errors.Join(func() error { _, err := answer(); return err }())
		}
		e.status = func() (mirth.Int, error) { return 3, nil }
		g := publicGateway(t, e)
		get := func() (int, string) {
			rec := newRecorder()
			g.Version(rec, request("/api/server/version"))
			return rec.Code, rec.Body.String()
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if code, body := get(); code != http.StatusOK || body != "4.5.1" {
					t.Errorf("GET = %d %q", code, body)
				}
			})
		}
		wg.Wait()
		time.Sleep(29 * time.Second)
		if _, body := get(); body != "4.5.1" {
			t.Errorf("after 29 s: %q", body)
		}
		time.Sleep(time.Second)
		if _, body := get(); body != "4.5.2" {
			t.Errorf("after 30 s: %q", body)
		}
		answer = func() (string, error) { return "", errDown }
		time.Sleep(30 * time.Second)
		for range 5 {
			if code, body := get(); code != http.StatusServiceUnavailable || body != "" {
				t.Errorf("while it is down: %d %q", code, body)
			}
		}
		if n := asked.Load(); n != 3 {
			t.Errorf("the engine was asked %d times, want 3", n)
		}
		answer = func() (string, error) { return "4.5.2", nil }
		time.Sleep(time.Second)
		if code, _ := get(); code != http.StatusOK {
			t.Errorf("when it is back: %d", code)
		}
	})
}

// publicGateway has no engine behind it but e.
func publicGateway(tb testing.TB, e gateway.Engine) *gateway.Gateway {
	tb.Helper()
	h := &house{}
	g := newGateway(tb, h, func(c *gateway.Config) {
		c.Sessions, c.Recorder, c.Engine = brokenSessions{}, &audittest.Memory{}, e
		c.Target = &url.URL{Scheme: "https", Host: "engine.example"}
		c.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errDown })
	})
	return g
}
