package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// Kind of a value.
type Kind string

// The kinds.
const (
	// KindToken is a service token.
	KindToken Kind = "token"
	// KindSignIn is a sign-in code.
	KindSignIn Kind = "sign_in_code"
	// KindBreakGlass is a break-glass code.
	KindBreakGlass Kind = "break_glass"
)

// Prefixes of values. Codes are typed by hand: case and hyphens do not matter
// in them.
const (
	tokenPrefix      = "mfat_"
	signInPrefix     = "mfac-"
	breakGlassPrefix = "mfab-"
)

// Sizes of values.
const (
	tokenBytes      = 32
	signInChars     = 13 // 65 bits
	breakGlassChars = 16 // 80 bits
)

// KindOf says what kind of value a text is meant to be; false when it is none
// of ours. It judges by the prefix alone, so that a mistyped or a foreign one
// is not taken for a password either: what KindOf recognises must go nowhere
// but here. A code without any hyphen is recognised when it is whole.
func KindOf(text string) (Kind, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	switch {
	case strings.HasPrefix(text, tokenPrefix):
		return KindToken, true
	case strings.HasPrefix(text, signInPrefix):
		return KindSignIn, true
	case strings.HasPrefix(text, breakGlassPrefix):
		return KindBreakGlass, true
	}
	if _, ok := parseCode(text, signInPrefix, signInChars); ok {
		return KindSignIn, true
	}
	if _, ok := parseCode(text, breakGlassPrefix, breakGlassChars); ok {
		return KindBreakGlass, true
	}
	return "", false
}

// Key is how stores know a value: the SHA-256 of its canonical form. The
// value itself is only ever with its holder.
type Key [sha256.Size]byte

// keyOf hashes a canonical value.
func keyOf(canonical string) Key { return sha256.Sum256([]byte(canonical)) }

// Handle is a short public name for logs and listings: it opens nothing.
func (k Key) Handle() string { return hex.EncodeToString(k[:6]) }

// newToken makes a service token: the prefix, 256 random bits and their
// CRC-32 (IEEE, of prefix and bits as printed, big-endian), both in base64url
// without padding. Scanners for leaked secrets can tell it by the checksum.
func newToken() string {
	var random [tokenBytes]byte
	fill(random[:])
	body := tokenPrefix + base64.RawURLEncoding.EncodeToString(random[:])
	return body + checksum(body)
}

func checksum(body string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// parseToken returns the key of a service token; false when it has not the
// form of one. There is one spelling: a token is copied, not typed.
func parseToken(text string) (Key, bool) {
	const bodySize, sumSize = len(tokenPrefix) + (tokenBytes*8+5)/6, 6
	if len(text) != bodySize+sumSize || !strings.HasPrefix(text, tokenPrefix) {
		return Key{}, false
	}
	body, sum := text[:bodySize], text[bodySize:]
	if _, err := base64.RawURLEncoding.Strict().DecodeString(body[len(tokenPrefix):]); err != nil || checksum(body) != sum {
		return Key{}, false
	}
	return keyOf(text), true
}

// alphabet is Crockford's base32: no I, L, O and U.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newCode makes a code of so many random characters, 5 bits each, in groups
// of four or five.
func newCode(prefix string, chars int) string {
	random := make([]byte, chars)
	fill(random)
	for i, b := range random {
		random[i] = alphabet[b%32] // 256 is a multiple of 32: no character is likelier
	}
	return prefix + grouped(string(random))
}

// grouped puts hyphens between groups of four; the rest goes to the last.
func grouped(chars string) string {
	const group = 4
	var b strings.Builder
	for len(chars) >= 2*group {
		b.WriteString(chars[:group] + "-")
		chars = chars[group:]
	}
	return b.String() + chars
}

// What people put into a code, and what they take for what. Every password is
// looked at with these: they are made once.
var (
	codeSpaces  = strings.NewReplacer("-", "", " ", "", "\t", "")
	codeLetters = strings.NewReplacer("I", "1", "L", "1", "O", "0")
)

// parseCode returns the key of a code as people type it: in any case, with
// hyphens and spaces anywhere or nowhere, with I and L for 1 and O for 0.
// False when it has not the form of one.
func parseCode(text, prefix string, chars int) (Key, bool) {
	const longest = 64
	if len(text) > longest {
		return Key{}, false
	}
	text = codeSpaces.Replace(strings.ToUpper(text))
	word := strings.ToUpper(strings.TrimSuffix(prefix, "-"))
	if len(text) != len(word)+chars || !strings.HasPrefix(text, word) {
		return Key{}, false
	}
	body := codeLetters.Replace(text[len(word):])
	for i := range len(body) {
		if strings.IndexByte(alphabet, body[i]) < 0 {
			return Key{}, false
		}
	}
	return keyOf(prefix + body), true
}

// fill fills b with random bytes; crypto/rand ends the program when the
// system's source fails.
func fill(b []byte) { _, _ = rand.Read(b) }
