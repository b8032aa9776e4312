package gateway

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// requestHeaders cross from the client to the engine, and no other does
// (threats T133, T136, T137, T138, T140). True marks those of which a second
// line would be another reading.
var requestHeaders = map[string]bool{
	"Accept":              false,
	"Accept-Charset":      false,
	"Accept-Encoding":     false,
	"Accept-Language":     false,
	"Cache-Control":       false,
	"Content-Disposition": true,
	"Content-Encoding":    true,
	"Content-Language":    true,
	"Content-Type":        true,
	"If-Match":            false,
	"If-Modified-Since":   true,
	"If-None-Match":       false,
	"If-Range":            true,
	"If-Unmodified-Since": true,
	"Pragma":              false,
	"Range":               true,
	"User-Agent":          true,
	"X-Requested-With":    true,
}

// responseHeaders cross from the engine to the client, and no other does
// (threat T148). Location has rules of its own.
var responseHeaders = map[string]bool{
	"Accept-Ranges":       true,
	"Allow":               true,
	"Content-Disposition": true,
	"Content-Encoding":    true,
	"Content-Language":    true,
	"Content-Length":      true,
	"Content-Range":       true,
	"Content-Type":        true,
	"Etag":                true,
	"Last-Modified":       true,
	"Retry-After":         true,
	"Vary":                true,
}

// loginHeaders belong to the login alone: a request that carries one is for
// nobody but us (threat T139).
var loginHeaders = []string{"X-Mirth-Login-Data", "X-Mirth-Server-Url"}

// ours are headers that no configuration lets cross: they carry credentials,
// frame the message, name an address or a method, or are set by us. What ends
// in a hyphen stands for all that begin so.
var ours = []string{
	"Access-Control-", "Alt-Svc", "Authorization", "Cf-Connecting-Ip", "Clear-Site-Data", "Connection", "Content-Length",
	"Content-Security-Policy", "Content-Security-Policy-Report-Only", "Cookie", "Cookie2", "Cross-Origin-", "Expect", "Forwarded",
	"Host", "Http2-Settings", "Idempotency-Key", "Keep-Alive", "Location", "Origin", "Proxy-", "Referer", "Refresh", "Sec-", "Server",
	"Set-Cookie", "Set-Cookie2", "Strict-Transport-Security", "Te", "Trailer", "Transfer-Encoding", "True-Client-Ip", "Upgrade", "Via",
	"Www-Authenticate", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Content-Type-Options", "X-Forwarded", "X-Forwarded-", "X-Frame-Options",
	"X-Http-Method", "X-Http-Method-Override", "X-Idempotency-Key", "X-Method-Override", "X-Mirth-", "X-Original-", "X-Powered-By",
	"X-Real-Ip", "X-Requested-With", "X-Rewrite-", "X-Original-Url", "X-Rewrite-Url",
}

// mayCross reports whether a configuration may name the header.
func mayCross(name string) bool {
	for i := range len(name) {
		b := name[i]
		if b != '-' && (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return false
		}
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	for _, o := range ours {
		if name == o || strings.HasSuffix(o, "-") && strings.HasPrefix(name, o) {
			return false
		}
	}
	return name != ""
}

// allowed joins the list that always crosses with a configured one.
func allowed(always map[string]bool, configured []string) map[string]bool {
	all := make(map[string]bool, len(always)+len(configured))
	for _, name := range configured {
		all[textproto.CanonicalMIMEHeaderKey(name)] = false
	}
	maps.Copy(all, always)
	return all
}

// crossing picks from h what the engine may see. It reports false when a
// header that has one value has two.
func (g *Gateway) crossing(h http.Header) (http.Header, bool) {
	out := make(http.Header, 8) // as many as nearly always
	for name, values := range h {
		single, ok := g.request[name]
		if !ok {
			continue
		}
		if single && len(values) > 1 {
			return nil, false
		}
		out[name] = slices.Clip(values)
	}
	return out, true
}

// setSecurityHeaders sets what every answer carries, unless whoever called has
// done so already (threat T148).
func setSecurityHeaders(h http.Header) {
	const last = "Strict-Transport-Security"
	if _, ok := h[last]; ok {
		return
	}
	h["Content-Security-Policy"] = []string{"frame-ancestors 'none'"}
	h["X-Frame-Options"] = []string{"DENY"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Cache-Control"] = []string{"no-store"}
	h["Pragma"] = []string{"no-cache"}
	h["Referrer-Policy"] = []string{"no-referrer"}
	h[last] = []string{"max-age=31536000"}
}
