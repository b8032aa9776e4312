package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"

	"mfaserver/internal/secret"
)

const (
	keySize   = 32
	keyIDSize = 4
)

type keyID [keyIDSize]byte

// Key is a 256-bit sealing key. No formatting verb or logger prints it. The
// zero value is no key: [New] refuses it.
type Key struct{ material secret.Secret } // keySize bytes; a pointer to an array shows by %s in an unexported field

// NewKey makes a random key.
func NewKey() (Key, error) {
	var material [keySize]byte
	if _, err := rand.Read(material[:]); err != nil {
		return Key{}, fmt.Errorf("seal: random source: %w", err)
	}
	return newKey(material[:]), nil
}

// newKey takes keySize bytes.
func newKey(material []byte) Key { return Key{material: secret.New(string(material))} }

func (k Key) bytes() []byte { return []byte(k.material.Reveal()) }

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k.material.IsZero() }

// ID is the public name of the key, derived from it; empty for the zero value.
func (k Key) ID() string {
	if k.IsZero() {
		return ""
	}
	id := k.id()
	return hex.EncodeToString(id[:])
}

// Format implements [fmt.Formatter]: every verb prints the key's id only.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// String implements [fmt.Stringer].
func (k Key) String() string { return "[key " + k.ID() + "]" }

// LogValue implements [slog.LogValuer].
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func (k Key) id() keyID {
	sum := sha256.Sum256(append([]byte("mfaserver seal: key id\x00"), k.bytes()...))
	return keyID(sum[:keyIDSize])
}

func (k Key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.bytes())
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
