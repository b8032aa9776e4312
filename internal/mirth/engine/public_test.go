package engine_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{Version: "4.6.0"})
	c := newClient(t, s, nil)
	if v, err := c.Version(t.Context()); v != "4.6.0" || err != nil {
		t.Errorf("version %q, %v", v, err)
	}
	if n, err := c.Status(t.Context()); n != 0 || err != nil {
		t.Errorf("status %d, %v", n, err)
	}
	doc, err := c.OpenAPI(t.Context())
	if err != nil || !json.Valid(doc) {
		t.Errorf("description: %v", err)
	}
	status, contentType, body, err := c.Get(t.Context(), "/webstart.jnlp", 1<<20)
	if status != http.StatusOK || contentType != "application/x-java-jnlp-file;charset=utf-8" ||
		!strings.Contains(string(body), s.URL) || err != nil {
		t.Errorf("launcher: %d %q %v\n%s", status, contentType, err, body)
	}
	if status, _, _, err := c.Get(t.Context(), "/nothing", 1<<20); status != http.StatusNotFound || err != nil {
		t.Errorf("nothing: %d %v", status, err)
	}
	if _, _, _, err := c.Get(t.Context(), "/webstart/client-lib/mirth-client.jar", 1000); !errors.Is(err, engine.ErrTooLarge) {
		t.Errorf("jar: %v", err)
	}
	for _, q := range s.Requests() {
		if len(q.Header["Cookie"])+len(q.Header["Authorization"]) > 0 || q.Header.Get("X-Requested-With") == "" {
			t.Errorf("%s with %v", q.Target, q.Header)
		}
	}
}

func TestPublicFaults(t *testing.T) {
	t.Parallel()
	raw := func(contentType, body string) mirthtest.Faults {
		return mirthtest.Faults{Raw: []byte("HTTP/1.1 200 OK\r\nContent-Type: " + contentType +
			"\r\nConnection: close\r\n\r\n" + body)}
	}
	tests := []struct {
		name   string
		faults mirthtest.Faults
	}{
		{"page", raw("text/html", "<html>")},
		{"empty", raw("text/plain", "")},
		{"long", raw("text/plain", strings.Repeat("1", 17<<20))},
		{"markup in it", raw("text/plain", "4.5.2<script>")},
		{"not found", mirthtest.Faults{Status: http.StatusNotFound}},
		{"unauthorised", mirthtest.Faults{Status: http.StatusUnauthorized}},
		{"redirect", mirthtest.Faults{Location: "https://engine.example/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			c := newClient(t, s, nil)
			s.Misbehave(tt.faults)
			if v, err := c.Version(t.Context()); v != "" || !errors.Is(err, engine.ErrMalformed) {
				t.Errorf("version %q, %v", v, err)
			}
			if _, err := c.Status(t.Context()); !errors.Is(err, engine.ErrMalformed) {
				t.Errorf("status: %v", err)
			}
			if doc, err := c.OpenAPI(t.Context()); doc != nil || !errors.Is(err, engine.ErrMalformed) {
				t.Errorf("description: %d bytes, %v", len(doc), err)
			}
		})
	}
}

func TestPathsRefused(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	c := newClient(t, s, nil)
	for _, path := range []string{
		"", "x", "//engine.example/", "/a//b", "/a/../b", "/a/./b", "/.hidden", "/a;b", "/a?b", "/a%2Fb", "/a#b", "/a b", "/a\\b", "/é",
	} {
		if _, _, _, err := c.Get(t.Context(), path, 1); !errors.Is(err, engine.ErrPath) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if n := s.Received(); n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}
