package duoclient

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"mfaserver/internal/secret"
)

// SecretID names a client secret and says nothing of it. The zero value names
// none.
type SecretID [8]byte

// IsZero reports whether id names none.
func (id SecretID) IsZero() bool { return id == SecretID{} }

// signingSecret is a client secret with its name.
type signingSecret struct {
	secret secret.Secret
	id     SecretID
}

// newSigningSecret derives the name from the secret, so that every process that
// has the secret gives it the same one.
func newSigningSecret(clientID string, s secret.Secret) *signingSecret {
	mac := hmac.New(sha256.New, []byte(s.Reveal()))
	_, _ = mac.Write([]byte("name of a client secret\x00" + clientID)) // never fails, see hash.Hash
	named := &signingSecret{secret: s}
	copy(named.id[:], mac.Sum(nil))
	return named
}

// key is the secret's bytes, as Duo uses it. The copy is not kept: a byte slice
// in a struct would be printed.
func (s *signingSecret) key() []byte { return []byte(s.secret.Reveal()) }

// SecretID names the secret that [Universal.AuthURL] signs with: what is to be
// given back with the code of that prompt, see [ExchangeRequest].
func (u *Universal) SecretID() SecretID { return u.current.id }

// secretOf finds the secret that a prompt was signed with; [ErrSecretRetired]
// when it is none of those that there are.
func (u *Universal) secretOf(id SecretID) (*signingSecret, error) {
	switch {
	case id.IsZero() || id == u.current.id:
		return u.current, nil
	case u.previous != nil && id == u.previous.id:
		return u.previous, nil
	default:
		return nil, fmt.Errorf("%w: it is not configured any more", ErrSecretRetired)
	}
}
