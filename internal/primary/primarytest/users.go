// Package primarytest checks that a store of the local directory keeps the
// promises of [primary.Users].
package primarytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/primary"
)

// TestUsers runs the suite. newStore returns an empty store that the test owns
// alone; it registers its own clean-up with t.
func TestUsers(t *testing.T, newStore func(t *testing.T) primary.Users) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s primary.Users)
	}{
		{"RoundTrip", testRoundTrip},
		{"ZeroTimes", testZeroTimes},
		{"NamesAreBytes", testNamesAreBytes},
		{"InsertTaken", testInsertTaken},
		{"Unknown", testUnknown},
		{"IDsAreNeverReused", testIDsAreNeverReused},
		{"ListByID", testListByID},
		{"Page", testPage},
		{"Update", testUpdate},
		{"UpdateRefused", testUpdateRefused},
		{"UpdateKeepsIdentity", testUpdateKeepsIdentity},
		{"UpdatesDoNotGetLost", testUpdatesDoNotGetLost},
		{"ConcurrentInsertOfOneName", testConcurrentInsert},
		{"SpendOnce", testSpendOnce},
		{"Delete", testDelete},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, newStore(t))
		})
	}
}

// sample is a user with every field set, with times that need nanoseconds.
func sample(name string) primary.User {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	return primary.User{
		Username: name, Role: primary.RoleAdmin, Disabled: true,
		Email: "a@example.org", FirstName: "Ällice", LastName: "O'Neill \"x\"",
		CreatedAt: at, PasswordChangedAt: at.Add(1), LastLogin: at.Add(2),
		Bootstrap: true, BootstrapExpires: at.Add(time.Hour),
	}
}

func insert(t *testing.T, s primary.Users, u primary.User, hash string) primary.User {
	t.Helper()
	got, err := s.Insert(t.Context(), u, hash)
	if err != nil {
		t.Fatalf("Insert(%q) = %v", u.Username, err)
	}
	return got
}

// same compares users with their times as instants.
func same(a, b primary.User) bool {
	for _, p := range [][2]*time.Time{
		{&a.CreatedAt, &b.CreatedAt},
		{&a.PasswordChangedAt, &b.PasswordChangedAt},
		{&a.LastLogin, &b.LastLogin},
		{&a.BootstrapExpires, &b.BootstrapExpires},
	} {
		if !p[0].Equal(*p[1]) {
			return false
		}
		*p[0], *p[1] = time.Time{}, time.Time{}
	}
	return a == b
}

func testRoundTrip(t *testing.T, s primary.Users) {
	t.Helper()
	want := insert(t, s, sample("alice"), "$hash$")
	if want.ID < 1 {
		t.Fatalf("Insert gave ID %d, want 1 or more", want.ID)
	}
	expect := sample("alice")
	expect.ID = want.ID
	if !same(want, expect) {
		t.Errorf("Insert = %+v, want %+v", want, expect)
	}
	got, hash, err := s.Find(t.Context(), "alice")
	if err != nil || hash != "$hash$" || !same(got, expect) {
		t.Errorf("Find = %+v, %q, %v, want %+v, %q", got, hash, err, expect, "$hash$")
	}
	got, hash, err = s.FindID(t.Context(), want.ID)
	if err != nil || hash != "$hash$" || !same(got, expect) {
		t.Errorf("FindID = %+v, %q, %v, want %+v, %q", got, hash, err, expect, "$hash$")
	}
}

func testZeroTimes(t *testing.T, s primary.Users) {
	t.Helper()
	insert(t, s, primary.User{Username: "alice", Role: primary.RoleUser}, "")
	got, hash, err := s.Find(t.Context(), "alice")
	if err != nil || hash != "" {
		t.Fatalf("Find = %q, %v, want the empty hash", hash, err)
	}
	if !got.CreatedAt.IsZero() || !got.PasswordChangedAt.IsZero() || !got.LastLogin.IsZero() || !got.BootstrapExpires.IsZero() {
		t.Errorf("Find = %+v, want zero times", got)
	}
}

func testNamesAreBytes(t *testing.T, s primary.Users) {
	t.Helper()
	// Threat T005: a store that folds names would make two people one. Threat
	// T002: one that reads them as expressions would find others.
	names := []string{
		"admin", "Admin", "ADMIN", "admin ", " admin", "ａｄｍｉｎ", "adm\u0131n", "admin%", "adm_n", "a:b:c", `x' OR '1'='1`,
		"caf\u00e9", "cafe\u0301", strings.Repeat("n", 256), strings.Repeat("n", 255),
	}
	ids := map[int]string{}
	for i, name := range names {
		u := insert(t, s, primary.User{Username: name, Role: primary.RoleUser}, fmt.Sprint("hash", i))
		if other, taken := ids[u.ID]; taken {
			t.Fatalf("%q and %q share ID %d", name, other, u.ID)
		}
		ids[u.ID] = name
	}
	for i, name := range names {
		u, hash, err := s.Find(t.Context(), name)
		if err != nil || u.Username != name || hash != fmt.Sprint("hash", i) {
			t.Errorf("Find(%q) = %q, %q, %v", name, u.Username, hash, err)
		}
	}
	for _, other := range []string{
		"aDMIN", "*", "%", "a*", "admi?", "[a]dmin", "admin)(|(uid=*", `\61dmin`, "' OR '1'='1", "admin'--", "admin\x00", "../admin", "{admin}", "",
	} {
		if _, _, err := s.Find(t.Context(), other); !errors.Is(err, primary.ErrUserUnknown) {
			t.Errorf("Find(%q) = %v, want ErrUserUnknown", other, err)
		}
	}
}

func testInsertTaken(t *testing.T, s primary.Users) {
	t.Helper()
	insert(t, s, sample("alice"), "first")
	if _, err := s.Insert(t.Context(), primary.User{Username: "alice"}, "second"); !errors.Is(err, primary.ErrUserExists) {
		t.Fatalf("second Insert = %v, want ErrUserExists", err)
	}
	if u, hash, err := s.Find(t.Context(), "alice"); err != nil || hash != "first" || u.Role != primary.RoleAdmin {
		t.Errorf("after a refused Insert: %+v, %q, %v, want the first row", u, hash, err)
	}
}

func testUnknown(t *testing.T, s primary.Users) {
	t.Helper()
	insert(t, s, sample("alice"), "h")
	ctx := t.Context()
	if _, _, err := s.Find(ctx, "bob"); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("Find = %v, want ErrUserUnknown", err)
	}
	if _, _, err := s.Find(ctx, ""); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("Find of nothing = %v, want ErrUserUnknown", err)
	}
	for _, id := range []int{-1, 0, 1 << 30} {
		if _, _, err := s.FindID(ctx, id); !errors.Is(err, primary.ErrUserUnknown) {
			t.Errorf("FindID(%d) = %v, want ErrUserUnknown", id, err)
		}
	}
	ran := false
	_, err := s.Update(ctx, "bob", func(*primary.User, *string) error { ran = true; return nil })
	if !errors.Is(err, primary.ErrUserUnknown) || ran {
		t.Errorf("Update = %v, change ran: %t, want ErrUserUnknown and no run", err, ran)
	}
	if err := s.Delete(ctx, "bob"); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("Delete = %v, want ErrUserUnknown", err)
	}
}

func testIDsAreNeverReused(t *testing.T, s primary.Users) {
	t.Helper()
	first := insert(t, s, sample("alice"), "h")
	second := insert(t, s, primary.User{ID: 999, Username: "bob"}, "h")
	if second.ID <= first.ID || second.ID == 999 {
		t.Errorf("second ID = %d after %d, want the store's own and higher", second.ID, first.ID)
	}
	for _, name := range []string{"alice", "bob"} {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Fatalf("Delete(%q) = %v", name, err)
		}
	}
	if again := insert(t, s, sample("bob"), "h"); again.ID <= second.ID {
		t.Errorf("ID %d given again after Delete (highest was %d)", again.ID, second.ID)
	}
}

func testListByID(t *testing.T, s primary.Users) {
	t.Helper()
	if users, err := s.List(t.Context()); err != nil || len(users) != 0 {
		t.Fatalf("List of an empty store = %v, %v", users, err)
	}
	want := []string{"zoe", "alice", "mike"}
	for _, name := range want {
		insert(t, s, sample(name), "h")
	}
	users, err := s.List(t.Context())
	if err != nil {
		t.Fatalf("List = %v", err)
	}
	var got []string
	for _, u := range users {
		got = append(got, u.Username)
		expect := sample(u.Username)
		expect.ID = u.ID
		if !same(u, expect) {
			t.Errorf("List has %+v, want %+v", u, expect)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("List = %q, want %q", got, want)
	}
}

func testUpdate(t *testing.T, s primary.Users) {
	t.Helper()
	stored := insert(t, s, sample("alice"), "old")
	at := time.Date(2027, 1, 2, 3, 4, 5, 999999999, time.UTC)
	want := primary.User{
		ID: stored.ID, Username: "alice", Role: primary.RoleUser, Email: "b@example.org", FirstName: "B", LastName: "C",
		CreatedAt: at, PasswordChangedAt: at.Add(1), LastLogin: at.Add(2),
	}
	got, err := s.Update(t.Context(), "alice", func(u *primary.User, hash *string) error {
		if !same(*u, stored) || *hash != "old" {
			t.Errorf("change saw %+v, %q, want %+v, %q", *u, *hash, stored, "old")
		}
		*u, *hash = want, "new"
		return nil
	})
	if err != nil || !same(got, want) {
		t.Fatalf("Update = %+v, %v, want %+v", got, err, want)
	}
	if got, hash, err := s.Find(t.Context(), "alice"); err != nil || hash != "new" || !same(got, want) {
		t.Errorf("Find = %+v, %q, %v, want %+v, %q", got, hash, err, want, "new")
	}
}

func testUpdateRefused(t *testing.T, s primary.Users) {
	t.Helper()
	stored := insert(t, s, sample("alice"), "old")
	refusal := errors.New("change refuses")
	_, err := s.Update(t.Context(), "alice", func(u *primary.User, hash *string) error {
		u.Email, *hash = "evil@example.org", "evil"
		return refusal
	})
	if !errors.Is(err, refusal) || errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Update = %v, want the error of change as it is", err)
	}
	if got, hash, err := s.Find(t.Context(), "alice"); err != nil || hash != "old" || !same(got, stored) {
		t.Errorf("after a refused Update: %+v, %q, %v, want %+v, %q", got, hash, err, stored, "old")
	}
}

func testUpdateKeepsIdentity(t *testing.T, s primary.Users) {
	t.Helper()
	stored := insert(t, s, sample("alice"), "h")
	got, err := s.Update(t.Context(), "alice", func(u *primary.User, _ *string) error {
		u.ID, u.Username, u.Email = 12345, "mallory", "new@example.org"
		return nil
	})
	if err != nil || got.ID != stored.ID || got.Username != "alice" || got.Email != "new@example.org" {
		t.Errorf("Update = %+v, %v, want ID %d and name alice kept", got, err, stored.ID)
	}
	if _, _, err := s.Find(t.Context(), "mallory"); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("Find(mallory) = %v, want ErrUserUnknown", err)
	}
}

func testUpdatesDoNotGetLost(t *testing.T, s primary.Users) {
	t.Helper()
	insert(t, s, primary.User{Username: "alice"}, "")
	const writers, rounds = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				_, err := s.Update(t.Context(), "alice", func(_ *primary.User, hash *string) error { *hash += "x"; return nil })
				if err != nil {
					t.Errorf("Update = %v", err)
				}
			}
		})
	}
	wg.Wait()
	if _, hash, err := s.Find(t.Context(), "alice"); err != nil || len(hash) != writers*rounds {
		t.Errorf("%d updates left %d marks (%v)", writers*rounds, len(hash), err)
	}
}

func testConcurrentInsert(t *testing.T, s primary.Users) {
	t.Helper()
	const writers = 16
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { _, errs[i] = s.Insert(t.Context(), primary.User{Username: "alice"}, "h") })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, primary.ErrUserExists):
			t.Errorf("Insert = %v, want ErrUserExists", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d concurrent Inserts won, want 1", won, writers)
	}
}

func testSpendOnce(t *testing.T, s primary.Users) {
	t.Helper()
	// Threat T015: a one-time secret is spent by exactly one of many.
	insert(t, s, primary.User{Username: "admin", Bootstrap: true}, "secret")
	spent := errors.New("spent")
	const racers = 16
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			_, errs[i] = s.Update(t.Context(), "admin", func(_ *primary.User, hash *string) error {
				if *hash == "" {
					return spent
				}
				*hash = ""
				return nil
			})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, spent):
			t.Errorf("Update = %v, want the error of change", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d racers spent the secret, want 1", won, racers)
	}
}

func testDelete(t *testing.T, s primary.Users) {
	t.Helper()
	u := insert(t, s, sample("alice"), "h")
	insert(t, s, sample("bob"), "h")
	if err := s.Delete(t.Context(), "alice"); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	if err := s.Delete(t.Context(), "alice"); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("second Delete = %v, want ErrUserUnknown", err)
	}
	if _, _, err := s.Find(t.Context(), "alice"); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("Find = %v, want ErrUserUnknown", err)
	}
	if _, _, err := s.FindID(t.Context(), u.ID); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("FindID = %v, want ErrUserUnknown", err)
	}
	if users, err := s.List(t.Context()); err != nil || len(users) != 1 || users[0].Username != "bob" {
		t.Errorf("List = %v, %v, want bob alone", users, err)
	}
}
