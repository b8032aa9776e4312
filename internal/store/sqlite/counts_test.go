package sqlite_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session/sessiontest"
)

// Sessions and pending logins are counted; a login that is over is not pending.
func TestCounts(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)})
	now := time.Now()
	for n := range 3 {
		if _, err := db.Sessions().Create(t.Context(), sessiontest.NewSession(strconv.Itoa(n), "alice", now), 0, now); err != nil {
			t.Fatal(err)
		}
	}
	var tx mfa.Transaction
	for n := range 2 {
		tx = mfatest.Transaction(n, now)
		if _, err := db.Transactions().Insert(t.Context(), tx, mfa.Limits{}, now); err != nil {
			t.Fatal(err)
		}
	}
	count := func(when string, at time.Time, sessions, pending int) {
		t.Helper()
		gotSessions, gotPending, err := db.Counts(t.Context(), at)
		if err != nil || gotSessions != sessions || gotPending != pending {
			t.Errorf("Counts %s = %d, %d, %v, want %d and %d", when, gotSessions, gotPending, err, sessions, pending)
		}
	}
	count("at first", now, 3, 2)
	burn := func(tx *mfa.Transaction) error { tx.Phase = mfa.Burned; return nil }
	if _, err := db.Transactions().Update(t.Context(), tx.Key, burn); err != nil {
		t.Fatal(err)
	}
	count("after one was burned", now, 3, 1)
	count("after its end", tx.ExpiresAt.Add(time.Second), 3, 0)
}
