package sqlite_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream/upstreamtest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session/sessiontest"
)

// Threat T172: of every key it is told how many values need it, those inside of
// records too, and that none does any more.
func TestKeyUse(t *testing.T) {
	t.Parallel()
	var keys [3]seal.Key // of the store: before and now; of what is carried
	for i := range keys {
		key, err := seal.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
	}
	path := filepath.Join(t.TempDir(), "data.db")
	sealer := func(current seal.Key, previous ...seal.Key) *seal.Sealer {
		s, err := seal.New(current, previous...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	open := func(s *seal.Sealer) *sqlite.DB {
		db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Sealer: s})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	wants := func(s *seal.Sealer, before, carried int) {
		t.Helper()
		use, err := sqlite.KeyUse(t.Context(), sqlite.Config{Path: path, Sealer: s}, keys[2:])
		if err != nil || use[keys[0].ID()] != before || use[keys[2].ID()] != carried {
			t.Errorf("KeyUse = %v, %v, want %d of before and %d carried", use, err, before, carried)
		}
	}
	if _, err := sqlite.KeyUse(t.Context(), sqlite.Config{Path: path, Sealer: sealer(keys[0])}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a store: %v, want ErrNotExist", err)
	}
	carry := sealer(keys[2]).Seal([]byte("cookie"), []byte("alice"))
	s := sessiontest.NewSession("a", "alice", begun)
	s.Carry = carry
	tx := mfatest.Transaction(1, begun)
	tx.Carry = mfa.Carry(carry)
	credential := tokentest.TokenRecord(1)
	credential.Credential = carry
	entry := upstreamtest.Sample(1)
	entry.Sealed = carry
	db := open(sealer(keys[0]))
	_, errUser := db.Users().Insert(t.Context(), primary.User{Username: "alice"}, "hash")
	_, errSession := db.Sessions().Create(t.Context(), s, 0, begun)
	_, errTx := db.Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun)
	err := errors.Join(errUser, errSession, errTx, db.Tokens().Insert(t.Context(), credential), db.Ledger().Add(t.Context(), entry), db.Close())
	if err != nil {
		t.Fatal(err)
	}
	both := sealer(keys[1], keys[0])
	// Beside the five: the hashing key and twice the store's number.
	wants(both, 8, 4)
	db = open(both)
	wants(both, 3, 4) // session, login and ledger; all else is sealed anew at the start
	_, errSession = db.Sessions().DeleteUser(t.Context(), "alice")
	_, _, errTx = db.Transactions().Sweep(t.Context(), tx.ExpiresAt.Add(1), 10)
	_, errLedger := db.Ledger().Remove(t.Context(), entry.ID)
	if err := errors.Join(errSession, errTx, errLedger); err != nil {
		t.Fatal(err)
	}
	wants(both, 0, 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wants(sealer(keys[1]), 0, 1)
	if _, err := sqlite.KeyUse(t.Context(), sqlite.Config{Path: path, Sealer: sealer(keys[0])}, nil); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("with a key that opens nothing: %v, want ErrDamaged", err)
	}
}
