package token_test

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
)

// Uses are recorded once a minute for each address, however many requests
// there are, and noted with the token.
func TestUsesAreNotedLazily(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, value := r.make(t, sample())
	check := func(addr netip.Addr) {
		t.Helper()
		if _, err := r.Check(t.Context(), value, addr); err != nil {
			t.Errorf("Check() = %v", err)
		}
	}
	uses := func(want int) {
		t.Helper()
		if got := len(r.trail.Find(audit.TokenUsed)); got != want {
			t.Errorf("%d uses recorded, want %d", got, want)
		}
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { check(home) })
	}
	group.Wait()
	uses(1)
	check(away)
	uses(2)
	r.clock.pass(time.Minute - 1)
	check(home)
	uses(2)
	r.clock.pass(1)
	check(home)
	uses(3)
	last := r.trail.Find(audit.TokenUsed)[2]
	if last.Detail["unrecorded"] != "50" {
		t.Errorf("the event says %q went unrecorded, want 50", last.Detail["unrecorded"])
	}
	got, err := r.Tokens.Get(t.Context(), made.ID)
	if err != nil || !got.LastUsed.Equal(begun.Add(time.Minute)) || got.LastSource != home {
		t.Errorf("last used %v from %v, %v", got.LastUsed, got.LastSource, err)
	}
}

// Threat T195: while the trail fails nobody gets through, and those who waited
// for it neither.
func TestUnrecordedUsesAreRefused(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	_, value := r.make(t, sample())
	r.trail.Fail(-1)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := r.Check(t.Context(), value, home); !errors.Is(err, token.ErrUnavailable) {
				t.Errorf("Check() = %v, want ErrUnavailable", err)
			}
		})
	}
	group.Wait()
}

// A use that cannot be noted in the store is still a use.
func TestUsesNeedNoWrite(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, value := r.make(t, sample())
	full := fullStore{r.ServiceTokens}
	s, err := token.NewTokens(token.TokensConfig{Store: full, Sealer: newSealer(t), Recorder: r.trail, Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Check(t.Context(), value, home); err != nil || got.ID != made.ID {
		t.Errorf("Check() with a full disk = %v, want the token", err)
	}
}

// Threat T191: refusals do not fill the trail either, and what is remembered
// of them is bounded.
func TestRefusalsAreNotedLazily(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	for range 50 {
		if _, err := r.Check(t.Context(), token.NewToken(), home); !errors.Is(err, token.ErrUnknown) {
			t.Errorf("Check() = %v, want ErrUnknown", err)
		}
	}
	if n := len(r.trail.Find(audit.TokenRefused)); n != 1 {
		t.Errorf("%d refusals recorded, want 1", n)
	}
	r.clock.pass(time.Minute)
	for i := range token.NoteCapacity + 100 {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		if _, err := r.Check(t.Context(), "mfat_", addr); !errors.Is(err, token.ErrUnknown) {
			t.Errorf("Check() = %v, want ErrUnknown", err)
		}
	}
	if n := r.Noted(); n > token.NoteCapacity {
		t.Errorf("%d refusals are remembered, want at most %d", n, token.NoteCapacity)
	}
}

// The credential is there while the token lives, and bound to it.
func TestCredential(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, _ := r.make(t, sample())
	got, err := r.Credential(t.Context(), made.ID)
	if err != nil || !got.Equal(secret.New("engine-password-canary")) {
		t.Errorf("Credential() = %v", err)
	}
	if _, err := r.Credential(t.Context(), "nobody"); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("Credential() of an unknown token = %v, want ErrUnknown", err)
	}
	without := sample()
	without.Credential = secret.Secret{}
	bare, _ := r.make(t, without)
	if _, err := r.Credential(t.Context(), bare.ID); !errors.Is(err, token.ErrNoCredential) || bare.HasCredential {
		t.Errorf("Credential() where none was given = %v, want ErrNoCredential", err)
	}

	// Threat T117: copied to another token, or sealed under another key, it
	// does not open.
	stored, err := r.ServiceTokens.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Update(t.Context(), bare.ID, func(b *token.Record) error {
		b.Credential = stored.Credential
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Credential(t.Context(), bare.ID); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Credential() of another token = %v, want ErrUnavailable", err)
	}
	r.with(t, newSealer(t))
	if _, err := r.Credential(t.Context(), made.ID); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Credential() under another key = %v, want ErrUnavailable", err)
	}
}

// The end of a token is the end of its credential, at once.
func TestEndsDropTheCredential(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	revoked, _ := r.make(t, sample())
	expired, _ := r.make(t, sample())
	got, err := r.Revoke(t.Context(), revoked.ID, "root", "left the company")
	if err != nil || got.EndReason != "left the company" || !got.EndedAt.Equal(begun) || got.HasCredential || got.LiveAt(begun) {
		t.Errorf("Revoke() = %+v, %v", got, err)
	}
	wantEvent(t, r.trail, audit.Event{
		Name: audit.TokenRevoked, Outcome: audit.OK, Username: "svc-export", Actor: "root", Reason: "left the company",
		Detail: map[string]string{"token": revoked.ID},
	})
	if _, err := r.Revoke(t.Context(), revoked.ID, "root", "again"); !errors.Is(err, token.ErrRevoked) {
		t.Errorf("second Revoke() = %v, want ErrRevoked", err)
	}
	if _, err := r.Revoke(t.Context(), "nobody", "root", "x"); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("Revoke() of an unknown token = %v, want ErrUnknown", err)
	}
	if _, err := r.Revoke(t.Context(), expired.ID, "root", ""); !errors.Is(err, token.ErrArgument) {
		t.Errorf("Revoke() without a reason = %v, want ErrArgument", err)
	}
	if _, err := r.Credential(t.Context(), revoked.ID); !errors.Is(err, token.ErrRevoked) {
		t.Errorf("Credential() = %v, want ErrRevoked", err)
	}
	r.clock.set(expired.ExpiresAt)
	if _, err := r.Credential(t.Context(), expired.ID); !errors.Is(err, token.ErrExpired) {
		t.Errorf("Credential() = %v, want ErrExpired", err)
	}
	if n, err := r.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("Sweep() = %d, %v, want 1", n, err)
	}
	for _, id := range []string{revoked.ID, expired.ID} {
		if stored, err := r.ServiceTokens.Get(t.Context(), id); err != nil || len(stored.Credential) != 0 {
			t.Errorf("stored credential of an ended token: %d bytes, %v", len(stored.Credential), err)
		}
	}
}

// Ended tokens stay in the list for a while.
func TestSweepForgets(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, _ := r.make(t, sample())
	if _, err := r.Revoke(t.Context(), made.ID, "root", "over"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{90*24*time.Hour - 1, 1}, {90 * 24 * time.Hour, 0}} {
		r.clock.set(begun.Add(step.after))
		n, err := r.Sweep(t.Context())
		list, errList := r.Tokens.List(t.Context())
		if n != 0 || err != nil || errList != nil || len(list) != step.want {
			t.Errorf("after %v: Sweep() = %d, %v; %d in the list, want %d", step.after, n, err, len(list), step.want)
		}
	}
}

// After a sweep an earlier sealing key can be given up.
func TestSweepSealsAnew(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	first, second := newKey(t), newKey(t)
	r.with(t, sealerOf(t, first))
	made, _ := r.make(t, sample())
	r.with(t, sealerOf(t, second, first))
	if n, err := r.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep() = %d, %v, want 0", n, err)
	}
	r.with(t, sealerOf(t, second))
	if got, err := r.Credential(t.Context(), made.ID); err != nil || got.Reveal() != "engine-password-canary" {
		t.Errorf("Credential() = %v", err)
	}
}
