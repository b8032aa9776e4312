package redis

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"mfaserver/internal/seal"
)

// vault seals records and hashes names. The hashing key is random, lives
// sealed on the server, and so outlasts a rotation of the sealing key. When a
// server comes back without its data, the nodes agree on a new one.
type vault struct {
	sealer   *seal.Sealer
	indexKey atomic.Pointer[[sha256.Size]byte]
}

func newVault(sealer *seal.Sealer) *vault { return &vault{sealer: sealer} }

const hashSize = 16

// proposal is the sealed hashing key to be stored if the server has none: the
// one in use, or a new one.
func (v *vault) proposal() []byte {
	key := v.indexKey.Load()
	if key == nil {
		key = new([sha256.Size]byte)
		rand.Read(key[:])
	}
	return v.sealer.Seal(key[:], v.aad("meta"))
}

// accept takes the hashing key that the server has; current is false when it
// is sealed under a previous key. It fails with [ErrWrongKey].
func (v *vault) accept(sealed []byte) (current bool, err error) {
	plain, err := v.sealer.Open(sealed, v.aad("meta"))
	if err != nil || len(plain) != sha256.Size {
		return false, fmt.Errorf("%w: %w", ErrWrongKey, err)
	}
	v.indexKey.Store((*[sha256.Size]byte)(plain))
	return v.sealer.Current(sealed), nil
}

// aad names the record that a sealed value belongs to. Each part carries its
// length.
func (v *vault) aad(kind string, parts ...string) []byte {
	aad := append([]byte(kind), 0)
	for _, p := range parts {
		aad = append(binary.AppendUvarint(aad, uint64(len(p))), p...)
	}
	return aad
}

// hash is the keyed hash of parts under a label, in hexadecimal digits.
func (v *vault) hash(label string, parts ...string) string {
	h := hmac.New(sha256.New, v.indexKey.Load()[:])
	h.Write(v.aad(label, parts...))
	return hex.EncodeToString(h.Sum(nil)[:hashSize])
}

func (v *vault) user(username string) string { return v.hash("user", username) }

// seal seals a record with a number: the version of one that is used once,
// counted from 1, so that a node that has seen a later one refuses an earlier
// one; for others what the room says.
func (v *vault) seal(number uint64, record string, aad []byte) string {
	return string(v.sealer.Seal(append(binary.AppendUvarint(nil, number), record...), aad))
}

// open is the reverse of seal. It fails with errRecord.
func (v *vault) open(sealed string, aad []byte) (number uint64, record string, err error) {
	plain, err := v.sealer.Open([]byte(sealed), aad)
	if err != nil {
		return 0, "", fmt.Errorf("%w: %w", errRecord, err)
	}
	number, n := binary.Uvarint(plain)
	if n <= 0 {
		return 0, "", fmt.Errorf("%w: no number", errRecord)
	}
	return number, string(plain[n:]), nil
}
