package mirth_test

import (
	"testing"

	"mfaserver/internal/mirth"
)

// Threats T020, T021: an address of the user's own machine has one spelling,
// and is never one of a server.
func TestLoopbackServerURL(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"http://127.0.0.1:1", "http://127.0.0.1:45123", "http://[::1]:65535"} {
		if !mirth.LoopbackServerURL(s) {
			t.Errorf("LoopbackServerURL(%q) = false, want true", s)
		}
		if _, err := mirth.NormalizeServerURL(s); err == nil {
			t.Errorf("NormalizeServerURL(%q): no error", s)
		}
	}
	for _, s := range []string{
		"", "http://127.0.0.1", "http://127.0.0.1:", "http://127.0.0.1:0", "http://127.0.0.1:080", "http://127.0.0.1:+80", "http://127.0.0.1:65536",
		"http://127.0.0.1:80/", "http://127.0.0.1:80/x", "http://127.0.0.1:80?x", "http://127.0.0.1:80#x", "http://127.0.0.1:80@evil.example",
		"http://127.0.0.1:80.evil.example", "http://127.0.0.1.evil.example:80", "http://evil@127.0.0.1:80", `http://127.0.0.1:80\@evil`,
		"http://localhost:80", "http://127.0.0.2:80", "http://127.1:80", "http://2130706433:80", "http://0x7f.0.0.1:80", "http://0.0.0.0:80",
		"http://[::1]", "http://[::1]:", "http://[0:0:0:0:0:0:0:1]:80", "http://[::ffff:127.0.0.1]:80", "http://[::1%25lo]:80", "http://::1:80", "http://[::]:80",
		"https://127.0.0.1:80", "HTTP://127.0.0.1:80", "http:127.0.0.1:80", "//127.0.0.1:80", " http://127.0.0.1:80", "http://127.0.0.1:80 ", "http://127.0.0.1:80\r\n",
		"http://127.0.0.1:80, http://127.0.0.1:80",
	} {
		if mirth.LoopbackServerURL(s) {
			t.Errorf("LoopbackServerURL(%q) = true, want false", s)
		}
	}
}
