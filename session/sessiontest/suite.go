// Package sessiontest checks that a [session.Store] keeps its contract. Each
// store's own test calls [TestStore]; what a store promises beyond the
// contract (surviving a crash, integrity of records) it tests itself.
package sessiontest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/session"
)

// start is the time of most checks. It is not
// whole seconds: stores keep nanoseconds.
var start = time.Date(2026, 3, 1, 8, 0, 0, 123456789, time.UTC)

const (
	idle     = 30 * time.Minute
	absolute = 12 * time.Hour
)

// TestStore runs every check of the contract, each against a store of its own
// from newStore. Checks run in parallel; run them with the race detector too.
func TestStore(t *testing.T, newStore func(t *testing.T) session.Store) {
	t.Helper()
	for _, group := range [][]check{lifecycle, expiry, limits, sweeps, races, epochs} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, newStore(t))
			})
		}
	}
}

type check struct {
	name string
	run  func(t *testing.T, store session.Store)
}

// NewSession returns a complete session of username, begun at begun, whose
// key is derived from name. Every field holds something, so that a store that
// drops one is found out.
func NewSession(name, username string, begun time.Time) session.Session {
	return session.Session{
		Key:           session.KeyOf(name),
		UserID:        7,
		Username:      username,
		Administrator: true,
		CreatedAt:     begun,
		LastActive:    begun,
		Expires:       begun.Add(absolute),
		IdleTimeout:   idle,
		Source:        "192.0.2.7",
		UserAgent:     "agent/1.0 (Ünïcode; \"quotes\")",
		Transaction:   "0a1b2c3d4e5f",
		Factor:        "duo_push",
		Reason:        "user_approved",
		Device:        "+1 555 0100",
		ApprovedAt:    begun.Add(-time.Second),
		Token:         "a1b2c3d4e5f6",
		Exemption:     "nightly export",
		FailOpen:      true,
		ReadOnly:      true,
		Carry:         carryOf(name),
	}
}

func carryOf(name string) []byte {
	sum := sha256.Sum256([]byte("carry of " + name))
	return sum[:]
}

func page(s session.Session) session.Session { return of(session.KindPage, s) }

func of(k session.Kind, s session.Session) session.Session {
	s.Kind = k
	return s
}

func mustCreate(t *testing.T, store session.Store, all ...session.Session) {
	t.Helper()
	for _, s := range all {
		ended, err := store.Create(t.Context(), s, 0, s.CreatedAt)
		if err != nil || len(ended) != 0 {
			t.Fatalf("Create(%s) = %d ended, %v, want none, nil", s.Key.Handle(), len(ended), err)
		}
	}
}

func mustFind(t *testing.T, store session.Store, want session.Session, now time.Time) {
	t.Helper()
	got, err := store.Find(t.Context(), want.Key, now)
	if err != nil {
		t.Fatalf("Find(%s) at %v: %v", want.Key.Handle(), now, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Find(%s) differs (-want +got):\n%s", want.Key.Handle(), diff)
	}
}

func mustNotFind(t *testing.T, store session.Store, k session.Key, now time.Time) {
	t.Helper()
	if _, err := store.Find(t.Context(), k, now); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find(%s) at %v = %v, want ErrNotFound", k.Handle(), now, err)
	}
}

// wantSessions compares in order.
func wantSessions(t *testing.T, what string, got []session.Session, err error, want ...session.Session) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// wantSet compares in any order.
func wantSet(t *testing.T, what string, got []session.Session, err error, want ...session.Session) {
	t.Helper()
	byKey := func(a, b session.Session) int { return slices.Compare(a.Key[:], b.Key[:]) }
	got, want = slices.Clone(got), slices.Clone(want)
	slices.SortFunc(got, byKey)
	slices.SortFunc(want, byKey)
	wantSessions(t, what, got, err, want...)
}
