package token

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

// New is a service token to be made.
type New struct {
	// Name says what it is for.
	Name string
	// Username is the canonical name whose rights it has, UserID his number.
	Username string
	UserID   int
	// Owner is the person who answers for it.
	Owner string
	// By is who makes it.
	By string
	// ReadOnly allows what changes nothing; see [Token.Covers].
	ReadOnly bool
	// Paths are the parts of the API it may use, as prefixes of whole
	// segments below /api and the version, such as /channels; none: all.
	Paths []string
	// Networks it may be used from; none: all.
	Networks []netip.Prefix
	// Expires is required, at most [TokensConfig.MaxLife] ahead.
	Expires time.Time
	// Credential is the password of Username at the engine behind a gateway;
	// it is kept sealed.
	Credential secret.Secret
}

// Token is a service token without its value.
type Token struct {
	// ID is its public name.
	ID        string
	Name      string
	Username  string
	UserID    int
	Owner     string
	ReadOnly  bool
	Paths     []string
	Networks  []netip.Prefix
	CreatedAt time.Time
	CreatedBy string
	// ExpiresAt is when it is over.
	ExpiresAt time.Time
	// EndedAt is when it was revoked or seen to be over; EndReason says why.
	EndedAt   time.Time
	EndReason string
	// LastUsed is when it was used, to a minute, and LastSource from where;
	// zero when never.
	LastUsed   time.Time
	LastSource netip.Addr
	// HasCredential: an upstream credential is kept with it.
	HasCredential bool
}

// LiveAt reports whether the token is neither revoked nor over at t.
func (t *Token) LiveAt(at time.Time) bool { return t.EndedAt.IsZero() && at.Before(t.ExpiresAt) }

// Covers reports whether the token may make a request: method and path, the
// latter as it is sent (escaped), below /api and the version. For a read-only
// token these are GET, HEAD and OPTIONS alone; a caller that knows which POSTs
// of the engine read asks [Token.CoversPath] for those.
func (t *Token) Covers(method, path string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS":
	default:
		if t.ReadOnly {
			return false
		}
	}
	return t.CoversPath(path)
}

// CoversPath reports whether path is in the token's part of the API. A path
// that an engine might read as another one never is, where the part is not the
// whole.
func (t *Token) CoversPath(path string) bool {
	if len(t.Paths) == 0 {
		return true
	}
	if ambiguous(path) {
		return false
	}
	return slices.ContainsFunc(t.Paths, func(prefix string) bool {
		rest, ok := strings.CutPrefix(path, prefix)
		return ok && (rest == "" || rest[0] == '/')
	})
}

// ambiguous reports whether a path has more than one reading: dot and empty
// segments, parameters, other separators, escaped or not.
func ambiguous(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, ";\\?#\x00") {
		return true
	}
	lower := strings.ToLower(path)
	for _, escaped := range []string{"%2e", "%2f", "%5c", "%3b", "%3f", "%23", "%25", "%00"} {
		if strings.Contains(lower, escaped) {
			return true
		}
	}
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		if segment == "." || segment == ".." || segment == "" && !last {
			return true
		}
	}
	return false
}

// allows reports whether the token may be used from addr.
func (t *Token) allows(addr netip.Addr) bool {
	if len(t.Networks) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}
