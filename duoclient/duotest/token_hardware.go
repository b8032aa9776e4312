package duotest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// tokenWindow is how far ahead of its counter a hardware token may be.
const tokenWindow = 20

// token is a hardware token.
type token struct {
	id, kind, serial string
	secret           []byte
	counter          uint64
	step             int // seconds, of a TOTP token
	users            []string
}

func (a *account) attachToken(u *user, id string) {
	if !slices.Contains(u.tokens, id) {
		u.tokens = append(u.tokens, id)
		t := a.tokens.get(id)
		t.users = append(t.users, u.id)
	}
}

func (a *account) detachToken(u *user, id string) {
	u.tokens = slices.DeleteFunc(u.tokens, func(t string) bool { return t == id })
	if t := a.tokens.get(id); t != nil {
		t.users = slices.DeleteFunc(t.users, func(id string) bool { return id == u.id })
	}
}

// digits is how long the token's codes are; 0 for kinds that the simulator
// does not compute.
func (t *token) digits() int {
	switch t.kind {
	case "h6", "t6":
		return 6
	case "h8", "t8":
		return 8
	default:
		return 0
	}
}

// spend takes a code of the token, once.
func (t *token) spend(code string, now time.Time) bool {
	if t.digits() == 0 {
		return false
	}
	from, window := t.counter, uint64(tokenWindow)
	if t.kind[0] == 't' {
		current := uint64(max(now.Unix(), 0)) / uint64(max(t.step, 1))
		from, window = max(t.counter, current-1), 3
	}
	for n := from; n < from+window; n++ {
		if hotp(t.secret, n, t.digits()) == code {
			t.counter = n + 1
			return true
		}
	}
	return false
}

// hotp is RFC 4226 with SHA-1.
func hotp(secret []byte, counter uint64, length int) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	limit := uint32(1)
	for range length {
		limit *= 10
	}
	return fmt.Sprintf("%0*d", length, n%limit)
}
