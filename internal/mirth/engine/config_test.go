package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
)

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	const url = "https://engine.example:8443"
	tests := []struct {
		name   string
		config engine.Config
	}{
		{"no URL", engine.Config{}},
		{"no scheme", engine.Config{URL: "engine.example:8443"}},
		{"other scheme", engine.Config{URL: "ftp://engine.example"}},
		{"path", engine.Config{URL: url + "/api"}},
		{"query", engine.Config{URL: url + "?x"}},
		{"empty query", engine.Config{URL: url + "?"}},
		{"fragment", engine.Config{URL: url + "#"}},
		{"user", engine.Config{URL: "https://admin:admin@engine.example"}},
		{"no host", engine.Config{URL: "https://:8443"}},
		{"port", engine.Config{URL: "https://engine.example:0"}},
		{"high port", engine.Config{URL: "https://engine.example:65536"}},
		{"empty port", engine.Config{URL: "https://engine.example:"}},
		{"unreadable", engine.Config{URL: "https://%zz"}},
		{"http without leave", engine.Config{URL: "http://127.0.0.1:8080"}},
		{"http elsewhere", engine.Config{URL: "http://192.0.2.1:8080", AllowHTTP: true}},
		{"http to a name", engine.Config{URL: "http://engine.example:8080", AllowHTTP: true}},
		{"short pin", engine.Config{URL: url, PinSHA256: []string{"ab12"}}},
		{"odd pin", engine.Config{URL: url, PinSHA256: []string{strings.Repeat("xy", 32)}}},
		{"insecure with a pin", engine.Config{URL: url, Insecure: true, PinSHA256: []string{strings.Repeat("ab", 32)}}},
		{"insecure with a CA", engine.Config{URL: url, Insecure: true, CA: s.CAPool()}},
		{"negative timeout", engine.Config{URL: url, Timeout: -1}},
		{"negative concurrency", engine.Config{URL: url, MaxConcurrent: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := engine.New(tt.config)
			if !errors.Is(err, engine.ErrConfig) {
				t.Errorf("got %v, want %v", err, engine.ErrConfig)
			}
			if err != nil && strings.Contains(err.Error(), "admin:") {
				t.Errorf("the error shows the URL: %v", err)
			}
		})
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"https://Engine.Example:8443", "https://engine.example:8443/"} {
		c, err := engine.New(engine.Config{URL: text})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		c.Base().Host = "changed.example"
		if got := c.Base().String(); got != "https://engine.example:8443" {
			t.Errorf("got %s", got)
		}
	}
}

// Threat T154: nothing is sent to an engine that shows another certificate
// than the configured one, and a change of certificates can be prepared.
func TestTrust(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	other := startEngine(t, mirthtest.Config{})
	named := startEngine(t, mirthtest.Config{Hosts: []string{"engine.example"}})
	colons := strings.ToUpper(s.PinSHA256())
	for i := 62; i > 0; i -= 2 {
		colons = colons[:i] + ":" + colons[i:]
	}
	tests := []struct {
		name   string
		server *mirthtest.Server
		config engine.Config
		want   error
	}{
		{"its CA", s, engine.Config{CA: s.CAPool()}, nil},
		{"its pin", s, engine.Config{PinSHA256: []string{s.PinSHA256()}}, nil},
		{"its pin with colons", s, engine.Config{PinSHA256: []string{colons}}, nil},
		{"the next pin beside it", s, engine.Config{PinSHA256: []string{other.PinSHA256(), s.PinSHA256()}}, nil},
		{"its pin without its name", named, engine.Config{PinSHA256: []string{named.PinSHA256()}}, nil},
		{"CA and pin", s, engine.Config{CA: s.CAPool(), PinSHA256: []string{s.PinSHA256()}}, nil},
		{"anything", s, engine.Config{Insecure: true}, nil},
		{"another CA", s, engine.Config{CA: other.CAPool()}, engine.ErrUntrusted},
		{"the system's CAs", s, engine.Config{}, engine.ErrUntrusted},
		{"another pin", s, engine.Config{PinSHA256: []string{other.PinSHA256()}}, engine.ErrUntrusted},
		{"its CA with another pin", s, engine.Config{CA: s.CAPool(), PinSHA256: []string{other.PinSHA256()}}, engine.ErrUntrusted},
		{"its pin with another CA", s, engine.Config{CA: other.CAPool(), PinSHA256: []string{s.PinSHA256()}}, engine.ErrUntrusted},
		{"another name", named, engine.Config{CA: named.CAPool()}, engine.ErrUntrusted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.config.URL = tt.server.URL
			c, err := engine.New(tt.config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			before := tt.server.Received()
			_, err = c.Login(t.Context(), "ada", secret.New(password))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil && tt.server == named && tt.server.Received() != before {
				t.Error("bytes were sent")
			}
		})
	}
	t.Run("nothing was sent", func(t *testing.T) {
		t.Parallel()
		s := startEngine(t, mirthtest.Config{})
		c := newClient(t, s, func(c *engine.Config) { c.CA = other.CAPool() })
		if _, err := c.Login(t.Context(), "ada", secret.New(password)); !errors.Is(err, engine.ErrUntrusted) {
			t.Errorf("got %v", err)
		}
		if n := s.Received(); n != 0 {
			t.Errorf("%d bytes were sent", n)
		}
	})
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{Plain: true})
	c := newClient(t, s, func(c *engine.Config) { c.CA, c.AllowHTTP = nil, true })
	login(t, c)
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	c := newClient(t, s, nil)
	login(t, c)
	s.Kill()
	if _, err := c.Login(t.Context(), "ada", secret.New(password)); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	login(t, c)
}

func TestSilence(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	c := newClient(t, s, func(c *engine.Config) { c.Timeout = 50 * time.Millisecond })
	s.Misbehave(mirthtest.Faults{Wait: time.Hour})
	if _, err := c.Version(t.Context()); !errors.Is(err, engine.ErrUnavailable) {
		t.Errorf("version: %v", err)
	}
	if _, err := c.CurrentUser(t.Context(), secret.New("node0abcdefgh")); !errors.Is(err, engine.ErrUnavailable) || errors.Is(err, engine.ErrNoSession) {
		t.Errorf("current user: %v", err)
	}
}
