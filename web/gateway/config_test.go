package gateway_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"testing"

	"mfaserver/internal/audit/audittest"
	"mfaserver/web/gateway"
)

func goodConfig() gateway.Config {
	return gateway.Config{
		Target: &url.URL{Scheme: "https", Host: "engine.example:8443"}, Transport: engineTransport(), Engine: newFakeEngine(),
		Client: clientAddr, Cookies: plainCookies{}, Sessions: brokenSessions{}, Recorder: &audittest.Memory{},
		Logger: slog.New(slog.DiscardHandler),
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if _, err := gateway.New(goodConfig()); err != nil {
		t.Errorf("New(good) = %v", err)
	}
	header := func(name string) func(*gateway.Config) {
		return func(c *gateway.Config) { c.RequestHeaders = []string{name} }
	}
	for name, change := range map[string]func(*gateway.Config){
		"no target":            func(c *gateway.Config) { c.Target = nil },
		"a target with a path": func(c *gateway.Config) { c.Target.Path = "/api" },
		"a target with a user": func(c *gateway.Config) { c.Target.User = url.User("a") },
		"another scheme":       func(c *gateway.Config) { c.Target.Scheme = "ftp" },
		"no transport":         func(c *gateway.Config) { c.Transport = nil },
		"a transport inflates": func(c *gateway.Config) { c.Transport = &http.Transport{} },
		"a transport by a proxy": func(c *gateway.Config) {
			c.Transport = &http.Transport{DisableCompression: true, Proxy: http.ProxyFromEnvironment}
		},
		"no engine":               func(c *gateway.Config) { c.Engine = nil },
		"no client":               func(c *gateway.Config) { c.Client = nil },
		"no cookies":              func(c *gateway.Config) { c.Cookies = nil },
		"no sessions":             func(c *gateway.Config) { c.Sessions = nil },
		"no recorder":             func(c *gateway.Config) { c.Recorder = nil },
		"no logger":               func(c *gateway.Config) { c.Logger = nil },
		"a launcher without home": func(c *gateway.Config) { c.Public.Launcher = true },
		"a bad public URL":        func(c *gateway.Config) { c.PublicURLs = []string{"http://x"} },
		"a negative limit":        func(c *gateway.Config) { c.Limits.MaxRequest = -1 },
		"a cookie crosses":        header("cookie"),
		"credentials cross":       header("AUTHORIZATION"),
		"an address crosses":      header("X-Forwarded-Port"),
		"a method crosses":        header("X-HTTP-Method-Override"),
		"login data crosses":      header("X-Mirth-Login-Data"),
		"framing crosses":         header("transfer-encoding"),
		"an odd header":           header("X_Forwarded_For"),
		"no header":               header(""),
		"an answer's cookie":      func(c *gateway.Config) { c.ResponseHeaders = []string{"Set-Cookie"} },
		"an answer's origin":      func(c *gateway.Config) { c.ResponseHeaders = []string{"Access-Control-Allow-Origin"} },
	} {
		c := goodConfig()
		change(&c)
		if _, err := gateway.New(c); !errors.Is(err, gateway.ErrConfig) {
			t.Errorf("%s: New = %v, want ErrConfig", name, err)
		}
	}
}
