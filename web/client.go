package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"mfaserver/mfa"
)

// bindingCookie holds the value that ties the second call to the first. It
// opens nothing (threat T030).
const bindingCookie = "mfa_binding"

// maxAgent is how much of a User-Agent is kept.
const maxAgent = 256

// client says who sent r, as far as that can be trusted.
func (s *Server) client(r *http.Request) mfa.Client { return clientOf(r, s.cfg.TrustedProxies) }

func clientOf(r *http.Request, trusted []netip.Prefix) mfa.Client {
	addr, proven := clientAddr(r, trusted)
	return mfa.Client{
		Addr:      addr,
		Forwarded: !proven,
		UserAgent: shortAgent(r.UserAgent()),
		Binding:   bindingOf(r),
		RequestID: RequestID(r.Context()),
	}
}

// Clients returns the function that says who sent a request as this package
// does, for the rooms beside it.
func Clients(trusted []netip.Prefix) func(*http.Request) mfa.Client {
	return func(r *http.Request) mfa.Client { return clientOf(r, trusted) }
}

// ClientAddr returns the function that tells a request's client address as
// this package does, for others who note it.
func ClientAddr(trusted []netip.Prefix) func(*http.Request) netip.Addr {
	return func(r *http.Request) netip.Addr {
		addr, _ := clientAddr(r, trusted)
		return addr
	}
}

// clientAddr returns the address of the client: the TCP peer or, when that is
// a trusted proxy, the right-most entry of X-Forwarded-For that is not one
// itself (threat T137). proven is false when the address may be shared by
// many: a proxy stands in between that is not trusted, or a trusted one does
// not say for whom it speaks.
func clientAddr(r *http.Request, trusted []netip.Prefix) (addr netip.Addr, proven bool) {
	peer := peerAddr(r)
	if !inAny(trusted, peer) {
		return peer, !forwarded(r.Header)
	}
	entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	var last netip.Addr
	for _, e := range slices.Backward(entries) {
		entry, ok := canonicalAddr(strings.Trim(e, " \t"))
		if !ok {
			return peer, false
		}
		if !inAny(trusted, entry) {
			return entry, true
		}
		last = entry
	}
	return last, true
}

// peerAddr is the other end of the TCP connection.
func peerAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// canonicalAddr accepts an address only in the one form that [netip.Addr]
// writes, or as an IPv4-mapped one; no zone, no port.
func canonicalAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.String() != s || a.IsUnspecified() {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

func inAny(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwarded reports whether a request shows that a proxy passed it on.
func forwarded(h http.Header) bool {
	for name := range h {
		switch name {
		case "Forwarded", "Via", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Client-Ip", "X-Cluster-Client-Ip":
			return true
		}
		if strings.HasPrefix(name, "X-Forwarded") {
			return true
		}
	}
	return false
}

// bindingOf returns the value of the binding cookie; empty when it is absent,
// quoted, or there is more than one.
func bindingOf(r *http.Request) string {
	cookies := r.CookiesNamed(bindingCookie)
	if len(cookies) != 1 || cookies[0].Quoted || len(cookies[0].Value) > 128 {
		return ""
	}
	return cookies[0].Value
}

// shortAgent cuts what a client calls itself to a length worth keeping.
func shortAgent(agent string) string {
	agent = strings.ToValidUTF8(agent, "\uFFFD")
	if len(agent) <= maxAgent {
		return agent
	}
	cut := maxAgent
	for !utf8.RuneStart(agent[cut]) {
		cut--
	}
	return agent[:cut]
}
