package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
)

// MAC is a keyed hash with a label, as [mfaserver/internal/seal.Sealer.MAC]
// makes it: what it gives for one label tells nothing of what it gives for
// another. Its key is kept outside the folder of the trail.
type MAC = func(label string, data []byte) [sha256.Size]byte

// Errors of the chain.
var (
	// ErrNoKey: neither a key nor [Config.Unchained] was given.
	ErrNoKey = errors.New("audit: no key for the chain")
	// ErrChained: the trail is chained, and would not be from here on.
	ErrChained = errors.New("audit: trail is chained and needs its key")
)

// Sum is the HMAC-SHA256 (RFC 2104) of a line: over its text before the member
// mac, and so over that of the line before, which the member prev repeats. The
// first chained line of a trail has a prev of zero.
type Sum [sha256.Size]byte

var sumText = base64.RawURLEncoding.Strict()

// String is the sum as it stands in a line: base64url without padding.
func (s Sum) String() string { return sumText.EncodeToString(s[:]) }

// IsZero reports whether there is no sum.
func (s Sum) IsZero() bool { return s == Sum{} }

// MarshalText implements [encoding.TextMarshaler].
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. [ErrBadLine] when text
// is no sum.
func (s *Sum) UnmarshalText(text []byte) error {
	if len(text) != sumText.EncodedLen(len(s)) {
		return fmt.Errorf("%w: a sum of %d characters", ErrBadLine, len(text))
	}
	n, err := sumText.Decode(s[:], text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadLine, err)
	}
	if n != len(s) {
		// The decoder passes over line breaks.
		return fmt.Errorf("%w: a sum of %d bytes", ErrBadLine, n)
	}
	return nil
}

// keys are what the chain is made and checked with. They are not for
// concurrent use.
type keys struct {
	line, head summer
	sign       ed25519.PrivateKey
}

// summer makes sums under one key, without leaving anything to collect.
type summer struct {
	hash hash.Hash
	out  []byte
}

func newSummer(key []byte) summer {
	return summer{hash: hmac.New(sha256.New, key), out: make([]byte, 0, sha256.Size)}
}

func (s *summer) sum(text []byte) Sum {
	s.hash.Reset()
	s.hash.Write(text)
	s.out = s.hash.Sum(s.out[:0])
	return Sum(s.out)
}

func newKeys(mac MAC) *keys {
	derived := func(label string) []byte {
		key := mac("audit trail: "+label, nil)
		return key[:]
	}
	return &keys{
		line: newSummer(derived("lines")),
		head: newSummer(derived("head")),
		sign: ed25519.NewKeyFromSeed(derived("checkpoints")),
	}
}

const (
	prevMember = `,"prev":"`
	macMember  = `,"mac":"`
	sumLength  = (sha256.Size*8 + 5) / 6
	lineEnd    = `"}`
)

// appendChain ends the line that begins at start with its members prev and
// mac, and returns the latter.
func (k *keys) appendChain(dst []byte, start int, prev Sum) ([]byte, Sum) {
	dst = append(dst, prevMember...)
	dst = sumText.AppendEncode(dst, prev[:])
	dst = append(dst, '"')
	mac := k.line.sum(dst[start:])
	dst = append(dst, macMember...)
	dst = sumText.AppendEncode(dst, mac[:])
	return append(dst, lineEnd...), mac
}

// authentic reports whether line, with or without its line feed, is a chained
// one that this key made, and by which sums it hangs together with others.
func (k *keys) authentic(line []byte) (prev, mac Sum, ok bool) {
	const tail = len(macMember) + sumLength + len(lineEnd)
	line = bytes.TrimSuffix(line, []byte{'\n'})
	body := len(line) - tail
	if body < len(prevMember)+sumLength+1 {
		return prev, mac, false
	}
	before := line[body-1-sumLength : body-1]
	if !bytes.HasPrefix(line[body:], []byte(macMember)) ||
		mac.UnmarshalText(line[body+len(macMember):len(line)-len(lineEnd)]) != nil || prev.UnmarshalText(before) != nil {
		return prev, mac, false
	}
	want := k.line.sum(line[:body])
	return prev, mac, hmac.Equal(want[:], mac[:]) && bytes.HasSuffix(line, []byte(lineEnd))
}
