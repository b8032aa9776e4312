package sqlite_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
)

// ledgerEntry is an entry of its own for n.
func ledgerEntry(n int) upstream.Entry {
	e := upstreamtest.Sample(1)
	binary.BigEndian.PutUint64(e.ID[:], uint64(n))
	return e
}

// writeWays makes a token and a code, uses them up, and notes a session at
// the engine.
func writeWays(ctx context.Context, db *sqlite.DB, n int, say func(string, int)) error {
	if err := db.Ledger().Add(ctx, ledgerEntry(n)); err != nil {
		return err
	}
	say("noted", n)
	live := tokentest.TokenRecord(n)
	live.EndReason = ""
	err := db.Tokens().Insert(ctx, live)
	if err == nil {
		_, err = db.Tokens().Update(ctx, live.ID, func(r *token.Record) error {
			r.EndReason = "revoked"
			return nil
		})
	}
	if err != nil {
		return err
	}
	say("revoked", n)
	code := tokentest.CodeRecord(n, "alice", begun)
	err = db.SignInCodes().Insert(ctx, code, 0, begun)
	if err == nil {
		_, err = db.SignInCodes().Update(ctx, code.Key, func(r *token.CodeRecord) error {
			r.State = token.Spent
			return nil
		})
	}
	if err != nil {
		return err
	}
	say("used", n)
	if n%2 == 0 {
		say("striking", n)
		if _, err := db.Ledger().Remove(ctx, ledgerEntry(n).ID); err != nil {
			return err
		}
		say("struck", n)
	}
	return nil
}

// checkWays holds a store to what writeWays said (threats T013, T069).
func checkWays(t *testing.T, db *sqlite.DB, said map[string]map[int]bool) {
	t.Helper()
	for n := range said["revoked"] {
		if r, err := db.Tokens().Find(t.Context(), tokentest.TokenRecord(n).Key); err != nil || r.EndReason != "revoked" {
			t.Errorf("token %d ended as %q, %v, want revoked", n, r.EndReason, err)
		}
	}
	for n := range said["used"] {
		_, err := db.SignInCodes().Update(t.Context(), tokentest.CodeRecord(n, "alice", begun).Key, func(r *token.CodeRecord) error {
			if r.State != token.Spent {
				t.Errorf("code %d is %s again", n, r.State)
			}
			return token.ErrSpent
		})
		if !errors.Is(err, token.ErrSpent) {
			t.Errorf("code %d: %v", n, err)
		}
	}
	entries, err := db.Ledger().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := make(map[upstream.ID]bool)
	for _, e := range entries {
		held[e.ID] = true
	}
	for n := range said["noted"] {
		switch there := held[ledgerEntry(n).ID]; {
		case said["struck"][n] && there:
			t.Errorf("ledger entry %d came back", n)
		case !said["striking"][n] && !there:
			t.Errorf("ledger entry %d was lost", n)
		}
	}
}
