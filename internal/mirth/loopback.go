package mirth

import "strings"

// LoopbackServerURL reports whether s is where a program on the user's own
// machine waits for the browser to come back: http on 127.0.0.1 or [::1] with
// a port (RFC 8252 section 7.3), in this spelling and with nothing behind it.
// A name such as localhost is none: what it stands for is decided elsewhere
// (section 8.3).
func LoopbackServerURL(s string) bool {
	for _, host := range []string{"http://127.0.0.1:", "http://[::1]:"} {
		if port, ok := strings.CutPrefix(s, host); ok {
			return port != "" && validPort(port)
		}
	}
	return false
}
