package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// fakeClock is a wall clock that tests set.
type fakeClock struct{ nanos atomic.Int64 }

func (c *fakeClock) now() time.Time  { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *fakeClock) set(t time.Time) { c.nanos.Store(t.UnixNano()) }

func newClockAt(t time.Time) *fakeClock {
	c := &fakeClock{}
	c.set(t)
	return c
}

// Threat T124, fault R15: after the clock was set back, while the store was open or
// closed, nothing that was begun before lives on; what is begun afterwards
// does. Small corrections, and jumps forward, end nothing.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		by    time.Duration
		lives bool
	}{
		{"an hour", -time.Hour, false},
		{"a day", -24 * time.Hour, false},
		{"to 1970", begun.Sub(begun) - time.Duration(begun.UnixNano()), false},
		{"a second", -time.Second, true},
		{"half a minute", -30 * time.Second, true},
		{"forward an hour", time.Hour, true},
	}
	for _, test := range tests {
		for _, restart := range []bool{false, true} {
			name := test.name
			if restart {
				name += ", while closed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				clock := newClockAt(begun)
				config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t), Now: clock.now}
				db, err := sqlite.Open(t.Context(), config)
				if err != nil {
					t.Fatal(err)
				}
				before := sessiontest.NewSession("before", "alice", begun)
				if _, err := db.Sessions().Create(t.Context(), before, 0, begun); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Transactions().Insert(t.Context(), mfatest.Transaction(1, begun), mfa.Limits{}, begun); err != nil {
					t.Fatal(err)
				}
				if err := db.SignInCodes().Insert(t.Context(), tokentest.CodeRecord(1, "alice", begun), 0, begun); err != nil {
					t.Fatal(err)
				}
				if restart {
					if err := db.Close(); err != nil {
						t.Fatal(err)
					}
				}
				clock.set(begun.Add(test.by))
				if restart {
					db = open(t, config)
				} else {
					t.Cleanup(func() { _ = db.Close() })
					if err := db.Upkeep(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				checkAfterSetBack(t, db, begun.Add(min(test.by, 0)), test.lives)
				after := sessiontest.NewSession("after", "bob", clock.now())
				if _, err := db.Sessions().Create(t.Context(), after, 0, clock.now()); err != nil {
					t.Fatal(err)
				}
				if err := db.Upkeep(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Sessions().Find(t.Context(), after.Key, clock.now()); err != nil {
					t.Errorf("Find() of a session begun afterwards = %v", err)
				}
			})
		}
	}
}

func checkAfterSetBack(t *testing.T, db *sqlite.DB, now time.Time, lives bool) {
	t.Helper()
	_, err := db.Sessions().Find(t.Context(), session.KeyOf("before"), begun)
	if (err == nil) != lives || err != nil && !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() = %v, want alive: %v", err, lives)
	}
	tx, err := db.Transactions().Find(t.Context(), mfatest.Transaction(1, begun).Key)
	if err != nil || tx.ExpiredAt(now) == lives {
		t.Errorf("transaction expires at %v, %v, want alive: %v", tx.ExpiresAt, err, lives)
	}
	keep := func(*token.CodeRecord) error { return nil }
	code, err := db.SignInCodes().Update(t.Context(), tokentest.CodeRecord(1, "alice", begun).Key, keep)
	if err != nil || now.Before(code.ExpiresAt) != lives {
		t.Errorf("sign-in code expires at %v, %v, want alive: %v", code.ExpiresAt, err, lives)
	}
	if lives {
		return
	}
	if over, err := db.SignInCodes().Sweep(t.Context(), now, 10); err != nil || len(over) != 1 {
		t.Errorf("Sweep() of sign-in codes = %v, %v, want the one that was ended", over, err)
	}
	if list, err := db.Sessions().List(t.Context(), "alice", begun); err != nil || len(list) != 0 {
		t.Errorf("List() = %v, %v, want none", list, err)
	}
	if ended, err := db.Sessions().Sweep(t.Context(), begun.Add(-time.Hour), 10); err != nil || len(ended) != 1 {
		t.Errorf("Sweep() = %v, %v, want the session that was ended", ended, err)
	}
}
