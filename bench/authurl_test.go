package bench_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// authURLRows measure a signed authURL with a fresh state and nonce beside the
// bare HMAC-SHA512 of the bytes that are signed.
func authURLRows(tb testing.TB, s scale) []row {
	tb.Helper()
	const key = "abcdefghijklmnopqrstuvwxyz0123456789ABCD"
	u, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: "DIABCDEFGHIJKLMNOPQR", ClientSecret: secret.New(key), APIHost: "api-12345678.duosecurity.com",
	})
	if err != nil {
		tb.Fatal(err)
	}
	ask := func() (string, error) {
		var b [36]byte
		_, _ = rand.Read(b[:])
		text := hex.EncodeToString(b[:])
		return u.AuthURL(duoclient.AuthRequest{
			Username: "alice", RedirectURI: "https://mirth.example.org:8443/api/4.5.2/extensions/mfa/duocallback", State: text[:36], Nonce: text[36:],
		})
	}
	made, err := ask()
	if err != nil {
		tb.Fatal(err)
	}
	token := made[strings.LastIndexByte(made, '=')+1:]
	signed := []byte(token[:strings.LastIndexByte(token, '.')])
	perCall := func(f func() error) func(into *[]float64) error {
		return func(into *[]float64) error {
			began := time.Now()
			for range s.signatures {
				if err := f(); err != nil {
					return err
				}
			}
			*into = append(*into, time.Since(began).Seconds()*1e6/float64(s.signatures))
			return nil
		}
	}
	var ours, bare []float64
	url := perCall(func() error { _, err := ask(); return err })
	sign := perCall(func() error {
		h := hmac.New(sha512.New, []byte(key))
		_, _ = h.Write(signed)
		h.Sum(nil)
		return nil
	})
	if err := turns(s.rounds, func() error { return url(&ours) }, func() error { return sign(&bare) }); err != nil {
		tb.Fatal(err)
	}
	allocations := make([]float64, s.rounds)
	for i := range allocations {
		allocations[i] = testing.AllocsPerRun(100, func() { _, _ = ask() })
	}
	return []row{
		{name: "authurl-time", what: "a signed authURL, of a bare HMAC-SHA512", unit: "x", bar: bar{atMost, 3}, rounds: ratios(ours, bare), context: both("HMAC of the same bytes", ours, bare, "µs")},
		{name: "authurl-allocations", what: "a signed authURL, allocations", bar: bar{atMost, 40}, rounds: allocations},
	}
}
