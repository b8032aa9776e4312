package session

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gorilla/sessions"
)

const (
	idBytes  = 32
	idLength = 43 // 32 bytes in base64url without padding
)

// newID returns 256 bits of the system's randomness in base64url (RFC 4648
// section 5) without padding. [rand.Read] never fails: it ends the process.
func newID() string {
	var b [idBytes]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isID reports whether v is written as newID writes. The last digit carries
// four bits, so its two low ones are zero.
func isID(v string) bool {
	if len(v) != idLength {
		return false
	}
	for i := range len(v) {
		if !isDigit(v[i]) {
			return false
		}
	}
	return strings.IndexByte("AEIMQUYcgkosw048", v[idLength-1]) >= 0
}

func isDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// cookieID returns the id in the cookie called name, from all Cookie lines of
// a request. It is stricter than [http.Request.Cookie], which returns the
// first of several and takes quotes off: a cookie set by a neighbouring host
// must not hide behind ours or before it (threat T109).
//
// [ErrNoCookie] when there is none, [ErrDuplicateCookie] for more than one,
// equal ones included, [ErrBadCookie] for one that is not an id or comes with
// the old dialect of cookies ($Version, RFC 2965).
func cookieID(lines []string, name string) (string, error) {
	var id string
	count, plain := 0, true
	for _, rest := range lines {
		for rest != "" {
			var pair string
			pair, rest, _ = strings.Cut(rest, ";")
			k, v, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			if k == name {
				id, count = v, count+1
				continue
			}
			// Others may read a name with blanks around it as ours.
			switch k = strings.TrimFunc(k, isBlank); {
			case k == name:
				plain, count = false, count+1
			case strings.EqualFold(k, "$Version"):
				plain = false
			}
		}
	}
	switch {
	case count == 0:
		return "", ErrNoCookie
	case count > 1:
		return "", ErrDuplicateCookie
	case !plain || !isID(id):
		return "", ErrBadCookie
	}
	return id, nil
}

// isBlank holds for what is, or could be taken for, white space.
func isBlank(r rune) bool { return r <= ' ' || r == 0x7f }

// isToken reports whether a cookie may have the name s (RFC 6265 section
// 4.1.1).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func (k *cookie) set(w http.ResponseWriter, id string) {
	http.SetCookie(w, sessions.NewCookie(k.name, id, &k.options))
}

// clear writes a Set-Cookie that deletes the cookie: the same path, no value,
// and an end in the past.
func (k *cookie) clear(w http.ResponseWriter) {
	past := sessions.NewCookie(k.name, "", &k.options) //nolint:gosec // the options have the attributes
	// Written as Max-Age=0, and without Expires, which the options would add.
	past.MaxAge = -1
	http.SetCookie(w, past)
}
