package sqlite_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Fault R35: a backup made while the store is written to is whole and of one
// moment. What it restores is who there is, and nobody who is signed in.
func TestBackupWhileWrittenTo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: newSealer(t)}
	db := open(t, config)
	if _, err := db.Users().Insert(t.Context(), primary.User{Username: "alice"}, "hash"); err != nil {
		t.Fatal(err)
	}
	if err := db.Tokens().Insert(t.Context(), tokentest.TokenRecord(1)); err != nil {
		t.Fatal(err)
	}
	code := tokentest.CodeRecord(1, "alice", begun)
	if err := db.SignInCodes().Insert(t.Context(), code, 0, begun); err != nil {
		t.Fatal(err)
	}
	pending := mfatest.Transaction(1, begun)
	if _, err := db.Transactions().Insert(t.Context(), pending, mfa.Limits{}, begun); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	started := make(chan struct{})
	for w := range 4 {
		group.Go(func() { // a code is spent after its session is there
			for i := 0; ctx.Err() == nil; i++ {
				n := 1000*i + w
				_, err := db.Sessions().Create(t.Context(), numbered(n), 0, begun) //nolint:contextcheck // ctx ends the loop, not a write
				if err == nil {
					_, err = db.Codes().Spend(t.Context(), sha256.Sum256([]byte(strconv.Itoa(n))), begun.Add(time.Hour), begun) //nolint:contextcheck // as above
				}
				if err != nil {
					t.Error(err)
				}
				if w == 0 && i == 5 {
					close(started)
				}
			}
		})
	}
	<-started
	path := filepath.Join(folder, "backup.db")
	err := db.Backup(t.Context(), path)
	cancel()
	group.Wait()
	if err != nil {
		t.Fatalf("Backup() = %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the backup = %v, %v, want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) != 0 {
		t.Errorf("left beside the backup: %v", left)
	}
	config.Path = path
	if err := sqlite.Verify(t.Context(), config); err != nil {
		t.Errorf("Verify() of the backup = %v", err)
	}
	restored := open(t, config)
	if !restored.Restored() || db.Restored() {
		t.Errorf("Restored() = %v, and of the store itself %v, want true, false", restored.Restored(), db.Restored())
	}
	wantOver(t, restored, numbered(0), pending.Key, code.Key)
	if _, _, err := restored.Users().Find(t.Context(), "alice"); err != nil {
		t.Errorf("Find() of the user = %v", err)
	}
	if _, err := restored.Tokens().Find(t.Context(), tokentest.TokenRecord(1).Key); err != nil {
		t.Errorf("Find() of the token = %v", err)
	}
	// All that was in the snapshot is swept: for each code its session.
	swept, err := restored.Sessions().Sweep(t.Context(), begun, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[session.Key]bool)
	for _, s := range swept {
		there[s.Key] = true
	}
	for i := range 10_000 {
		n := 1000*(i/4) + i%4
		fresh, err := restored.Codes().Spend(t.Context(), sha256.Sum256([]byte(strconv.Itoa(n))), begun.Add(time.Hour), begun)
		if err != nil {
			t.Fatal(err)
		}
		if !fresh && !there[numbered(n).Key] {
			t.Errorf("code %d is spent, but its session is not there", n)
		}
		if fresh && i > 4*len(swept) {
			break
		}
	}
	// Whoever signs in again is in.
	again := sessiontest.NewSession("again", "alice", begun)
	if _, err := restored.Sessions().Create(t.Context(), again, 0, begun); err != nil {
		t.Fatal(err)
	}
	if _, err := restored.Sessions().Find(t.Context(), again.Key, begun); err != nil {
		t.Errorf("Find() of a session begun after the restore = %v", err)
	}
}

// wantOver checks that nothing of what was issued before opens anything.
func wantOver(t *testing.T, db *sqlite.DB, s session.Session, pending mfa.Key, code token.Key) {
	t.Helper()
	if _, err := db.Sessions().Find(t.Context(), s.Key, begun); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() of a session issued before the restore = %v, want ErrNotFound", err)
	}
	if list, err := db.Sessions().List(t.Context(), "", begun); err != nil || len(list) != 0 {
		t.Errorf("List() = %d, %v, want none", len(list), err)
	}
	if tx, err := db.Transactions().Find(t.Context(), pending); err != nil || tx.ExpiresAt.After(begun) {
		t.Errorf("pending login ends at %v, %v, want it over", tx.ExpiresAt, err)
	}
	if over, err := db.SignInCodes().Sweep(t.Context(), begun, 10); err != nil || len(over) != 1 || over[0].Key != code {
		t.Errorf("Sweep() of sign-in codes = %d, %v, want the one of before", len(over), err)
	}
}

// Fault R35: a copy made by hand is older than the number beside it.
func TestRestoredByHand(t *testing.T) {
	t.Parallel()
	put := func(t *testing.T, path string, whole []byte) {
		t.Helper()
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name    string
		restore func(t *testing.T, path string, whole, beside []byte)
		want    bool
	}{
		{"as it was left", func(*testing.T, string, []byte, []byte) {}, false},
		{"an older copy", func(t *testing.T, path string, whole, _ []byte) { t.Helper(); put(t, path, whole) }, true},
		{"an older copy with its number, which nothing tells", func(t *testing.T, path string, whole, beside []byte) {
			t.Helper()
			put(t, path, whole)
			put(t, path+".generation", beside)
		}, false},
		{"without its number", func(t *testing.T, path string, _, _ []byte) {
			t.Helper()
			if err := os.Remove(path + ".generation"); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"with a number nobody wrote", func(t *testing.T, path string, _, _ []byte) {
			t.Helper()
			put(t, path+".generation", []byte("made up"))
		}, true},
		{"with the number of another store", func(t *testing.T, path string, _, _ []byte) {
			t.Helper()
			other := made(t)
			foreign, err := os.ReadFile(other.Path + ".generation")
			if err != nil {
				t.Fatal(err)
			}
			put(t, path+".generation", foreign)
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := made(t)
			whole, err := os.ReadFile(config.Path)
			if err != nil {
				t.Fatal(err)
			}
			beside, err := os.ReadFile(config.Path + ".generation")
			if err != nil {
				t.Fatal(err)
			}
			// The session is logged out after the copy was made.
			db, err := sqlite.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Sessions().Delete(t.Context(), numbered(1).Key); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			test.restore(t, config.Path, whole, beside)
			for round, want := range []bool{test.want, false} {
				db, err = sqlite.Open(t.Context(), config)
				if err != nil {
					t.Fatal(err)
				}
				if db.Restored() != want {
					t.Errorf("opened %d times: Restored() = %v, want %v", round+1, db.Restored(), want)
				}
				wantFound := error(nil)
				if test.want {
					wantFound = session.ErrNotFound
				}
				if _, err := db.Sessions().Find(t.Context(), numbered(2).Key, begun); !errors.Is(err, wantFound) {
					t.Errorf("opened %d times: Find() = %v, want %v", round+1, err, wantFound)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestBackupRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db := open(t, sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: newSealer(t)})
	taken := filepath.Join(folder, "taken")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name, path string
		ctx        context.Context //nolint:containedctx // a row of a table
		want       error
	}{
		{"over a file", taken, t.Context(), sqlite.ErrBackupExists},
		{"over the store", filepath.Join(folder, "data.db"), t.Context(), sqlite.ErrBackupExists},
		{"over a folder", folder, t.Context(), sqlite.ErrBackupExists},
		{"into no folder", filepath.Join(folder, "none", "b.db"), t.Context(), os.ErrNotExist},
		{"given up", filepath.Join(folder, "given-up"), cancelled, context.Canceled},
	} {
		if err := db.Backup(test.ctx, test.path); !errors.Is(err, test.want) {
			t.Errorf("%s: Backup() = %v, want %v", test.name, err, test.want)
		}
	}
	if content, err := os.ReadFile(taken); err != nil || string(content) != "precious" {
		t.Errorf("the file in the way is %q, %v", content, err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.partial*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// What an interrupted backup left is nobody's.
	path := filepath.Join(folder, "whole")
	if err := os.WriteFile(path+".partial", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), path); err != nil {
		t.Errorf("Backup() after an interrupted one = %v", err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("Check() = %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), filepath.Join(folder, "closed")); !errors.Is(err, sqlite.ErrClosed) {
		t.Errorf("Backup() of a closed store = %v, want ErrClosed", err)
	}
}
