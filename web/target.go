package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxTarget is the longest request target in bytes (threat T177).
const maxTarget = 8 << 10

// checkTarget judges a request target before anything else looks at it. It
// returns 0 when the target has exactly one reading, 414 when it is too long,
// and 400 when two programs could disagree about it (threats T110, T130, T131):
// a form other than the origin form of RFC 9112 section 3.2.1, empty or dot
// segments, path parameters, and percent-encoding of anything that is a
// delimiter or needs no encoding.
func checkTarget(target string) int {
	if len(target) > maxTarget {
		return http.StatusRequestURITooLong
	}
	path, query, _ := strings.Cut(target, "?")
	if !canonicalPath(path) || !plainQuery(query) {
		return http.StatusBadRequest
	}
	return 0
}

// canonicalPath reports whether path is the only way to write it, up to the
// case of hexadecimal digits.
func canonicalPath(path string) bool {
	if !strings.HasPrefix(path, "/") {
		return false
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		if s == "" {
			// A single trailing slash is another resource, not an ambiguity.
			if i == len(segments)-1 {
				continue
			}
			return false
		}
		if !canonicalSegment(s) {
			return false
		}
	}
	return true
}

// canonicalSegment checks one non-empty path segment. A trailing dot or space
// is refused because some file systems and servers drop it.
func canonicalSegment(s string) bool {
	decoded, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(decoded) || strings.HasSuffix(decoded, ".") || strings.HasSuffix(decoded, " ") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			// Two hexadecimal digits follow, or it could not be unescaped.
			if !mustBeEncoded(unhex(s[i+1])<<4 | unhex(s[i+2])) {
				return false
			}
			i += 2
			continue
		}
		if !pathByte(s[i]) {
			return false
		}
	}
	return true
}

// mustBeEncoded reports whether b is a byte that can only be written encoded in
// a path and that no reader takes for a delimiter after decoding.
func mustBeEncoded(b byte) bool {
	if b < 0x20 || b == 0x7f || unreserved(b) {
		return false
	}
	return strings.IndexByte(`/\;%?#`, b) < 0
}

// pathByte reports whether b may stand for itself in a path segment: pchar of
// RFC 3986 section 3.3 less the semicolon.
func pathByte(b byte) bool {
	return unreserved(b) || strings.IndexByte("!$&'()*+,=:@", b) >= 0
}

func unreserved(b byte) bool {
	return isAlphanumeric(b) || strings.IndexByte("-._~", b) >= 0
}

// plainQuery reports whether query holds visible ASCII without a fragment
// mark, and only whole percent-encodings.
func plainQuery(query string) bool {
	for i := 0; i < len(query); i++ {
		switch b := query[i]; {
		case b <= 0x20 || b >= 0x7f || b == '#':
			return false
		case b == '%':
			if i+2 >= len(query) || !isHex(query[i+1]) || !isHex(query[i+2]) {
				return false
			}
		}
	}
	return true
}

func isAlphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

func unhex(b byte) byte {
	switch {
	case b >= 'a':
		return b - 'a' + 10
	case b >= 'A':
		return b - 'A' + 10
	default:
		return b - '0'
	}
}
