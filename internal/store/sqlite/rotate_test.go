package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"

	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// A store outlives its key: with the previous key at hand everything opens,
// and once it was opened so, the directory, tokens, break-glass codes and the index of names no
// longer need it.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	var keys [2]seal.Key
	for i := range keys {
		key, err := seal.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
	}
	path := filepath.Join(t.TempDir(), "data.db")
	visit := func(f func(db *sqlite.DB), current seal.Key, previous ...seal.Key) {
		t.Helper()
		sealer, err := seal.New(current, previous...)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Sealer: sealer})
		if err != nil {
			t.Fatal(err)
		}
		f(db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantUser := func(db *sqlite.DB) {
		t.Helper()
		u, hash, err := db.Users().Find(t.Context(), "alice")
		if err != nil || u.Role != primary.RoleAdmin || hash != "hash" {
			t.Errorf("Find() = %+v, %q, %v", u, hash, err)
		}
		if r, err := db.Tokens().Find(t.Context(), tokentest.TokenRecord(1).Key); err != nil || r.Username != "alice" {
			t.Errorf("Find() of the token = %+v, %v", r, err)
		}
		glass := tokentest.BreakGlassRecord(1, "alice")
		if r, err := db.BreakGlass().Update(t.Context(), glass.Key, func(*token.BreakGlassRecord) error { return nil }); err != nil || r.By != glass.By {
			t.Errorf("Update() of the break-glass code = %+v, %v", r, err)
		}
	}
	s := sessiontest.NewSession("a", "alice", begun)
	visit(func(db *sqlite.DB) {
		_, errUser := db.Users().Insert(t.Context(), primary.User{Username: "alice", Role: primary.RoleAdmin}, "hash")
		_, errSession := db.Sessions().Create(t.Context(), s, 0, begun)
		_, errGlass := db.BreakGlass().Replace(t.Context(), "alice", []token.BreakGlassRecord{tokentest.BreakGlassRecord(1, "alice")})
		errToken := db.Tokens().Insert(t.Context(), tokentest.TokenRecord(1))
		if err := errors.Join(errUser, errSession, errGlass, errToken); err != nil {
			t.Fatal(err)
		}
	}, keys[0])
	visit(func(db *sqlite.DB) {
		wantUser(db)
		if _, err := db.Sessions().Find(t.Context(), s.Key, begun); err != nil {
			t.Errorf("Find() under the previous key = %v", err)
		}
	}, keys[1], keys[0])
	visit(func(db *sqlite.DB) {
		wantUser(db)
		if _, err := db.Sessions().Find(t.Context(), s.Key, begun); !errors.Is(err, session.ErrTampered) {
			t.Errorf("Find() without the previous key = %v, want ErrTampered", err)
		}
		if _, err := db.Sessions().DeleteUser(t.Context(), "alice"); err != nil {
			t.Errorf("DeleteUser() = %v", err)
		}
		if _, err := db.Sessions().Find(t.Context(), s.Key, begun); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find() after DeleteUser = %v, want ErrNotFound: names are still found", err)
		}
	}, keys[1])
}
