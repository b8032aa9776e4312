package tokentest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/token"
)

// TokenRecord is a service token with every field set; n tells them apart and
// says how many seconds after the suites' start it was made.
func TokenRecord(n int) token.Record {
	key := token.Key(sha256.Sum256(fmt.Appendf(nil, "token %d", n)))
	created := start.Add(time.Duration(n) * time.Second)
	r := token.Record{Key: key, Credential: fmt.Appendf(nil, "credential\x00\xff of %d", n)}
	r.ID, r.Name, r.Username, r.UserID, r.Owner = key.Handle(), "nightly export", "alice", 7, "Ünal O'Neill"
	r.ReadOnly, r.Paths = true, []string{"/channels", "/server/version"}
	r.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	r.CreatedAt, r.CreatedBy, r.ExpiresAt = created, "root", created.Add(24*time.Hour)
	r.EndedAt, r.EndReason = created.Add(time.Hour), "no longer needed"
	r.LastUsed, r.LastSource = created.Add(time.Minute), netip.MustParseAddr("192.0.2.7")
	return r
}

// derived is what stores need not keep.
var derived = cmpopts.IgnoreFields(token.Token{}, "HasCredential")

// TestServiceTokens checks a store against the contract of
// [token.ServiceTokens]. newStore returns an empty one that the test owns
// alone; it registers its own clean-up with t.
func TestServiceTokens(t *testing.T, newStore func(t *testing.T) token.ServiceTokens) {
	t.Helper()
	run(t, newStore, []check[token.ServiceTokens]{
		{"round trip", tokenRoundTrip},
		{"zero fields", tokenZeroFields},
		{"unknown", tokenUnknown},
		{"taken", tokenTaken},
		{"copies", tokenCopies},
		{"list", tokenList},
		{"update", tokenUpdate},
		{"update refused", tokenUpdateRefused},
		{"update keeps identity", tokenUpdateKeepsIdentity},
		{"delete", tokenDelete},
		{"updates do not get lost", tokenUpdatesAreKept},
		{"one revocation wins", tokenOneRevocation},
		{"one of many gets the key", tokenOneInsert},
	})
}

func addToken(t *testing.T, s token.ServiceTokens, all ...token.Record) {
	t.Helper()
	for _, r := range all {
		works(t, "Insert", s.Insert(t.Context(), r))
	}
}

func holdsToken(t *testing.T, s token.ServiceTokens, want token.Record) {
	t.Helper()
	got, err := s.Find(t.Context(), want.Key)
	same(t, "Find", got, err, want, derived)
	got, err = s.Get(t.Context(), want.ID)
	same(t, "Get", got, err, want, derived)
}

func tokenRoundTrip(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1), TokenRecord(2))
	holdsToken(t, s, TokenRecord(1))
	holdsToken(t, s, TokenRecord(2))
}

func tokenZeroFields(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	r := token.Record{Key: TokenRecord(1).Key}
	r.ID = "id"
	addToken(t, s, r)
	holdsToken(t, s, r)
	got, err := s.Get(t.Context(), "id")
	if err != nil || !got.EndedAt.IsZero() || !got.LastUsed.IsZero() || !got.ExpiresAt.IsZero() || got.LastSource.IsValid() {
		t.Errorf("Get = %+v, %v, want zero times and no address", got, err)
	}
}

func tokenUnknown(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1))
	for _, id := range []string{"", "nobody", TokenRecord(2).ID, "%", TokenRecord(1).ID + " "} {
		_, err := s.Get(t.Context(), id)
		fails(t, fmt.Sprintf("Get(%q)", id), err, token.ErrUnknown)
		_, err = s.Update(t.Context(), id, func(*token.Record) error {
			t.Error("change saw a record")
			return nil
		})
		fails(t, "Update", err, token.ErrUnknown)
		fails(t, "Delete", s.Delete(t.Context(), id), token.ErrUnknown)
	}
	for _, k := range []token.Key{{}, TokenRecord(2).Key} {
		_, err := s.Find(t.Context(), k)
		fails(t, "Find", err, token.ErrUnknown)
	}
}

func tokenTaken(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1))
	sameKey, sameID := TokenRecord(2), TokenRecord(2)
	sameKey.Key, sameID.ID = TokenRecord(1).Key, TokenRecord(1).ID
	fails(t, "Insert of a key again", s.Insert(t.Context(), sameKey), token.ErrExists)
	fails(t, "Insert of an id again", s.Insert(t.Context(), sameID), token.ErrExists)
	list, err := s.List(t.Context())
	same(t, "List", list, err, []token.Record{TokenRecord(1)}, derived)
}

func tokenCopies(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	spoil := func(r *token.Record) { r.Credential[0], r.Paths[0], r.Networks[0] = 'X', "/", netip.Prefix{} }
	r := TokenRecord(1)
	addToken(t, s, r)
	spoil(&r)
	var kept *token.Record
	got, err := s.Update(t.Context(), r.ID, func(r *token.Record) error {
		kept = r
		return nil
	})
	works(t, "Update", err)
	spoil(&got)
	spoil(kept)
	if got, err = s.Find(t.Context(), r.Key); err == nil {
		spoil(&got)
	}
	if list, err := s.List(t.Context()); err == nil && len(list) == 1 {
		spoil(&list[0])
	}
	holdsToken(t, s, TokenRecord(1))
}

func tokenList(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	list, err := s.List(t.Context())
	same(t, "List of nothing", list, err, nil)
	twin := TokenRecord(9)
	twin.ID, twin.CreatedAt = "~", TokenRecord(2).CreatedAt
	addToken(t, s, twin, TokenRecord(3), TokenRecord(1), TokenRecord(2))
	list, err = s.List(t.Context())
	same(t, "List", list, err, []token.Record{TokenRecord(1), TokenRecord(2), twin, TokenRecord(3)}, derived)
}

func tokenUpdate(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1), TokenRecord(2))
	want := TokenRecord(1)
	change := func(r *token.Record) {
		r.EndedAt, r.EndReason, r.Credential = start.Add(time.Hour), "left", nil
		r.LastUsed, r.LastSource = start.Add(time.Minute), netip.MustParseAddr("2001:db8::1")
	}
	change(&want)
	got, err := s.Update(t.Context(), want.ID, func(r *token.Record) error {
		change(r)
		return nil
	})
	same(t, "Update", got, err, want, derived)
	holdsToken(t, s, want)
	holdsToken(t, s, TokenRecord(2))
}

func tokenUpdateRefused(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1))
	errNo := errors.New("no")
	_, err := s.Update(t.Context(), TokenRecord(1).ID, func(r *token.Record) error {
		r.Name, r.Paths[0] = "changed", "/"
		return errNo
	})
	fails(t, "Update", err, errNo)
	holdsToken(t, s, TokenRecord(1))
}

// Threat T118: no update hands a token to another user or value.
func tokenUpdateKeepsIdentity(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1))
	_, err := s.Update(t.Context(), TokenRecord(1).ID, func(r *token.Record) error {
		r.Key, r.ID, r.Username = TokenRecord(2).Key, TokenRecord(2).ID, "mallory"
		return nil
	})
	works(t, "Update", err)
	holdsToken(t, s, TokenRecord(1))
	_, err = s.Find(t.Context(), TokenRecord(2).Key)
	fails(t, "Find", err, token.ErrUnknown)
}

func tokenDelete(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	addToken(t, s, TokenRecord(1), TokenRecord(2))
	works(t, "Delete", s.Delete(t.Context(), TokenRecord(1).ID))
	fails(t, "second Delete", s.Delete(t.Context(), TokenRecord(1).ID), token.ErrUnknown)
	_, err := s.Find(t.Context(), TokenRecord(1).Key)
	fails(t, "Find", err, token.ErrUnknown)
	holdsToken(t, s, TokenRecord(2))
	addToken(t, s, TokenRecord(1))
	holdsToken(t, s, TokenRecord(1))
}

func tokenUpdatesAreKept(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	r := TokenRecord(1)
	r.UserID = 0
	addToken(t, s, r)
	errs := race(func(int) error {
		_, err := s.Update(t.Context(), r.ID, func(r *token.Record) error {
			r.UserID++
			return nil
		})
		return err
	})
	got, err := s.Get(t.Context(), r.ID)
	if n := won(t, errs, nil); err != nil || n != Racers || got.UserID != Racers {
		t.Errorf("%d of %d updates done, %d kept, %v", n, Racers, got.UserID, err)
	}
}

func tokenOneRevocation(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	r := TokenRecord(1)
	r.EndedAt = time.Time{}
	addToken(t, s, r)
	errs := race(func(int) error {
		_, err := s.Update(t.Context(), r.ID, func(r *token.Record) error {
			if !r.EndedAt.IsZero() {
				return token.ErrRevoked
			}
			r.EndedAt = start
			return nil
		})
		return err
	})
	if n := won(t, errs, token.ErrRevoked); n != 1 {
		t.Errorf("%d racers revoked the token, want 1", n)
	}
}

func tokenOneInsert(t *testing.T, s token.ServiceTokens) {
	t.Helper()
	errs := race(func(i int) error {
		r := TokenRecord(1)
		r.UserID = i
		return s.Insert(t.Context(), r)
	})
	if n := won(t, errs, token.ErrExists); n != 1 {
		t.Errorf("%d inserts of one token worked, want 1", n)
	}
}
