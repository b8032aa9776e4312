package web_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"mfaserver/internal/mirth"
	"mfaserver/web"
)

// Whatever is read from a form is what any other reader would read.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"username=admin&password=right", "username=a&username=b", "%75sername=x", "username=%zz", "username=%ff", "&&=&", "username", "a=b;c=d", "username=a+b%2B",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := web.ParseForm(body)
		if err != nil {
			return
		}
		for name, value := range got {
			if !utf8.ValidString(value) || name != "username" && name != "password" {
				t.Fatalf("ParseForm(%q) gave %q = %q", body, name, value)
			}
		}
		if strings.Contains(body, ";") {
			return // net/url refuses these as a whole
		}
		other, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("ParseForm(%q) accepted what net/url refuses: %v", body, err)
		}
		for _, name := range []string{"username", "password"} {
			if len(other[name]) > 1 || other.Get(name) != got[name] {
				t.Fatalf("ParseForm(%q)[%s] = %q, net/url reads %q", body, name, got[name], other[name])
			}
		}
	})
}

// What a callback accepts is made of Duo's alphabets alone.
func FuzzParseRedirect(f *testing.F) {
	for _, seed := range []string{
		"state=" + state + "&duo_code=" + code, "duo_code=" + code + "&state=" + state, "state=" + state + "&error=access_denied&error_description=a+b",
		"state=" + state + "&duo_code=%3Cscript%3E", "state=" + state + "&state=" + state, "state[]=x", "", "&", "state",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		st, c, refused, err := web.ParseRedirect(query)
		if err != nil {
			return
		}
		if !mirth.ValidState(st) || refused == mirth.ValidCode(c) {
			t.Fatalf("ParseRedirect(%q) = %q, %q, %v", query, st, c, refused)
		}
		if strings.Count(query, "=") < 2 || strings.Contains(query, ";") {
			t.Fatalf("ParseRedirect(%q) accepted", query)
		}
	})
}

// Threat T137: whatever stands in X-Forwarded-For, the client is the peer or
// an address that a trusted proxy wrote, and what is further left changes
// nothing. Threat T182.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.7", "198.51.100.9, 203.0.113.7,10.0.0.5", "garbage, 203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7", "10.0.0.9, 10.0.0.5",
		"203.0.113.7:5000", "fe80::1%eth0", "", ",", "0.0.0.0", "invalid IP", "203.0.113.007", "2001:DB8::7", "\t10.0.0.1 , 203.0.113.7\t",
	} {
		f.Add(seed, "192.0.2.1")
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}
	who := web.Clients(trusted)
	peer := netip.MustParseAddr("10.0.0.1")
	ask := func(lines ...string) (netip.Addr, bool) {
		c := who(&http.Request{RemoteAddr: "10.0.0.1:5000", Header: http.Header{"X-Forwarded-For": lines}})
		return c.Addr, !c.Forwarded
	}
	f.Fuzz(func(t *testing.T, line, left string) {
		addr, proven := ask(line)
		if !addr.IsValid() || !proven && addr != peer {
			t.Fatalf("%q: %v, proven %v", line, addr, proven)
		}
		stranger := !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
		if proven && !strings.Contains(line, addr.String()) {
			t.Fatalf("%q: %v was not written there", line, addr)
		}
		if !proven || !stranger {
			return
		}
		for _, lines := range [][]string{{left + "," + line}, {left, line}} {
			if other, sure := ask(lines...); other != addr || !sure {
				t.Fatalf("%q makes of %v %v", lines, addr, other)
			}
		}
	})
}

// What a client takes does not depend on how it spaces and spells it, nor on
// how many lines it needs.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"text/plain", "*/*", "application/json, */*;q=0.1", "application/xml;q=0, application/json", "text/*;q=0", "TEXT/PLAIN;Q=0.5", ";;,", "a/b;q=2",
		"application/json;q=NaN", "text/plain;q=-0", "application/json;q=1e-400",
	} {
		f.Add(seed, seed)
	}
	ask := func(lines ...string) [2]bool {
		r := &http.Request{Header: http.Header{"Accept": lines}}
		return [2]bool{web.NamesJSON(r), web.TakesPlain(r)}
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		got := ask(one, two)
		if joined := ask(one + "," + two); joined != got {
			t.Fatalf("%q, %q in two lines: %v, in one: %v", one, two, got, joined)
		}
		if blank := ask(" "+one+" ", "", "\t"+two); blank != got {
			t.Fatalf("%q, %q with blanks: %v, without: %v", one, two, blank, got)
		}
		if turned := ask(two, one); turned[0] != got[0] {
			t.Fatalf("%q, %q: JSON %v, the other way round %v", one, two, got[0], turned[0])
		}
		if got[0] && !strings.Contains(strings.ToLower(one+","+two), "application/json") {
			t.Fatalf("%q, %q names no JSON", one, two)
		}
	})
}
