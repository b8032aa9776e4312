package console

import (
	"encoding/base64"
	"strings"

	"mfaserver/internal/primary"
)

// A username may hold anything that prints, and a path may not. Plain ones
// stand in a path as they are, others after a tilde in base64url.

// pathName is a username as a segment of a path.
func pathName(username string) string {
	if plainName(username) {
		return username
	}
	return "~" + base64.RawURLEncoding.EncodeToString([]byte(username))
}

// nameOf reads what pathName wrote, and nothing else: each user has one path.
func nameOf(segment string) (string, bool) {
	name := segment
	if coded, ok := strings.CutPrefix(segment, "~"); ok {
		raw, err := base64.RawURLEncoding.DecodeString(coded)
		if err != nil {
			return "", false
		}
		name = string(raw)
	}
	return name, pathName(name) == segment && primary.CheckUsername(name) == nil
}

func plainName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("._@-", rune(c)) {
			return false
		}
	}
	return s != "" && !strings.HasSuffix(s, ".") && !strings.HasPrefix(s, ".")
}
