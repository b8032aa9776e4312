package duotest

import "time"

// WebAuthnCredential is a security key, a passkey or the like of a user.
type WebAuthnCredential struct {
	// Key is the WA... key; made up when empty.
	Key string
	// Name is the owner's word for it, and Label its kind ("Security Key").
	Name, Label string
	// Added is the simulator's time when zero.
	Added time.Time
	// LastUsed is zero when it was not.
	LastUsed time.Time

	userID string
}

func (a *account) putWebAuthn(u *user, c WebAuthnCredential) {
	if c.Key == "" {
		c.Key = newID("WA")
	}
	if c.Label == "" {
		c.Label = "Security Key"
	}
	if c.Added.IsZero() {
		c.Added = u.created
	}
	c.userID = u.id
	a.webauthn.put(c.Key, &c)
}

func (a *account) credentialsOf(u *user) []*WebAuthnCredential {
	if a.webauthn.len() == 0 {
		return nil
	}
	var out []*WebAuthnCredential
	for _, c := range a.webauthn.all() {
		if c.userID == u.id {
			out = append(out, c)
		}
	}
	return out
}
