package sqlite_test

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/primary"
	"mfaserver/internal/store/sqlite"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Threats T039, T117: the bytes of all files, the log included, hold nothing
// that finishes a login, makes a cookie or names a user of a session.
func TestDumpShowsNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := open(t, sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: newSealer(t)})
	tx := mfatest.Transaction(1, begun)
	s := sessiontest.NewSession("the id in the cookie", "canonical-name", begun)
	tx.Username, tx.Typed, tx.DuoUsername = "canonical-name", "typed-name", "duo-name"
	tx.Nonce, tx.Carry, s.Carry = "nonce-of-the-login", mfa.Carry("upstream-cookie-1"), []byte("upstream-cookie-2")
	if _, err := db.Transactions().Insert(t.Context(), tx, mfa.Limits{PerClient: 1}, begun); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Sessions().Create(t.Context(), s, 5, begun); err != nil {
		t.Fatal(err)
	}
	if err := db.Sources().Remember(t.Context(), tx.Username, tx.Addr, begun); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Users().Insert(t.Context(), primary.User{Username: "local", Role: primary.RoleAdmin, Email: "mail@example.org"}, "$argon2id$the-hash"); err != nil {
		t.Fatal(err)
	}
	// Threat T174: nor does a backup.
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := db.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	var dump []byte
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dump = append(dump, content...)
	}
	for _, all := range [][]byte{dump, copied} {
		if !bytes.Contains(all, s.Key[:]) || !bytes.Contains(all, tx.Key[:]) {
			t.Fatal("the dump misses the rows: the test shows nothing")
		}
	}
	dump = append(dump, copied...)
	for _, secret := range []string{
		"state 1", "the id in the cookie", "canonical-name", "typed-name", "duo-name", "nonce-of-the-login",
		"upstream-cookie", "203.0.113.7", "192.0.2.7", "user_approved", "mail@example.org", "$argon2id$", "admin",
	} {
		if bytes.Contains(dump, []byte(secret)) || bytes.Contains(dump, []byte(hex.EncodeToString([]byte(secret)))) {
			t.Errorf("the dump shows %q", secret)
		}
	}
}

// alter opens the closed store's file with plain SQLite and changes it.
func alter(t *testing.T, path, script string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	result, err := db.ExecContext(t.Context(), script, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed %d rows, %v", script, n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Threats T117, T118: swapped, copied and altered session records are
// refused as such, whatever column was changed.
func TestTamperedSessionsAreRefused(t *testing.T) {
	t.Parallel()
	const swap = "(SELECT %s FROM sessions AS other WHERE other.id = 3 - sessions.id)"
	tests := []struct{ name, script string }{
		{"records swapped", "UPDATE sessions SET record = " + strings.ReplaceAll(swap, "%s", "record")},
		{"users swapped", "UPDATE sessions SET user = " + strings.ReplaceAll(swap, "%s", "user")},
		{"other kind", "UPDATE sessions SET page = 1 - page"},
		{"record emptied", "UPDATE sessions SET record = x''"},
		{"record cut", "UPDATE sessions SET record = substr(record, 1, length(record) - 1)"},
		{"last byte changed", "UPDATE sessions SET record = CAST(substr(record, 1, length(record) - 2) || x'ffee' AS BLOB)"},
		{"key moved to another id", "UPDATE sessions SET key = x'" + hex.EncodeToString(keyOf("stolen")) + "' WHERE id = 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
			db, err := sqlite.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []session.Session{sessiontest.NewSession("1", "alice", begun), sessiontest.NewSession("2", "bob", begun)} {
				if _, err := db.Sessions().Create(t.Context(), s, 0, begun); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			alter(t, config.Path, test.script)
			store := open(t, config).Sessions()
			k := session.KeyOf("1")
			if strings.HasPrefix(test.name, "key") {
				k = session.KeyOf("stolen")
			}
			if _, err := store.Find(t.Context(), k, begun); !errors.Is(err, session.ErrTampered) {
				t.Errorf("Find() = %v, want ErrTampered", err)
			}
			if err := store.Touch(t.Context(), k, begun); !errors.Is(err, session.ErrTampered) {
				t.Errorf("Touch() = %v, want ErrTampered", err)
			}
			if _, err := store.Delete(t.Context(), k); !errors.Is(err, session.ErrTampered) {
				t.Errorf("Delete() = %v, want ErrTampered", err)
			}
			if _, err := store.Find(t.Context(), k, begun); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Find() after Delete = %v, want ErrNotFound: a broken record can be removed", err)
			}
		})
	}
}

func keyOf(id string) []byte {
	k := session.KeyOf(id)
	return k[:]
}

// A record that was tampered with does not keep the others from being
// listed, ended and swept.
func TestTamperedSessionsAreNoObstacle(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	store := db.Sessions()
	for _, name := range []string{"1", "2", "3", "4"} {
		if _, err := store.Create(t.Context(), sessiontest.NewSession(name, "alice", begun), 0, begun); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Exec(t.Context(), "UPDATE sessions SET record = x'00' WHERE id IN (1, 3)"); err != nil {
		t.Fatal(err)
	}
	db.Uncache()
	if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != 2 {
		t.Errorf("List() = %d, %v, want the 2 whole ones", len(list), err)
	}
	ended, err := store.Create(t.Context(), sessiontest.NewSession("5", "alice", begun), 3, begun)
	if err != nil || len(ended) != 1 || ended[0].Key != session.KeyOf("2") {
		t.Errorf("Create() = %v, %v, want the broken one and session 2 ended", ended, err)
	}
	if ended, err := store.DeleteUser(t.Context(), "alice"); err != nil || len(ended) != 2 {
		t.Errorf("DeleteUser() = %d, %v, want the 2 whole ones", len(ended), err)
	}
	if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != 0 {
		t.Errorf("List() at the end = %v, %v, want none", list, err)
	}
}

// Threats T039, T118: a pending login cannot be changed in the file.
func TestTamperedTransactionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, column := range []string{"user", "client", "binding", "record"} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			db := newStore(t)
			tx := mfatest.Transaction(1, begun)
			other := mfatest.Transaction(2, begun)
			other.Username = "mallory"
			for _, tx := range []mfa.Transaction{tx, other} {
				if _, err := db.Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Exec(t.Context(), "UPDATE transactions SET "+column+" = (SELECT "+column+" FROM transactions WHERE id = 2) WHERE id = 1"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Transactions().Find(t.Context(), tx.Key); !errors.Is(err, mfa.ErrUnavailable) {
				t.Errorf("Find() = %v, want ErrUnavailable", err)
			}
			_, err := db.Transactions().Update(t.Context(), tx.Key, func(*mfa.Transaction) error {
				t.Error("change saw a record that was tampered with")
				return nil
			})
			if !errors.Is(err, mfa.ErrUnavailable) {
				t.Errorf("Update() = %v, want ErrUnavailable", err)
			}
			if removed, live, err := db.Transactions().Sweep(t.Context(), begun.AddDate(1, 0, 0), 10); err != nil || removed != 2 || len(live) != 1 {
				t.Errorf("Sweep() = %d, %d, %v, want both removed and the whole one returned", removed, len(live), err)
			}
		})
	}
}

// Threat T118: nobody becomes an administrator, or takes over a name or a
// password, by changing the file.
func TestTamperedUsersAreRefused(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"record of the administrator": "UPDATE users SET record = (SELECT record FROM users WHERE id = 1) WHERE id = 2",
		"names swapped":               "UPDATE users SET username = CASE id WHEN 1 THEN CAST('x' AS BLOB) ELSE CAST('root' AS BLOB) END",
		"numbers swapped":             "UPDATE users SET id = id + 1 WHERE id = 2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newStore(t)
			for _, u := range []primary.User{{Username: "root", Role: primary.RoleAdmin}, {Username: "alice", Role: primary.RoleUser}} {
				if _, err := db.Users().Insert(t.Context(), u, "hash of "+u.Username); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Exec(t.Context(), script); err != nil {
				t.Fatal(err)
			}
			for _, username := range []string{"root", "alice"} {
				u, hash, err := db.Users().Find(t.Context(), username)
				if err == nil && (u.Username != username || hash != "hash of "+username || (u.Role == primary.RoleAdmin) != (username == "root")) {
					t.Errorf("Find(%s) = %+v, %s", username, u, hash)
				}
			}
			if _, err := db.Users().List(t.Context()); !errors.Is(err, primary.ErrUnavailable) {
				t.Errorf("List() = %v, want ErrUnavailable", err)
			}
		})
	}
}
