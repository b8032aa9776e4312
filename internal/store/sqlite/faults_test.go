package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Threat T119: while nothing can be written every room says so with its own
// word, reads go on, and it all works again without a restart.
func TestWritesAreRefusedWhileTheFileIsBusy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.db")
	db := open(t, sqlite.Config{Path: path, Sealer: newSealer(t)})
	s := sessiontest.NewSession("a", "alice", begun)
	if _, err := db.Sessions().Create(t.Context(), s, 0, begun); err != nil {
		t.Fatal(err)
	}
	release := seize(t, path)
	var group sync.WaitGroup
	for name, call := range map[string]struct {
		do   func() error
		want error
	}{
		"Create": {func() error {
			_, err := db.Sessions().Create(t.Context(), sessiontest.NewSession("b", "alice", begun), 0, begun)
			return err
		}, session.ErrUnavailable},
		"Insert": {func() error {
			_, err := db.Transactions().Insert(t.Context(), mfatest.Transaction(1, begun), mfa.Limits{Total: 1}, begun)
			return err
		}, mfa.ErrUnavailable},
		"Update": {func() error {
			_, err := db.Transactions().Update(t.Context(), mfa.Key{}, func(*mfa.Transaction) error { return nil })
			return err
		}, mfa.ErrUnavailable},
		"Spend": {func() error {
			_, err := db.Codes().Spend(t.Context(), [32]byte{}, begun, begun)
			return err
		}, mfa.ErrUnavailable},
		"Tokens.Insert": {func() error {
			return db.Tokens().Insert(t.Context(), tokentest.TokenRecord(1))
		}, token.ErrUnavailable},
		"SignInCodes.Update": {func() error {
			_, err := db.SignInCodes().Update(t.Context(), token.Key{}, func(*token.CodeRecord) error { return nil })
			return err
		}, token.ErrUnavailable},
		"BreakGlass.Replace": {func() error {
			_, err := db.BreakGlass().Replace(t.Context(), "alice", nil)
			return err
		}, token.ErrUnavailable},
		"Ledger.Add": {func() error {
			return db.Ledger().Add(t.Context(), upstreamtest.Sample(1))
		}, upstream.ErrUnavailable},
		"Ledger.Remove": {func() error {
			_, err := db.Ledger().Remove(t.Context(), upstreamtest.Sample(1).ID)
			return err
		}, upstream.ErrUnavailable},
		"Users.Insert": {func() error {
			_, err := db.Users().Insert(t.Context(), primary.User{Username: "u"}, "h")
			return err
		}, primary.ErrUnavailable},
	} {
		group.Go(func() {
			if err := call.do(); !errors.Is(err, call.want) {
				t.Errorf("%s while busy = %v, want %v", name, err, call.want)
			}
		})
	}
	group.Wait()
	if _, err := db.Sessions().Find(t.Context(), s.Key, begun); err != nil {
		t.Errorf("Find() while busy = %v", err)
	}
	db.Uncache()
	if _, err := db.Sessions().Find(t.Context(), s.Key, begun); err != nil {
		t.Errorf("Find() from the file while busy = %v", err)
	}
	release()
	if _, err := db.Transactions().Insert(t.Context(), mfatest.Transaction(1, begun), mfa.Limits{Total: 1}, begun); err != nil {
		t.Errorf("Insert() afterwards = %v", err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("Check() afterwards = %v", err)
	}
}

// seize takes SQLite's write lock with a connection of its own.
func seize(t *testing.T, path string) (release func()) {
	t.Helper()
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	if _, err := other.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Faults R05, R07: a logout that the disk refuses is answered "unavailable",
// but the session is dead at once, and stays dead after a restart.
func TestRefusedLogoutStillEndsTheSession(t *testing.T) {
	t.Parallel()
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	store := db.Sessions()
	for _, s := range []session.Session{
		sessiontest.NewSession("a", "alice", begun), sessiontest.NewSession("b", "bob", begun),
		sessiontest.NewSession("c", "bob", begun), sessiontest.NewSession("d", "carol", begun),
	} {
		if _, err := store.Create(t.Context(), s, 0, begun); err != nil {
			t.Fatal(err)
		}
	}
	release := seize(t, config.Path)
	if _, err := store.Delete(t.Context(), session.KeyOf("a")); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Delete() = %v, want ErrUnavailable", err)
	}
	if _, err := store.DeleteUser(t.Context(), "bob"); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("DeleteUser() = %v, want ErrUnavailable", err)
	}
	if _, err := store.Delete(t.Context(), session.KeyOf("unknown")); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Delete() of an unknown session = %v, want ErrUnavailable", err)
	}
	onlyCarols := func(when string) {
		for _, name := range []string{"a", "b", "c"} {
			k := session.KeyOf(name)
			if _, err := store.Find(t.Context(), k, begun); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: Find(%s) = %v, want ErrNotFound", when, name, err)
			}
			if err := store.Touch(t.Context(), k, begun); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s: Touch(%s) = %v, want ErrNotFound", when, name, err)
			}
		}
		if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != 1 || list[0].Username != "carol" {
			t.Errorf("%s: List() = %v, %v, want carol's only", when, list, err)
		}
	}
	onlyCarols("while refused")
	release()
	onlyCarols("before the upkeep")
	if err := db.Upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	onlyCarols("after the upkeep")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, config).Sessions()
	onlyCarols("after a restart")
}

// Fault R08: the file is removed, replaced or cut while it is in use. The
// store refuses everything, cached sessions too.
func TestFileLostWhileOpen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lose  func(path string) error
		heal  func(path string) error
		heals bool
	}{
		{
			"moved away and back",
			func(path string) error { return os.Rename(path, path+".away") },
			func(path string) error { return os.Rename(path+".away", path) }, true,
		},
		{
			"replaced",
			func(path string) error {
				content, err := os.ReadFile(path)
				return errors.Join(err, os.Rename(path, path+".away"), os.WriteFile(path, content, 0o600))
			},
			func(path string) error { return os.Rename(path+".away", path) }, true,
		},
		{
			"cut",
			func(path string) error { return os.Truncate(path, 4096) },
			func(path string) error { return os.Truncate(path, 1<<20) }, false,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := made(t)
			db, err := sqlite.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // a store that lost its file may say so
			if _, err := db.Sessions().Find(t.Context(), numbered(1).Key, begun); err != nil {
				t.Fatal(err)
			}
			if err := test.lose(config.Path); err != nil {
				t.Fatal(err)
			}
			if err := db.Upkeep(t.Context()); err != nil && test.heals {
				t.Fatal(err)
			}
			if err := db.Check(t.Context()); !errors.Is(err, sqlite.ErrFailed) {
				t.Errorf("Check() = %v, want ErrFailed", err)
			}
			if _, err := db.Sessions().Find(t.Context(), numbered(1).Key, begun); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Find() = %v, want ErrUnavailable", err)
			}
			if _, err := db.Sessions().Create(t.Context(), numbered(1000), 0, begun); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Create() = %v, want ErrUnavailable", err)
			}
			if err := test.heal(config.Path); err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(10 * time.Second)
			for err = db.Check(t.Context()); test.heals && err != nil && time.Now().Before(deadline); err = db.Check(t.Context()) {
				time.Sleep(50 * time.Millisecond) // the store looks every two seconds
			}
			if (err == nil) != test.heals {
				t.Errorf("Check() at the end = %v, want healed: %v", err, test.heals)
			}
		})
	}
}

// Fault R04: after a failed sync nothing is believed any more, cached
// sessions included, until a restart.
func TestFailedStoreRefusesAll(t *testing.T) {
	t.Parallel()
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s := sessiontest.NewSession("a", "alice", begun)
	if _, err := db.Sessions().Create(t.Context(), s, 0, begun); err != nil {
		t.Fatal(err)
	}
	db.Fail(syscall.EIO)
	_, errFind := db.Sessions().Find(t.Context(), s.Key, begun)
	_, errDelete := db.Sessions().Delete(t.Context(), s.Key)
	_, errUser := db.Users().List(t.Context())
	_, errToken := db.Tokens().Find(t.Context(), token.Key{})
	_, errGlass := db.BreakGlass().List(t.Context(), "")
	_, errCodes := db.SignInCodes().Sweep(t.Context(), begun, 1)
	_, errLedger := db.Ledger().List(t.Context())
	_, errKnown := db.Sources().Known(t.Context(), "alice", mfatest.Transaction(1, begun).Addr, begun)
	for _, row := range []struct{ got, want error }{
		{errFind, session.ErrUnavailable},
		{errDelete, session.ErrUnavailable},
		{errUser, primary.ErrUnavailable},
		{errKnown, mfa.ErrUnavailable},
		{errToken, token.ErrUnavailable},
		{errGlass, token.ErrUnavailable},
		{errCodes, token.ErrUnavailable},
		{errLedger, upstream.ErrUnavailable},
		{db.Check(t.Context()), sqlite.ErrFailed},
	} {
		if !errors.Is(row.got, row.want) || !errors.Is(row.got, sqlite.ErrFailed) {
			t.Errorf("after a failure: %v, want %v", row.got, row.want)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, config).Sessions().Find(t.Context(), s.Key, begun); err != nil {
		t.Errorf("Find() after a restart = %v", err)
	}
}

// One job's error, or panic, undoes that job only.
func TestJobsOfABatchAreApart(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	block, blocked := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { // holds the writer until all others are queued
		_ = db.Write(t.Context(), func() error { close(blocked); <-block; return nil })
	})
	<-blocked
	errOdd := errors.New("odd")
	var waiting sync.WaitGroup
	for i := range 40 {
		waiting.Add(1)
		group.Go(func() {
			waiting.Done()
			defer func() {
				if crashed := recover(); (crashed != nil) != (i%4 == 3) {
					t.Errorf("job %d: panic %v", i, crashed)
				}
			}()
			_, err := db.Users().Insert(t.Context(), primary.User{Username: fmt.Sprint("user ", i)}, "hash")
			if err != nil {
				t.Errorf("Insert(%d) = %v", i, err)
			}
			_, err = db.Users().Update(t.Context(), fmt.Sprint("user ", i), func(u *primary.User, _ *string) error {
				u.Email = "changed"
				switch i % 4 {
				case 1:
					return errOdd
				case 3:
					panic("in the caller's function")
				}
				return nil
			})
			if want := i%4 == 1; errors.Is(err, errOdd) != want || !want && err != nil {
				t.Errorf("Update(%d) = %v", i, err)
			}
		})
	}
	waiting.Wait()
	close(block)
	group.Wait()
	all, err := db.Users().List(t.Context())
	if err != nil || len(all) != 40 {
		t.Fatalf("List() = %d users, %v, want 40", len(all), err)
	}
	for _, u := range all {
		var i int
		if _, err := fmt.Sscanf(u.Username, "user %d", &i); err != nil {
			t.Fatal(err)
		}
		if (u.Email == "changed") != (i%2 == 0) {
			t.Errorf("%s: email %q", u.Username, u.Email)
		}
	}
}

// A caller who gives up while its write waits can rely on its not being done.
func TestGivingUpWhileQueued(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	block, blocked := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_ = db.Write(t.Context(), func() error { close(blocked); <-block; return nil })
	})
	<-blocked
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	s := sessiontest.NewSession("a", "alice", begun)
	go func() {
		_, err := db.Sessions().Create(ctx, s, 0, begun)
		result <- err
	}()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Create() = %v, want ErrUnavailable and context.Canceled", err)
	}
	close(block)
	group.Wait()
	if _, err := db.Sessions().Find(t.Context(), s.Key, begun); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Find() = %v, want ErrNotFound", err)
	}
}

// Once a write runs it completes, whatever becomes of the caller.
func TestGivingUpWhileRunning(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := db.Users().Insert(t.Context(), primary.User{Username: "alice"}, "hash"); err != nil {
		t.Fatal(err)
	}
	_, err := db.Users().Update(ctx, "alice", func(u *primary.User, _ *string) error {
		cancel()
		u.Email = "new"
		return nil
	})
	u, _, findErr := db.Users().Find(t.Context(), "alice")
	if err != nil || findErr != nil || u.Email != "new" {
		t.Errorf("Update() = %v; Find() = %+v, %v, want the change made", err, u, findErr)
	}
}
