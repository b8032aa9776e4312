package web_test

import (
	"net/netip"
	"strings"
	"testing"

	"mfaserver/web"
)

// Threat T137: who the client is, with and without proxies that we know.
// Threat T182: spoofed headers make no new sources.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}
	for _, tt := range []struct {
		name      string
		trusted   []netip.Prefix
		headers   []string
		addr      string
		forwarded bool
	}{
		{name: "direct", addr: "127.0.0.1"},
		{name: "unknown proxy", headers: []string{"X-Forwarded-For", "203.0.113.7"}, addr: "127.0.0.1", forwarded: true},
		{name: "Forwarded", headers: []string{"Forwarded", "for=203.0.113.7"}, addr: "127.0.0.1", forwarded: true},
		{name: "Via", headers: []string{"Via", "1.1 squid"}, addr: "127.0.0.1", forwarded: true},
		{name: "X-Real-IP", headers: []string{"X-Real-IP", "203.0.113.7"}, addr: "127.0.0.1", forwarded: true},
		{name: "True-Client-IP", headers: []string{"True-Client-IP", "203.0.113.7"}, addr: "127.0.0.1", forwarded: true},
		{name: "CF-Connecting-IP", headers: []string{"CF-Connecting-IP", "203.0.113.7"}, addr: "127.0.0.1", forwarded: true},
		{name: "X-Forwarded-Proto", headers: []string{"X-Forwarded-Proto", "https"}, addr: "127.0.0.1", forwarded: true},
		{name: "trusted", trusted: proxies, headers: []string{"X-Forwarded-For", "203.0.113.7"}, addr: "203.0.113.7"},
		{name: "trusted, other headers", trusted: proxies, headers: []string{"X-Forwarded-For", "203.0.113.7", "X-Real-IP", "198.51.100.9", "Forwarded", "for=198.51.100.9"}, addr: "203.0.113.7"},
		{name: "chain of trusted", trusted: proxies, headers: []string{"X-Forwarded-For", "198.51.100.9, 203.0.113.7,10.0.0.5"}, addr: "203.0.113.7"},
		{name: "spoofed left part", trusted: proxies, headers: []string{"X-Forwarded-For", "garbage, 1.2.3.4, 203.0.113.7"}, addr: "203.0.113.7"},
		{name: "two lines", trusted: proxies, headers: []string{"X-Forwarded-For", "1.2.3.4", "X-Forwarded-For", "203.0.113.7"}, addr: "203.0.113.7"},
		{name: "IPv6", trusted: proxies, headers: []string{"X-Forwarded-For", "2001:db8::7, 2001:db8:1::1"}, addr: "2001:db8::7"},
		{name: "IPv4-mapped", trusted: proxies, headers: []string{"X-Forwarded-For", "::ffff:203.0.113.7"}, addr: "203.0.113.7"},
		{name: "all trusted", trusted: proxies, headers: []string{"X-Forwarded-For", "10.0.0.9, 10.0.0.5"}, addr: "10.0.0.9"},
		{name: "trusted and silent", trusted: proxies, addr: "127.0.0.1", forwarded: true},
		{name: "garbage", trusted: proxies, headers: []string{"X-Forwarded-For", "203.0.113.7, unknown"}, addr: "127.0.0.1", forwarded: true},
		{name: "empty entry", trusted: proxies, headers: []string{"X-Forwarded-For", "203.0.113.7,"}, addr: "127.0.0.1", forwarded: true},
		{name: "with port", trusted: proxies, headers: []string{"X-Forwarded-For", "203.0.113.7:5000"}, addr: "127.0.0.1", forwarded: true},
		{name: "leading zeros", trusted: proxies, headers: []string{"X-Forwarded-For", "203.0.113.007"}, addr: "127.0.0.1", forwarded: true},
		{name: "upper case IPv6", trusted: proxies, headers: []string{"X-Forwarded-For", "2001:DB8::7"}, addr: "127.0.0.1", forwarded: true},
		{name: "zone", trusted: proxies, headers: []string{"X-Forwarded-For", "fe80::1%eth0"}, addr: "127.0.0.1", forwarded: true},
		{name: "what no address is written as", trusted: proxies, headers: []string{"X-Forwarded-For", "invalid IP"}, addr: "127.0.0.1", forwarded: true},
		{name: "no address in particular", trusted: proxies, headers: []string{"X-Forwarded-For", "0.0.0.0"}, addr: "127.0.0.1", forwarded: true},
		{name: "the same in IPv6", trusted: proxies, headers: []string{"X-Forwarded-For", "::"}, addr: "127.0.0.1", forwarded: true},
		{name: "look-alike header", trusted: proxies, headers: []string{"X_Forwarded_For", "203.0.113.7"}, addr: "127.0.0.1", forwarded: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			s := newSite(t, w, func(c *web.Config) { c.TrustedProxies = tt.trusted })
			s.first(t, "admin", "right", tt.headers...)
			c := w.begun[0].Client
			if c.Addr != netip.MustParseAddr(tt.addr) || c.Forwarded != tt.forwarded {
				t.Errorf("client = %v, forwarded %v; want %s, %v", c.Addr, c.Forwarded, tt.addr, tt.forwarded)
			}
			if a := w.attempts[0]; a.Source != c.Addr {
				t.Errorf("password check counts for %v, want %v", a.Source, c.Addr)
			}
		})
	}
}

// The binding counts only when there is one.
func TestBindingCookie(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	for i, tt := range []struct{ cookie, want string }{
		{"mfa_binding=b", "b"},
		{"a=b; mfa_binding=b; JSESSIONID=x", "b"},
		{"mfa_binding=b; mfa_binding=c", ""},
		{"mfa_binding=b; mfa_binding=b", ""},
		{`mfa_binding="b"`, ""},
		{"mfa_binding=", ""},
		{"mfa_binding=" + strings.Repeat("b", 200), ""},
		{"MFA_BINDING=b", ""},
		{"", ""},
	} {
		s.first(t, "admin", "right", "Cookie", tt.cookie, "User-Agent", strings.Repeat("é", 200))
		c := w.begun[i].Client
		if c.Binding != tt.want {
			t.Errorf("Cookie %.40q: binding %q, want %q", tt.cookie, c.Binding, tt.want)
		}
		if c.UserAgent != strings.Repeat("é", 128) {
			t.Errorf("agent of %d bytes is kept as %d", 400, len(c.UserAgent))
		}
	}
}
