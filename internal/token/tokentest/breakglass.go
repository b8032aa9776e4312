package tokentest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"mfaserver/internal/token"
)

// BreakGlassRecord is a break-glass code of a user with every field set; n
// tells them apart.
func BreakGlassRecord(n int, username string) token.BreakGlassRecord {
	return token.BreakGlassRecord{
		Key: token.Key(sha256.Sum256(fmt.Appendf(nil, "break-glass %d", n))), Username: username,
		MadeAt: start, ExpiresAt: start.Add(365 * 24 * time.Hour), SpentAt: start.Add(time.Duration(n)), By: "root", Reason: "envelope, säfe 2",
	}
}

// TestBreakGlassCodes checks a store against the contract of
// [token.BreakGlassCodes]. newStore returns an empty one that the test owns
// alone; it registers its own clean-up with t.
func TestBreakGlassCodes(t *testing.T, newStore func(t *testing.T) token.BreakGlassCodes) {
	t.Helper()
	run(t, newStore, []check[token.BreakGlassCodes]{
		{"round trip", glassRoundTrip},
		{"replace", glassReplace},
		{"taken", glassTaken},
		{"names are bytes", glassNames},
		{"update", glassUpdate},
		{"one use", glassOneUse},
		{"replace ends uses", glassReplaceRaces},
	})
}

func replace(t *testing.T, s token.BreakGlassCodes, username string, codes ...token.BreakGlassRecord) []token.BreakGlassRecord {
	t.Helper()
	before, err := s.Replace(t.Context(), username, codes)
	works(t, "Replace", err)
	return before
}

func holdsGlass(t *testing.T, s token.BreakGlassCodes, username string, want ...token.BreakGlassRecord) {
	t.Helper()
	got, err := s.List(t.Context(), username)
	same(t, fmt.Sprintf("List(%q)", username), got, err, want)
}

func glassRoundTrip(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	holdsGlass(t, s, "")
	b1, a2, a1 := BreakGlassRecord(1, "bob"), BreakGlassRecord(2, "alice"), BreakGlassRecord(3, "alice")
	a1.SpentAt = time.Time{}
	replace(t, s, "bob", b1)
	replace(t, s, "alice", a2, a1)
	holdsGlass(t, s, "alice", a2, a1)
	holdsGlass(t, s, "bob", b1)
	holdsGlass(t, s, "carol")
	holdsGlass(t, s, "", a2, a1, b1)
	if list, err := s.List(t.Context(), "alice"); err != nil || !list[1].SpentAt.IsZero() {
		t.Errorf("SpentAt of an unused code: %v, want the zero time", err)
	}
}

func glassReplace(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	old1, old2, new1, bobs := BreakGlassRecord(1, "alice"), BreakGlassRecord(2, "alice"), BreakGlassRecord(3, "alice"), BreakGlassRecord(4, "bob")
	same(t, "Replace of nothing", replace(t, s, "alice", old1, old2), nil, nil)
	replace(t, s, "bob", bobs)
	same(t, "Replace", replace(t, s, "alice", new1), nil, []token.BreakGlassRecord{old1, old2})
	holdsGlass(t, s, "", new1, bobs)
	_, err := s.Update(t.Context(), old1.Key, func(*token.BreakGlassRecord) error { return nil })
	fails(t, "Update of a replaced code", err, token.ErrUnknown)
	same(t, "removal", replace(t, s, "alice"), nil, []token.BreakGlassRecord{new1})
	same(t, "second removal", replace(t, s, "alice"), nil, nil)
	holdsGlass(t, s, "", bobs)
}

func glassTaken(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	alices, bobs := BreakGlassRecord(1, "alice"), BreakGlassRecord(2, "bob")
	replace(t, s, "alice", alices)
	replace(t, s, "bob", bobs)
	_, err := s.Replace(t.Context(), "bob", []token.BreakGlassRecord{BreakGlassRecord(3, "bob"), BreakGlassRecord(1, "bob")})
	fails(t, "Replace with another's code", err, token.ErrExists)
	_, err = s.Replace(t.Context(), "bob", []token.BreakGlassRecord{BreakGlassRecord(3, "bob"), BreakGlassRecord(3, "bob")})
	fails(t, "Replace with a code twice", err, token.ErrExists)
	holdsGlass(t, s, "", alices, bobs)
}

func glassNames(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	names := []string{"alice", "Alice", "alice ", "al", "alice%", "älice"}
	for i, name := range names {
		replace(t, s, name, BreakGlassRecord(i, name))
	}
	for i, name := range names {
		holdsGlass(t, s, name, BreakGlassRecord(i, name))
	}
}

func glassUpdate(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	r, other := BreakGlassRecord(1, "alice"), BreakGlassRecord(2, "alice")
	replace(t, s, "alice", r, other)
	errNo := errors.New("no")
	_, err := s.Update(t.Context(), r.Key, func(r *token.BreakGlassRecord) error {
		r.SpentAt = time.Time{}
		return errNo
	})
	fails(t, "Update refused", err, errNo)
	want := r
	want.SpentAt = start.Add(time.Hour)
	got, err := s.Update(t.Context(), r.Key, func(r *token.BreakGlassRecord) error {
		r.SpentAt = start.Add(time.Hour)
		r.Key, r.Username = other.Key, "mallory" // stay as they are
		return nil
	})
	same(t, "Update", got, err, want)
	holdsGlass(t, s, "", want, other)
}

// Threat T069: a code works once.
func glassOneUse(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	r := BreakGlassRecord(1, "alice")
	r.SpentAt = time.Time{}
	replace(t, s, "alice", r)
	errs := race(func(int) error { return spend(t, s, r.Key) })
	if n := won(t, errs, token.ErrSpent); n != 1 {
		t.Errorf("%d racers spent the code, want 1", n)
	}
}

func spend(t *testing.T, s token.BreakGlassCodes, k token.Key) error {
	t.Helper()
	_, err := s.Update(t.Context(), k, func(r *token.BreakGlassRecord) error {
		if !r.SpentAt.IsZero() {
			return token.ErrSpent
		}
		r.SpentAt = start
		return nil
	})
	return err
}

// A code is spent before it is replaced, and Replace says so, or never.
func glassReplaceRaces(t *testing.T, s token.BreakGlassCodes) {
	t.Helper()
	r := BreakGlassRecord(1, "alice")
	r.SpentAt = time.Time{}
	replace(t, s, "alice", r)
	spent := false
	errs := race(func(i int) error {
		if i != 0 {
			return spend(t, s, r.Key)
		}
		before, err := s.Replace(t.Context(), "alice", nil)
		spent = err == nil && len(before) == 1 && !before[0].SpentAt.IsZero()
		if err == nil {
			return token.ErrUnknown // counts as neither
		}
		return err
	})
	n := 0
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, token.ErrUnknown) && !errors.Is(err, token.ErrSpent):
			t.Errorf("a racer got %v", err)
		}
	}
	if spent != (n == 1) || n > 1 {
		t.Errorf("%d racers spent the code; Replace saw it spent: %t", n, spent)
	}
	holdsGlass(t, s, "")
}
