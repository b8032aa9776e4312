// Package seal keeps records secret and unaltered at rest: AES-256-GCM under a
// key that lives outside the store, with room for key rotation. A sealed value
// opens only with the additional data it was sealed with, so a store that
// passes its table and row key there notices copied and swapped rows.
package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mfaserver/internal/secret"
)

// Errors of this package.
var (
	// ErrSealBroken: the value was altered, belongs to other additional data,
	// or was sealed under a key that is not known here. Which of them it is,
	// is not told apart.
	ErrSealBroken = errors.New("seal: value is not what was sealed")
	// ErrKey: a key was given that [NewKey] or [LoadOrCreateKey] did not make,
	// or two keys share an id.
	ErrKey = errors.New("seal: key refused")
)

// Layout of a sealed value: version (1), key id (4), nonce (12), ciphertext,
// tag (16). Version and key id are authenticated as part of the additional
// data.
const (
	formatVersion = 1
	headerSize    = 1 + keyIDSize
	// Overhead is how many bytes a sealed value is longer than its plain form.
	Overhead = headerSize + 12 + 16
)

// Sealer seals under one key and opens under several. It is safe for
// concurrent use. Nonces are random, so one key should seal at most 2^32
// values (NIST SP 800-38D, section 8.3); rotate it before. It prints as the id
// of the key that seals now.
type Sealer struct {
	current keyID
	keys    map[keyID]*opener
	macKey  secret.Secret
}

// opener keeps the schedule of a key one pointer further away than a verb that
// does not fit follows.
type opener struct{ cipher.AEAD }

// New returns a Sealer that seals under current and also opens what was sealed
// under previous keys. It fails with [ErrKey].
func New(current Key, previous ...Key) (*Sealer, error) {
	s := &Sealer{keys: make(map[keyID]*opener, 1+len(previous))}
	for _, k := range append([]Key{current}, previous...) {
		if k.IsZero() {
			return nil, fmt.Errorf("%w: zero key", ErrKey)
		}
		if _, taken := s.keys[k.id()]; taken {
			return nil, fmt.Errorf("%w: key %s given twice", ErrKey, k.ID())
		}
		aead, err := k.aead()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
		s.keys[k.id()] = &opener{aead}
	}
	s.current = current.id()
	macKey, err := hkdf.Key(sha256.New, current.bytes(), nil, "mfaserver seal: names", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	s.macKey = secret.New(string(macKey))
	return s, nil
}

// Seal encrypts plain and binds it to aad. Two calls never return the same
// bytes. It panics when the system's random source fails, as crypto/rand does.
func (s *Sealer) Seal(plain, aad []byte) []byte {
	out := make([]byte, headerSize, Overhead+len(plain))
	out[0] = formatVersion
	copy(out[1:], s.current[:])
	return s.keys[s.current].Seal(out, nil, plain, bind(out[:headerSize], aad)) //nolint:gosec // G407: the nonce is random, the AEAD makes it
}

// Open returns what was sealed. It fails with [ErrSealBroken].
func (s *Sealer) Open(sealed, aad []byte) ([]byte, error) {
	if len(sealed) < Overhead || sealed[0] != formatVersion {
		return nil, fmt.Errorf("%w: not a sealed value", ErrSealBroken)
	}
	aead, known := s.keys[keyID(sealed[1:headerSize])]
	if !known {
		return nil, fmt.Errorf("%w: sealed under unknown key %x", ErrSealBroken, sealed[1:headerSize])
	}
	plain, err := aead.Open(nil, nil, sealed[headerSize:], bind(sealed[:headerSize], aad))
	if err != nil {
		return nil, ErrSealBroken
	}
	return plain, nil
}

// Current reports whether sealed was made under the key that seals now; a
// store re-seals what was not.
func (s *Sealer) Current(sealed []byte) bool {
	return len(sealed) >= headerSize && sealed[0] == formatVersion && keyID(sealed[1:headerSize]) == s.current
}

// MAC is a keyed hash for names in indexes and logs: without the key it can be
// neither reversed nor guessed. Equal labels and data give equal values as
// long as the current key stays; after a rotation they differ.
func (s *Sealer) MAC(label string, data []byte) [sha256.Size]byte {
	h := hmac.New(sha256.New, []byte(s.macKey.Reveal()))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(label))))
	h.Write([]byte(label))
	h.Write(data)
	return [sha256.Size]byte(h.Sum(nil))
}

// Format implements [fmt.Formatter]: every verb prints the id of the key that
// seals now.
func (s Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String implements [fmt.Stringer].
func (s Sealer) String() string { return "[sealer under key " + s.SealsUnder() + "]" }

// LogValue implements [slog.LogValuer].
func (s Sealer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON.
func (s Sealer) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// bind joins header and aad; the header's length is fixed, so no two pairs
// give the same bytes.
func bind(header, aad []byte) []byte {
	bound := make([]byte, 0, headerSize+len(aad))
	bound = append(bound, header...)
	return append(bound, aad...)
}

// SealedUnder is the id of the key that sealed a value, as [Key.ID] has it; ok is
// false when it is no sealed value. Nothing is opened.
func SealedUnder(sealed []byte) (id string, ok bool) {
	if len(sealed) < Overhead || sealed[0] != formatVersion {
		return "", false
	}
	return hex.EncodeToString(sealed[1:headerSize]), true
}

// Within reports whether a value that k sealed may lie somewhere in plain: never
// falsely no, and falsely yes once in 2^40 places.
func (k Key) Within(plain []byte) bool {
	id := k.id()
	return !k.IsZero() && bytes.Contains(plain, append([]byte{formatVersion}, id[:]...))
}

// SealsUnder is the id of the key that seals now.
func (s *Sealer) SealsUnder() string { return hex.EncodeToString(s.current[:]) }
