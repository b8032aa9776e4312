package compat_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// request is what a signed call is about.
type request struct {
	Method, Path string
	Params       url.Values
	// Canonical is the text that was signed, without the date.
	Canonical string
	// Media is of the body.
	Media string
}

// tap stands in front of the simulator and notes what it is asked.
type tap struct {
	host string
	mu   sync.Mutex
	seen []request
	bad  []string
}

// listen starts a tap. Keys are those whose signatures it holds against the
// canonical texts, which it makes by itself.
func listen(t *testing.T, s *duotest.Server, keys map[string]string) *tap {
	t.Helper()
	out := &tap{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		out.note(r, body, keys)
		s.Handler().ServeHTTP(w, r)
	}))
	cert, err := s.CA().Issue([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	out.host = server.Listener.Addr().String()
	return out
}

func signedParams(v url.Values) string {
	var pairs []string
	for name, values := range v {
		for _, value := range values {
			pairs = append(pairs, strings.ReplaceAll(url.QueryEscape(name)+"="+url.QueryEscape(value), "+", "%20"))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func sum(data []byte) string {
	h := sha512.Sum512(data)
	return hex.EncodeToString(h[:])
}

// note keeps a request with the canonical text that its signature is of.
func (p *tap) note(r *http.Request, body []byte, keys map[string]string) {
	query := r.URL.Query()
	got := request{Method: r.Method, Path: r.URL.Path, Params: query}
	if len(body) > 0 {
		got.Media = r.Header.Get("Content-Type")
	}
	head := strings.Join([]string{r.Method, r.Host, r.URL.EscapedPath()}, "\n")
	signed := query
	if got.Media == "application/x-www-form-urlencoded" {
		signed, _ = url.ParseQuery(string(body)) // checked by its signature
		got.Params = signed
	} else if len(body) > 0 {
		var members map[string]any
		_ = json.Unmarshal(body, &members) // checked by its signature
		for name, value := range members {
			got.Params.Set(name, fmt.Sprint(value))
		}
	}
	key, signature := "", ""
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")) // likewise
	key, signature, _ = strings.Cut(string(raw), ":")
	for _, text := range []string{
		head + "\n" + signedParams(signed),
		head + "\n" + signedParams(r.URL.Query()) + "\n" + sum(body) + "\n" + sum(nil),
	} {
		mac := hmac.New(sha512.New, []byte(keys[key]))
		mac.Write([]byte(r.Header.Get("Date") + "\n" + text))
		if hex.EncodeToString(mac.Sum(nil)) == signature {
			got.Canonical = text
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if got.Canonical == "" && key != "" {
		p.bad = append(p.bad, r.Method+" "+r.URL.Path)
	}
	p.seen = append(p.seen, got)
}

// take returns what was noted since the last time.
func (p *tap) take(t *testing.T) []request {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.bad) > 0 {
		t.Errorf("signed otherwise: %v", p.bad)
	}
	out := p.seen
	p.seen, p.bad = nil, nil
	return out
}
