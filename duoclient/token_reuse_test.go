package duoclient_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// Threat T090: an ID token is taken once, and so is its jti.
func TestTokenReuse(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	token := signed(t, genuine(issuer, nil))
	if _, err := u.Verify(token, asked()); err != nil {
		t.Fatal(err)
	}
	refused(t, u, token, duoclient.ErrTokenReused)
	if _, err := u.Verify(signed(t, genuine(issuer, claims{"jti": "one"})), asked()); err != nil {
		t.Fatal(err)
	}
	refused(t, u, signed(t, genuine(issuer, claims{"jti": "one", "sub": "changed"})), duoclient.ErrTokenReused)
}

// Threat T090: of many at once, one is taken.
func TestTokenReuseConcurrent(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	token := signed(t, genuine(issuer, nil))
	outcomes := make(chan error)
	for range 50 {
		go func() {
			_, err := u.Verify(token, asked())
			outcomes <- err
		}()
	}
	taken := 0
	for range 50 {
		if err := <-outcomes; err == nil {
			taken++
		} else if !errors.Is(err, duoclient.ErrTokenReused) {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("taken %d times, want once", taken)
	}
}

// Threat T090: the memory lasts as long as a token can be taken, and is
// bounded.
func TestTokenMemory(t *testing.T) {
	t.Parallel()
	now := noon
	u, issuer := verifier(t, duoclient.WithClock(func() time.Time { return now }))
	u.SetRemembered(10)
	r := asked()
	first := signed(t, genuine(issuer, claims{"iat": noon.Unix() + 60, "exp": noon.Unix() + 3660}))
	if _, err := u.Verify(first, r); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(3719 * time.Second)
	refused(t, u, first, duoclient.ErrTokenReused)
	now = noon.Add(3720 * time.Second)
	refused(t, u, first, duoclient.ErrTokenExpired)
	now = noon
	u.SetRemembered(2)
	second := signed(t, genuine(issuer, claims{"sub": "second"}))
	for _, token := range []string{second, signed(t, genuine(issuer, claims{"sub": "third"}))} {
		if _, err := u.Verify(token, r); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, u, second, duoclient.ErrTokenReused) // of the older generation by now
	u.SetRemembered(10)
	for i := range 100 {
		if _, err := u.Verify(signed(t, genuine(issuer, claims{"sub": fmt.Sprint(i)})), r); err != nil {
			t.Fatal(err)
		}
		if n := u.Remembered(); n > 20 {
			t.Fatalf("%d tokens remembered, want at most 20", n)
		}
	}
}
