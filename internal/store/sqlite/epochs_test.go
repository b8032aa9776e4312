package sqlite_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Threat T115: what was revoked by time stays revoked over a restart, for
// everybody and for a user.
func TestEpochsOutlastARestart(t *testing.T) {
	t.Parallel()
	for _, username := range []string{"", "alice"} {
		config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
		db, err := sqlite.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Sessions().DeleteBefore(t.Context(), username, begun); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		store := open(t, config).Sessions()
		early := sessiontest.NewSession("early", "alice", begun.Add(-1))
		if _, err := store.Create(t.Context(), early, 0, begun); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("Create() after a restart = %v, want ErrRevoked", err)
		}
		if _, err := store.Create(t.Context(), sessiontest.NewSession("late", "alice", begun), 0, begun); err != nil {
			t.Errorf("Create() of a later session = %v", err)
		}
	}
}

// What a crash left of the sessions of everybody is dead, and swept when its
// time would have been over.
func TestHalfDeletedStaysDead(t *testing.T) {
	t.Parallel()
	config := made(t)
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Sessions().DeleteBefore(t.Context(), "", begun.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	// The row of one is back, as if it had not been deleted yet.
	left := numbered(1)
	if err := errors.Join(db.Fill(t.Context(), 1, func(int) session.Session { return left }), db.Close()); err != nil {
		t.Fatal(err)
	}
	store := open(t, config).Sessions()
	for _, again := range []bool{false, true} {
		if _, err := store.Find(t.Context(), left.Key, begun); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Find() = %v, want ErrNotFound", err)
		}
		if err := store.Touch(t.Context(), left.Key, begun.Add(time.Hour)); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Touch(), again %v = %v, want ErrNotFound", again, err)
		}
	}
	if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != 0 {
		t.Errorf("List() = %d, %v, want none", len(list), err)
	}
	if ended, err := store.Sweep(t.Context(), begun.Add(13*time.Hour), 10); err != nil || len(ended) != 1 {
		t.Errorf("Sweep() = %d, %v, want the one", len(ended), err)
	}
}

// Threat T115, fault R05: while the disk refuses, what is to end is dead all
// the same, and ended on disk when it can be.
func TestDeleteBeforeWhileTheDiskRefuses(t *testing.T) {
	t.Parallel()
	for _, username := range []string{"", "alice"} {
		config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
		db, err := sqlite.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		s := sessiontest.NewSession("a", "alice", begun)
		cold := sessiontest.NewSession("b", "alice", begun)
		for _, one := range []session.Session{s, cold} {
			if _, err := db.Sessions().Create(t.Context(), one, 0, begun); err != nil {
				t.Fatal(err)
			}
		}
		db.Uncache()
		if _, err := db.Sessions().Find(t.Context(), s.Key, begun); err != nil {
			t.Fatal(err)
		}
		release := seize(t, config.Path)
		if _, err := db.Sessions().DeleteBefore(t.Context(), username, begun.Add(time.Second)); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("DeleteBefore() = %v, want ErrUnavailable", err)
		}
		wantDead := func(when string, store session.Store) {
			for _, one := range []session.Session{s, cold} {
				if _, err := store.Find(t.Context(), one.Key, begun); !errors.Is(err, session.ErrNotFound) {
					t.Errorf("%s, epoch of %q: Find() = %v, want ErrNotFound", when, username, err)
				}
			}
		}
		wantDead("while refused", db.Sessions())
		release()
		wantDead("before the upkeep", db.Sessions())
		if _, err := db.Sessions().Create(t.Context(), sessiontest.NewSession("c", "alice", begun), 0, begun); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("Create() = %v, want ErrRevoked", err)
		}
		if err := errors.Join(db.Upkeep(t.Context()), db.Close()); err != nil {
			t.Fatal(err)
		}
		store := open(t, config).Sessions()
		wantDead("after a restart", store)
		if _, err := store.Create(t.Context(), sessiontest.NewSession("c", "alice", begun), 0, begun); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("Create() after a restart = %v, want ErrRevoked", err)
		}
	}
}

// An epoch that somebody changed forbids nobody can tell what: all is over.
func TestTamperedEpoch(t *testing.T) {
	t.Parallel()
	config := made(t)
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Sessions().DeleteBefore(t.Context(), "", begun.Add(-time.Hour))
	if err := errors.Join(err, db.Exec(t.Context(), "UPDATE epochs SET record = x'00'"), db.Close()); err != nil {
		t.Fatal(err)
	}
	store := open(t, config).Sessions()
	if list, err := store.List(t.Context(), "", begun); err != nil || len(list) != 0 {
		t.Errorf("List() = %d, %v, want none", len(list), err)
	}
	if _, err := store.Create(t.Context(), sessiontest.NewSession("a", "alice", begun), 0, begun); err != nil {
		t.Errorf("Create() = %v", err)
	}
}

// A clock that was set back takes the epochs with it: what is begun then is
// judged by the new time.
func TestEpochOfAClockSetBack(t *testing.T) {
	t.Parallel()
	now := begun.Add(24 * time.Hour)
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t), Now: func() time.Time { return now }}
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	_, errAll := db.Sessions().DeleteBefore(t.Context(), "", now)
	_, errUser := db.Sessions().DeleteBefore(t.Context(), "alice", now)
	if err := errors.Join(errAll, errUser, db.Close()); err != nil {
		t.Fatal(err)
	}
	now = begun
	store := open(t, config).Sessions()
	if _, err := store.Create(t.Context(), sessiontest.NewSession("a", "alice", begun.Add(-1)), 0, begun); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("Create() of a session begun before the clock's new time = %v, want ErrRevoked", err)
	}
	if _, err := store.Create(t.Context(), sessiontest.NewSession("b", "alice", begun), 0, begun); err != nil {
		t.Errorf("Create() after the clock was set back = %v", err)
	}
}

// A session is found by a range of keys.
func TestBetween(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	s := sessiontest.NewSession("a", "alice", begun)
	for _, one := range []session.Session{s, sessiontest.NewSession("b", "alice", begun), sessiontest.NewSession("c", "bob", begun)} {
		if _, err := db.Sessions().Create(t.Context(), one, 0, begun); err != nil {
			t.Fatal(err)
		}
	}
	keys, ok := db.Sessions().(session.KeyRange)
	if !ok {
		t.Fatal("the store finds no ranges of keys")
	}
	high := session.Key{}
	for i := range high {
		high[i] = 0xff
	}
	for _, test := range []struct {
		low, high session.Key
		at        time.Time
		max, want int
	}{
		{s.Key, s.Key, begun, 2, 1},
		{session.Key{}, high, begun, 2, 2},
		{session.Key{}, high, begun, 9, 3},
		{session.Key{}, high, begun.Add(24 * time.Hour), 9, 0},
		{high, session.Key{}, begun, 9, 0},
	} {
		found, err := keys.Between(t.Context(), test.low, test.high, test.at, test.max)
		if err != nil || len(found) != test.want {
			t.Errorf("Between(%s, %s) = %d, %v, want %d", test.low.Handle(), test.high.Handle(), len(found), err, test.want)
		}
	}
}
