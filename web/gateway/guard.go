package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"mfaserver/session"
)

// guard judges a request by itself. It returns 0 for one that may cross. The
// policy before the routes has judged target and method already; here is the
// last place to do so, and it relies on nobody.
func (g *Gateway) guard(r *http.Request, s *session.Session) int {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if r.ContentLength != 0 {
			// A body that a method gives no meaning to is one that two
			// parsers may frame differently (threat T135).
			return http.StatusBadRequest
		}
	case http.MethodPost, http.MethodPut, http.MethodDelete:
		if foreignSite(r.Header) {
			return http.StatusBadRequest
		}
	default:
		return http.StatusMethodNotAllowed
	}
	switch {
	case !onePath(r.URL, r.RequestURI), !oneQuery(r.URL.RawQuery):
		return http.StatusBadRequest
	case ownPath(r.URL.Path):
		return http.StatusNotFound
	case carriesLogin(r.Header):
		return http.StatusBadRequest
	case s.Key != (session.Key{}) && strings.TrimSpace(r.Header.Get("X-Requested-With")) == "":
		// A browser sends a cookie by itself, but not this header (threat T153).
		return http.StatusBadRequest
	case r.ContentLength > g.cfg.Limits.MaxRequest:
		return http.StatusRequestEntityTooLarge
	}
	return 0
}

// onePath reports whether the path of u is what the client wrote, is below
// the API, and means the same to whoever decodes it once, twice or not at all
// (threats T110, T130, T131).
func onePath(u *url.URL, target string) bool {
	raw, _, _ := strings.Cut(target, "?")
	if raw != u.EscapedPath() || u.Host != "" || u.Opaque != "" || u.Fragment != "" {
		return false
	}
	if !strings.HasPrefix(raw, "/api/") || !utf8.ValidString(u.Path) || strings.ContainsAny(raw, ";\\") {
		return false
	}
	return oneReading(u.Path) && strings.Count(u.Path, "/") == strings.Count(raw, "/")
}

// oneReading judges a decoded path: no delimiter has come out of an escape, no
// segment is one that a server folds away.
func oneReading(path string) bool {
	for i := range len(path) {
		switch b := path[i]; {
		case b < 0x20, b == 0x7f, strings.IndexByte(`;\%?#`, b) >= 0:
			return false
		}
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		if s == "" && i < len(segments)-1 || strings.HasSuffix(s, ".") || strings.HasSuffix(s, " ") {
			return false
		}
	}
	return true
}

// oneQuery reports whether a query has one reading: parameters between
// ampersands, whole escapes, and none that stands for a session or a method
// (threats T110, T133).
func oneQuery(query string) bool {
	if query == "" {
		return true
	}
	if strings.ContainsAny(query, ";#") {
		return false
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		decoded, err := url.QueryUnescape(name)
		if err != nil {
			return false
		}
		if _, err := url.QueryUnescape(value); err != nil {
			return false
		}
		if strings.EqualFold(decoded, "jsessionid") || strings.EqualFold(decoded, "_method") {
			return false
		}
	}
	return true
}

// ownPath reports whether a decoded path names what only we answer: the login,
// in any letter case and at any depth, the room of our extension, and the page
// that [Gateway.Files] shows or hides (threats T139, T147).
func ownPath(path string) bool {
	for s := range strings.SplitSeq(path, "/") {
		if strings.EqualFold(s, "_login") || strings.EqualFold(s, "_logout") || strings.EqualFold(s, "_inactivityLogout") {
			return true
		}
	}
	return withoutVersion(path) == explorerPage || strings.Contains(path+"/", "/extensions/mfa/")
}

// carriesLogin reports whether a header of the login is there, under any name
// that a server may fold to it.
func carriesLogin(h http.Header) bool {
	for _, name := range loginHeaders {
		if _, ok := h[name]; ok {
			return true
		}
	}
	for name := range h {
		if strings.IndexByte(name, '_') < 0 {
			continue
		}
		folded := strings.ReplaceAll(name, "_", "-")
		for _, login := range loginHeaders {
			if strings.EqualFold(folded, login) {
				return true
			}
		}
	}
	return false
}

// foreignSite reports whether a browser says that another site made the
// request (threat T153). Clients that are not browsers say nothing.
func foreignSite(h http.Header) bool {
	for _, v := range h["Sec-Fetch-Site"] {
		if v != "same-origin" && v != "none" {
			return true
		}
	}
	return false
}

// cookieValue reports whether v can stand in a cookie as it is (RFC 6265
// section 4.1.1, cookie-octet).
func cookieValue(v string) bool {
	if v == "" || len(v) > maxCookie {
		return false
	}
	for i := range len(v) {
		if b := v[i]; b <= 0x20 || b >= 0x7f || strings.IndexByte(`",;\`, b) >= 0 {
			return false
		}
	}
	return true
}

// maxCookie is more than any engine makes.
const maxCookie = 512
