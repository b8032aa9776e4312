package primary

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/alexedwards/argon2id"
)

// Hasher turns passwords into encoded hashes. It is safe for concurrent use.
type Hasher interface {
	// Hash makes the encoded hash of a new password.
	Hash(password string) (string, error)
	// Inspect judges an encoded hash before anything is spent on it:
	// [ErrBadHash] when it must not be verified; current reports whether Hash
	// would make one of the same cost today.
	Inspect(encoded string) (current bool, err error)
	// Verify reports whether password belongs to an encoded hash that Inspect
	// took.
	Verify(password, encoded string) (bool, error)
}

// ErrBadHash means that a stored hash is not one that this package makes, or
// asks for more than it gives.
var ErrBadHash = errors.New("primary: stored hash refused")

// Params is the cost of an argon2id hash (RFC 9106).
type Params struct {
	// Memory is in KiB.
	Memory      uint32
	Iterations  uint32
	Parallelism uint8
}

// DefaultParams is 19 MiB, two passes, one lane: 33 ms on the machine of the
// threat model's figures.
func DefaultParams() Params { return Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1} }

// The most and the least that a hash may ask for (threat T011). A poisoned
// record costs no more memory than three honest ones.
const (
	maxMemory      = 64 << 10
	maxIterations  = 16
	maxParallelism = 4
	// minMemoryPerLane is argon2's own limit.
	minMemoryPerLane = 8
	maxEncoded       = 256
	minSalt, maxSalt = 8, 64
	minKey, maxKey   = 16, 64
)

func (p Params) check() error {
	switch {
	case p.Memory > maxMemory || p.Iterations > maxIterations || p.Parallelism > maxParallelism:
		return fmt.Errorf("it asks for m=%d,t=%d,p=%d", p.Memory, p.Iterations, p.Parallelism)
	case p.Iterations < 1 || p.Parallelism < 1 || p.Memory < minMemoryPerLane*uint32(p.Parallelism):
		return fmt.Errorf("m=%d,t=%d,p=%d is too little", p.Memory, p.Iterations, p.Parallelism)
	}
	return nil
}

// Argon2id is the [Hasher] of the local directory.
type Argon2id struct{ params Params }

var _ Hasher = (*Argon2id)(nil)

// NewArgon2id makes a hasher for a cost; [ErrConfig] when it is out of bounds.
func NewArgon2id(p Params) (*Argon2id, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &Argon2id{params: p}, nil
}

// Hash implements [Hasher].
func (a *Argon2id) Hash(password string) (string, error) {
	return argon2id.CreateHash(password, &argon2id.Params{
		Memory: a.params.Memory, Iterations: a.params.Iterations, Parallelism: a.params.Parallelism,
		SaltLength: 16, KeyLength: 32,
	})
}

// Dummy is an encoded hash of no password: to verify one against it costs what
// it costs with any other, and to make it costs nothing.
func (a *Argon2id) Dummy() string {
	var random [48]byte
	_, _ = rand.Read(random[:]) // never fails, see crypto/rand
	return encode(a.params, random[:16], random[16:])
}

// encode is the canonical form.
func encode(p Params, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism, b64(salt), b64(key))
}

// Inspect implements [Hasher].
func (a *Argon2id) Inspect(encoded string) (bool, error) {
	if len(encoded) > maxEncoded {
		return false, fmt.Errorf("%w: it has %d bytes", ErrBadHash, len(encoded))
	}
	got, salt, key, err := argon2id.DecodeHash(encoded)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrBadHash, err)
	}
	p := Params{Memory: got.Memory, Iterations: got.Iterations, Parallelism: got.Parallelism}
	if err := p.check(); err != nil {
		return false, fmt.Errorf("%w: %w", ErrBadHash, err)
	}
	if len(salt) < minSalt || len(salt) > maxSalt || len(key) < minKey || len(key) > maxKey {
		return false, fmt.Errorf("%w: salt of %d and key of %d bytes", ErrBadHash, len(salt), len(key))
	}
	if encoded != encode(p, salt, key) {
		return false, fmt.Errorf("%w: it is not in canonical form", ErrBadHash)
	}
	return p == a.params, nil
}

// Verify implements [Hasher].
func (a *Argon2id) Verify(password, encoded string) (bool, error) {
	if _, err := a.Inspect(encoded); err != nil {
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, encoded)
}
