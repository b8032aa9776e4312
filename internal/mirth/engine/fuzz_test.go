package engine_test

import (
	"errors"
	"net/url"
	"testing"

	"mfaserver/internal/mirth/engine"
)

// FuzzURL: a URL that is taken leads to one https server and carries nothing
// else.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"https://engine.example", "https://engine.example:8443/", "https://[::1]:8443", "http://127.0.0.1",
		"https://a@b", "https://a/b", "https://a?b", "https://a#b", "//a", "https://a:0", "https://[::1%25eth0]:1", "https://é", "https://a%2Fb",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := engine.New(engine.Config{URL: text})
		if err != nil {
			if !errors.Is(err, engine.ErrConfig) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		defer c.Close()
		b := c.Base()
		again, err := url.Parse(b.String())
		if err != nil || again.Host != b.Host || b.Scheme != "https" || b.Host == "" ||
			b.Path != "" || b.RawQuery != "" || b.Fragment != "" || b.User != nil {
			t.Errorf("%q became %q, %v", text, b, err)
		}
	})
}
