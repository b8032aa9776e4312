package primary_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	added := s.add(t, "alice", primary.RoleAdmin)
	got := s.wantOK(t, "alice", right, home)
	if got.User != added || len(got.Carry) != 0 || got.Message != "" {
		t.Errorf("Authenticate = %+v, want %+v and nothing to carry", got, added)
	}
}

// Threat T006: every path costs exactly one hash, so that none is faster.
// Threat T004: unknown and disabled accounts among them.
func TestEveryPathHashesOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		user   string
		change func(u *primary.User, hash *string)
		reason primary.Reason
	}{
		{"right password", "alice", nil, ""},
		{"wrong password", "alice", func(_ *primary.User, hash *string) { *hash = "plain:other" }, primary.ReasonWrongPassword},
		{"unknown user", "nobody", nil, primary.ReasonUnknownUser},
		// Names compare byte for byte.
		{"other case", "Alice", nil, primary.ReasonUnknownUser},
		{"disabled", "alice", func(u *primary.User, _ *string) { u.Disabled = true }, primary.ReasonDisabled},
		{"one-time password expired", "alice", func(u *primary.User, _ *string) { u.Bootstrap = true }, primary.ReasonOneTimeExpired},
		// Threat T011: an empty or foreign hash never matches.
		{"empty hash", "alice", func(_ *primary.User, hash *string) { *hash = "" }, primary.ReasonBadHash},
		{"plaintext", "alice", func(_ *primary.User, hash *string) { *hash = "plaintext:" + right }, primary.ReasonBadHash},
		{"disabled and malformed", "alice", func(u *primary.User, hash *string) { u.Disabled, *hash = true, "x" }, primary.ReasonDisabled},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.add(t, "alice", primary.RoleUser)
			if row.change != nil {
				_, err := s.users.Update(t.Context(), "alice", func(u *primary.User, hash *string) error { row.change(u, hash); return nil })
				if err != nil {
					t.Fatal(err)
				}
			}
			hashes, verifies := s.hasher.hashes.Load(), s.hasher.verifies.Load()
			if row.reason == "" {
				s.wantOK(t, row.user, right, home)
			} else {
				s.wantRefused(t, row.user, right, home, row.reason)
			}
			if n := s.hasher.verifies.Load() - verifies; n != 1 {
				t.Errorf("%d hashes were verified, want exactly 1", n)
			}
			if n := s.hasher.hashes.Load() - hashes; n != 0 {
				t.Errorf("%d hashes were made, want none", n)
			}
		})
	}
}

func TestRefusedForItsForm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, user, password string
		reason               primary.Reason
	}{
		// Threat T001: an empty password is no password.
		{"empty password", "alice", "", primary.ReasonEmptyPassword},
		// Threat T010: too long is refused, not cut.
		{"password of 1025 bytes", "alice", strings.Repeat("x", 1025), primary.ReasonLongPassword},
		{"password of a megabyte", "alice", strings.Repeat("x", 1<<20), primary.ReasonLongPassword},
		// Threat T005, T014: the table of names is in TestCheckUsername.
		{"empty name", "", right, primary.ReasonBadUsername},
		{"trailing space", "alice ", right, primary.ReasonBadUsername},
		{"bypass", "bypass", right, primary.ReasonBadUsername},
		{"NUL", "alice\x00", right, primary.ReasonBadUsername},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.add(t, "alice", primary.RoleUser)
			s.wantRefused(t, row.user, row.password, home, row.reason)
			if n := s.hasher.verifies.Load(); n != 0 {
				t.Errorf("%d hashes for an attempt without form, want 0", n)
			}
			if n := s.users.finds.Load(); n != 0 {
				t.Errorf("the directory was asked %d times, want 0", n)
			}
		})
	}
}

// Threat T010: the exact bytes count.
func TestPasswordBytes(t *testing.T) {
	t.Parallel()
	hasher, err := primary.NewArgon2id(primary.Params{Memory: 64, Iterations: 1, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("0123456789abcdef", 64)
	for _, row := range []struct{ name, stored, tried string }{
		{"after byte 72", long[:80] + "x", long[:80] + "y"},
		{"last byte of 1024", long, long[:1023] + "x"},
		{"trailing space", "correct horse battery ", "correct horse battery"},
		{"leading space", " correct horse battery", "correct horse battery"},
		{"NUL inside", "correct horse\x00battery", "correct horse\x00other"},
		{"composed and decomposed", "caf\u00e9 caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301 cafe\u0301"},
		{"case", "correct horse battery", "Correct horse battery"},
		{"not UTF-8", "\xff\xfe correct horse", "\xff\xfd correct horse"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, func(c *primary.LocalConfig, _ *throttle.Config) { c.Hasher = hasher })
			_, err := s.Add(t.Context(), primary.NewUser{Username: "alice", Role: primary.RoleUser, Password: secret.New(row.stored)})
			if err != nil {
				t.Fatal(err)
			}
			s.wantRefused(t, "alice", row.tried, home, primary.ReasonWrongPassword)
			s.wantOK(t, "alice", row.stored, home)
		})
	}
}

// Threat T007: ten guesses reach the directory, whatever the spelling.
func TestEleventhGuess(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "admin", primary.RoleAdmin)
	for i, name := range []string{
		"admin", "Admin", "ADMIN", "ａｄｍｉｎ", "aDmIn", "ａdmin", "AdmiN", "admiN", "adMin", "ⓐⓓⓜⓘⓝ",
	} {
		if _, _, err := s.try(t, name, wrong, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})); !errors.Is(err, primary.ErrRefused) {
			t.Fatalf("guess %d = %v, want ErrRefused", i+1, err)
		}
	}
	for _, name := range []string{"admin", "ADMIN", "Ａdmin", "admin ", "adm\u00adin", "\u202eadmin"} {
		s.wantThrottled(t, name, right, evil, "account")
	}
	if n := s.users.finds.Load(); n != 10 {
		t.Errorf("the directory was asked %d times, want 10", n)
	}
	s.clock.Advance(time.Minute)
	s.wantOK(t, "admin", right, evil)
}

// Threat T007: refused spellings count for the account that they aim at.
func TestRefusedSpellingsCount(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "admin", primary.RoleAdmin)
	for range 10 {
		s.wantRefused(t, "admin ", wrong, evil, primary.ReasonBadUsername)
	}
	s.wantThrottled(t, "admin", right, evil, "account")
}

// Threat T006: an unknown name is throttled as a known one is.
func TestUnknownNamesAreThrottledAlike(t *testing.T) {
	t.Parallel()
	answers := map[string][]string{}
	for _, name := range []string{"alice", "nobody"} {
		s := newSetup(t)
		s.add(t, "alice", primary.RoleUser)
		for range 12 {
			_, _, err := s.try(t, name, wrong, evil)
			answer := fmt.Sprint(err)
			if e, ok := errors.AsType[*primary.ThrottledError](err); ok {
				answer += fmt.Sprint(*e)
			}
			answers[name] = append(answers[name], answer)
		}
	}
	if fmt.Sprint(answers["alice"]) != fmt.Sprint(answers["nobody"]) {
		t.Errorf("answers for a known name %q, for an unknown one %q", answers["alice"], answers["nobody"])
	}
}

// Threat T007: one password against many accounts from one source.
func TestSpraying(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for i := range 30 {
		from := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)})
		s.wantRefused(t, fmt.Sprint("user", i), wrong, from, primary.ReasonUnknownUser)
	}
	s.wantThrottled(t, "user99", wrong, netip.MustParseAddr("2001:db8::ffff:1"), "source")
	s.wantRefused(t, "user99", wrong, home, primary.ReasonUnknownUser)
}

// Threat T008: filling the account's counter does not shut its owner out.
func TestOwnerAtHome(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleUser)
	s.wantOK(t, "alice", right, home)
	if err := s.NoteLogin(t.Context(), "alice", home); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		s.wantRefused(t, "alice", wrong, evil, primary.ReasonWrongPassword)
	}
	s.wantThrottled(t, "alice", right, evil, "account")
	s.wantOK(t, "alice", right, home)
	// Only a complete login makes a source known: the password alone did not
	// help the attacker.
	s.clock.Advance(time.Minute)
	s.wantOK(t, "alice", right, evil)
	s.wantRefused(t, "alice", wrong, evil, primary.ReasonWrongPassword)
	s.wantThrottled(t, "alice", right, evil, "account")
}

// Threat T007: what counts is failures; a thousand logins count for nothing.
func TestSuccessesAreNotCounted(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleUser)
	for range 1000 {
		s.wantOK(t, "alice", right, home)
	}
}

// Threat T016: an outage is no refusal, and nobody is asked instead.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleAdmin)
	down := errors.New("disk on fire")
	s.users.fail(down)
	for range 20 {
		_, _, err := s.try(t, "alice", right, home)
		if !errors.Is(err, primary.ErrUnavailable) || !errors.Is(err, down) || errors.Is(err, primary.ErrRefused) {
			t.Fatalf("Authenticate = %v, want ErrUnavailable", err)
		}
	}
	if _, err := s.Unchanged(t.Context(), "alice", s.clock.Now()); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Unchanged = %v, want ErrUnavailable", err)
	}
	if err := s.NoteLogin(t.Context(), "alice", home); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("NoteLogin = %v, want ErrUnavailable", err)
	}
	if _, err := s.Disable(t.Context(), "alice"); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Disable = %v, want ErrUnavailable", err)
	}
	s.users.fail(nil)
	s.wantOK(t, "alice", right, home)
}

func TestHashOfAnotherCostIsRenewed(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.add(t, "alice", primary.RoleUser)
	_, err := s.users.Update(t.Context(), "alice", func(_ *primary.User, hash *string) error { *hash = "old:" + right; return nil })
	if err != nil {
		t.Fatal(err)
	}
	s.wantRefused(t, "alice", wrong, home, primary.ReasonWrongPassword)
	s.clock.Advance(time.Hour)
	got := s.wantOK(t, "alice", right, home)
	_, hash, err := s.users.Find(t.Context(), "alice")
	if err != nil || hash != "plain:"+right {
		t.Errorf("hash after a login = %q, %v, want a new one", hash, err)
	}
	// Threat T019: the password is the same, logins under way stay good.
	if !got.User.PasswordChangedAt.Equal(u.PasswordChangedAt) {
		t.Errorf("PasswordChangedAt moved from %s to %s", u.PasswordChangedAt, got.User.PasswordChangedAt)
	}
	s.wantOK(t, "alice", right, home)
}

// Threat T176: hashing is bounded, so is the queue, so is the wait.
func TestHashingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, unlimited, func(c *primary.LocalConfig, _ *throttle.Config) {
			c.MaxConcurrentHashes, c.MaxQueuedHashes = 2, 3
		})
		s.add(t, "alice", primary.RoleUser)
		s.hasher.hold = make(chan struct{})
		begun := time.Now()
		type outcome struct {
			err  error
			took time.Duration
		}
		done := make(chan outcome, 10)
		for range 10 {
			go func() {
				_, _, err := s.try(t, "alice", right, home)
				done <- outcome{err, time.Since(begun)}
			}()
		}
		synctest.Wait()
		if n := s.hasher.verifies.Load(); n != 2 {
			t.Errorf("%d hashes run at once, want 2", n)
		}
		// Five of ten find no place and know it at once.
		for range 5 {
			if o := <-done; !busy(o.err) || o.took != 0 {
				t.Errorf("beyond the queue: %v after %s, want busy at once", o.err, o.took)
			}
		}
		// Three wait their second.
		for range 3 {
			if o := <-done; !busy(o.err) || o.took != time.Second {
				t.Errorf("in the queue: %v after %s, want busy after 1s", o.err, o.took)
			}
		}
		close(s.hasher.hold)
		for range 2 {
			if o := <-done; o.err != nil {
				t.Errorf("running: %v, want nil", o.err)
			}
		}
		s.wantOK(t, "alice", right, home)
	})
}

func busy(err error) bool {
	e, ok := errors.AsType[*primary.ThrottledError](err)
	return ok && e.Scope == primary.ScopeBusy && e.RetryAfter == time.Second
}

func TestWaitingEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, func(c *primary.LocalConfig, _ *throttle.Config) { c.MaxConcurrentHashes = 1 })
		s.add(t, "alice", primary.RoleUser)
		s.hasher.hold = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _, _, _ = s.try(t, "alice", right, home) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			_, err := s.Authenticate(ctx, primary.Attempt{Username: "alice", Password: secret.New(right), Source: home})
			if !errors.Is(err, primary.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("Authenticate = %v, want ErrUnavailable for context.Canceled", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(s.hasher.hold)
		wg.Wait()
	})
}

// Threat T007: many guesses at once are no more than one after the other.
func TestVolley(t *testing.T) {
	t.Parallel()
	s := newSetup(t, func(c *primary.LocalConfig, _ *throttle.Config) {
		c.MaxConcurrentHashes, c.MaxQueuedHashes, c.MaxWait = 4, 1000, time.Minute
	})
	s.add(t, "alice", primary.RoleUser)
	s.wantRefused(t, "alice", wrong, evil, primary.ReasonWrongPassword)
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			_, _, err := s.try(t, "alice", wrong, evil)
			switch {
			case errors.Is(err, primary.ErrRefused):
				refused.Add(1)
			case !errors.Is(err, primary.ErrThrottled):
				t.Errorf("Authenticate = %v, want ErrRefused or ErrThrottled", err)
			}
		})
	}
	wg.Wait()
	if n := refused.Load(); n != 9 {
		t.Errorf("%d guesses of a volley were checked after 1, want 9", n)
	}
}

// BenchmarkAuthenticate is the time of each class of attempt at the real cost
// (threat T006: they do not differ).
func BenchmarkAuthenticate(b *testing.B) {
	s := newSetup(b, unlimited, func(c *primary.LocalConfig, _ *throttle.Config) { c.Hasher = nil })
	for _, name := range []string{"alice", "disabled", "malformed"} {
		s.add(b, name, primary.RoleUser)
	}
	if _, err := s.Disable(b.Context(), "disabled"); err != nil {
		b.Fatal(err)
	}
	_, err := s.users.Update(b.Context(), "malformed", func(_ *primary.User, hash *string) error { *hash = "x"; return nil })
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct{ name, user, password string }{
		{"right", "alice", right},
		{"wrong", "alice", wrong},
		{"unknown", "nobody", wrong},
		{"disabled", "disabled", right},
		{"malformed", "malformed", right},
		{"megabyte", "alice", strings.Repeat("x", 1<<20)},
	} {
		b.Run(row.name, func(b *testing.B) {
			for b.Loop() {
				_, _, _ = s.try(b, row.user, row.password, home)
			}
		})
	}
}
