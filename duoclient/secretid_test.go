package duoclient_test

import (
	"errors"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
)

// withSecrets is a client of the simulator with these secrets.
func withSecrets(t *testing.T, sim *duotest.Server, current, previous string) *duoclient.Universal {
	t.Helper()
	ca, err := duoclient.CAPEM(sim.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	u, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: sim.Credentials().ClientID, ClientSecret: newSecret(current), PreviousSecret: newSecret(previous),
		APIHost: sim.APIHost, CA: ca, Simulator: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

// Threat T040: while the client secret is exchanged, a code is redeemed with the
// secret that began its login and with no other, and nothing is sent for a
// secret that is not configured any more.
func TestExchangeWithTheSecretOfTheLogin(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		// previous: the old secret is configured still; kept: Duo takes it still.
		previous, kept bool
		// fresh: the login is begun with the new secret.
		fresh bool
		// tell names the secret that the caller says it was; by default the right one.
		tell *duoclient.SecretID
		want error
		// spent: Duo has seen the code.
		calls int
	}{
		"old login, both secrets":             {previous: true, kept: true, calls: 1},
		"new login, both secrets":             {previous: true, kept: true, fresh: true, calls: 1},
		"new login, the old secret is over":   {fresh: true, calls: 1},
		"old login, Duo has ended the secret": {previous: true, want: duoclient.ErrSecretRetired, calls: 1},
		"old login, the file has ended it":    {kept: true, want: duoclient.ErrSecretRetired},
		"a secret that nobody knows":          {previous: true, kept: true, tell: &duoclient.SecretID{1}, want: duoclient.ErrSecretRetired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, before := simulator(t)
			old := sim.Credentials().ClientSecret
			began := before.SecretID()
			r := login(t, sim, before)
			fresh := sim.ExchangeClientSecret(row.kept)
			previous := ""
			if row.previous {
				previous = old
			}
			u := withSecrets(t, sim, fresh, previous)
			if row.fresh {
				r, began = login(t, sim, u), u.SecretID()
			}
			if r.Secret = began; row.tell != nil {
				r.Secret = *row.tell
			}
			tokens := tokenCalls(sim)
			_, err := u.Exchange(t.Context(), r)
			if !errors.Is(err, row.want) {
				t.Errorf("Exchange = %v, want %v", err, row.want)
			}
			if row.want != nil && duoclient.Classify(err) != duoclient.ClassRefusal {
				t.Errorf("class %v, want a refusal of this login alone", duoclient.Classify(err))
			}
			if got := tokenCalls(sim) - tokens; got != row.calls {
				t.Errorf("%d calls of the token endpoint, want %d", got, row.calls)
			}
		})
	}
}

// Threat T040: an ID token that the other secret signed proves nothing, in
// either direction.
func TestTokenOfTheOtherSecret(t *testing.T) {
	t.Parallel()
	for _, began := range []string{"old", "new"} {
		t.Run(began, func(t *testing.T) {
			t.Parallel()
			sim, u := simulator(t)
			old := sim.Credentials().ClientSecret
			r, forger := login(t, sim, u), ""
			r.Secret = u.SecretID()
			fresh := sim.ExchangeClientSecret(true)
			u = withSecrets(t, sim, fresh, old)
			forger = fresh
			if began == "new" {
				r = login(t, sim, u)
				r.Secret, forger = u.SecretID(), old
			}
			sim.SetFaults(duotest.Faults{IDToken: duotest.IDTokenFaults{Secret: forger}})
			if _, err := u.Exchange(t.Context(), r); !errors.Is(err, duoclient.ErrTokenSignature) {
				t.Errorf("Exchange = %v, want ErrTokenSignature", err)
			}
		})
	}
}

// Threat T040: the names of secrets are the same in every process, differ for
// different secrets, and show nothing; a malformed one is refused.
func TestSecretID(t *testing.T) {
	t.Parallel()
	sim, u := simulator(t)
	old := sim.Credentials().ClientSecret
	if again := simulatorClient(t, sim); again.SecretID() != u.SecretID() || u.SecretID().IsZero() {
		t.Errorf("two clients with one secret: %x and %x", again.SecretID(), u.SecretID())
	}
	other := strings.Repeat("x", 40)
	if swapped := withSecrets(t, sim, other, old); swapped.SecretID() == u.SecretID() {
		t.Error("two secrets have one name")
	}
	if id := u.SecretID(); strings.Contains(old, string(id[:])) {
		t.Error("the name is a part of the secret")
	}
	_, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: sim.Credentials().ClientID, ClientSecret: newSecret(old), PreviousSecret: newSecret("short"),
		APIHost: "api-12345678.duosecurity.com",
	})
	if !errors.Is(err, duoclient.ErrConfig) || strings.Contains(err.Error(), "short") {
		t.Errorf("a short previous secret: %v, want ErrConfig without it", err)
	}
}

func tokenCalls(sim *duotest.Server) int {
	n := 0
	for _, c := range sim.Calls() {
		if c.Endpoint == duotest.EndpointToken {
			n++
		}
	}
	return n
}
