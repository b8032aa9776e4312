// Package seal keeps records secret and unaltered at rest: AES-256-GCM under a
// key that lives outside the store, with room for key rotation. A sealed value
// opens only with the additional data it was sealed with, so a store that
// passes its table and row key there notices copied and swapped rows.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
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
// values (NIST SP 800-38D, section 8.3); rotate it before.
type Sealer struct {
	current keyID
	keys    map[keyID]cipher.AEAD
	macKey  []byte
}

// New returns a Sealer that seals under current and also opens what was sealed
// under previous keys. It fails with [ErrKey].
func New(current Key, previous ...Key) (*Sealer, error) {
	s := &Sealer{keys: make(map[keyID]cipher.AEAD, 1+len(previous))}
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
		s.keys[k.id()] = aead
	}
	s.current = current.id()
	macKey, err := hkdf.Key(sha256.New, current.material[:], nil, "mfaserver seal: names", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	s.macKey = macKey
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
	h := hmac.New(sha256.New, s.macKey)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(label))))
	h.Write([]byte(label))
	h.Write(data)
	return [sha256.Size]byte(h.Sum(nil))
}

// bind joins header and aad; the header's length is fixed, so no two pairs
// give the same bytes.
func bind(header, aad []byte) []byte {
	bound := make([]byte, 0, headerSize+len(aad))
	bound = append(bound, header...)
	return append(bound, aad...)
}
