package duotest

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// Credentials are the keys of the four built-in integrations. A client ID or
// integration key is DI and 18 capital letters and digits, a secret 40 letters
// and digits.
type Credentials struct {
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret"`
	AuthKey        string `json:"auth_integration_key"`
	AuthSecret     string `json:"auth_secret_key"`
	AdminKey       string `json:"admin_integration_key"`
	AdminSecret    string `json:"admin_secret_key"`
	AccountsKey    string `json:"accounts_integration_key"`
	AccountsSecret string `json:"accounts_secret_key"`
}

// String names the keys and leaves the secrets out.
func (c Credentials) String() string {
	return fmt.Sprintf("client %s, auth %s, admin %s, accounts %s", c.ClientID, c.AuthKey, c.AdminKey, c.AccountsKey)
}

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// filled makes up what is empty.
func (c Credentials) filled() Credentials {
	for _, key := range []*string{&c.ClientID, &c.AuthKey, &c.AdminKey, &c.AccountsKey} {
		if *key == "" {
			*key = newID("DI")
		}
	}
	for _, secret := range []*string{&c.ClientSecret, &c.AuthSecret, &c.AdminSecret, &c.AccountsSecret} {
		if *secret == "" {
			*secret = randomText(alphanumeric, 40)
		}
	}
	return c
}

const (
	digits       = "0123456789"
	upperDigits  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// newID makes one of Duo's 20-character keys: DU... for a user, DP... for a
// phone, DI... for an integration.
func newID(prefix string) string { return prefix + randomText(upperDigits, 20-len(prefix)) }

// randomText draws n characters of the alphabet, each as likely as the others.
func randomText(alphabet string, n int) string {
	limit := byte(256 - 256%len(alphabet))
	var out strings.Builder
	for out.Len() < n {
		var raw [64]byte
		_, _ = rand.Read(raw[:]) // never fails
		for _, b := range raw {
			if (limit == 0 || b < limit) && out.Len() < n {
				out.WriteByte(alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return out.String()
}

// newUUID makes a random UUID (RFC 9562 version 4), the form of a txid.
func newUUID() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
