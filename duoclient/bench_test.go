package duoclient_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

func newSecret(s string) secret.Secret { return secret.New(s) }

// freshPrompt has a state and a nonce of 36 hexadecimal characters.
func freshPrompt() duoclient.AuthRequest {
	var b [36]byte
	_, _ = rand.Read(b[:])
	r := prompt()
	text := hex.EncodeToString(b[:])
	r.State, r.Nonce = text[:36], text[36:]
	return r
}

// BenchmarkAuthURL is to be at most three times BenchmarkBareHMAC.
func BenchmarkAuthURL(b *testing.B) {
	u, _ := verifier(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.AuthURL(freshPrompt()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareHMAC is HMAC-SHA512 of the bytes that AuthURL signs.
func BenchmarkBareHMAC(b *testing.B) {
	u, _ := verifier(b)
	made, err := u.AuthURL(prompt())
	if err != nil {
		b.Fatal(err)
	}
	text := made[strings.LastIndex(made, "=")+1:]
	signedBytes, key := []byte(text[:strings.LastIndex(text, ".")]), []byte(clientSecret)
	b.SetBytes(int64(len(signedBytes)))
	b.ReportAllocs()
	for b.Loop() {
		h := hmac.New(sha512.New, key)
		_, _ = h.Write(signedBytes)
		h.Sum(nil)
	}
}

// BenchmarkVerify checks a genuine ID token.
func BenchmarkVerify(b *testing.B) {
	u, issuer := verifier(b)
	token := signed(b, genuine(issuer, nil))
	b.ReportAllocs()
	for b.Loop() {
		u.SetRemembered(2)
		if _, err := u.Verify(token, asked()); err != nil {
			b.Fatal(err)
		}
	}
}
