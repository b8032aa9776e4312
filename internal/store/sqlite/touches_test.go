package sqlite_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Touches are written late, but before the store closes, and within seconds
// by themselves.
func TestTouchesReachTheFile(t *testing.T) {
	t.Parallel()
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	const count = 1000 // more than one commit writes
	touched := begun.Add(20 * time.Minute)
	for i := range count {
		if _, err := db.Sessions().Create(t.Context(), sessiontest.NewSession(fmt.Sprint(i), "alice", begun), 0, begun); err != nil {
			t.Fatal(err)
		}
		if err := db.Sessions().Touch(t.Context(), session.KeyOf(fmt.Sprint(i)), touched); err != nil {
			t.Fatal(err)
		}
	}
	wantTouched := func(db *sqlite.DB) {
		t.Helper()
		for i := range count {
			s, err := db.Sessions().Find(t.Context(), session.KeyOf(fmt.Sprint(i)), touched)
			if err != nil || !s.LastActive.Equal(touched) {
				t.Fatalf("Find(%d) = last active %v, %v, want %v", i, s.LastActive, err, touched)
			}
		}
	}
	if err := db.Upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.Uncache()
	wantTouched(db)
	touched = touched.Add(time.Minute)
	for i := range count {
		if err := db.Sessions().Touch(t.Context(), session.KeyOf(fmt.Sprint(i)), touched); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantTouched(open(t, config))
}

// A touch made while another of the same session is being written is written
// too.
func TestTouchesAreNotLostBetweenWrites(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	s := sessiontest.NewSession("a", "alice", begun)
	if _, err := db.Sessions().Create(t.Context(), s, 0, begun); err != nil {
		t.Fatal(err)
	}
	at := begun
	for range 50 {
		inParallel(8, 8, func(i int) {
			if i == 0 {
				if err := db.Upkeep(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			if err := db.Sessions().Touch(t.Context(), s.Key, at.Add(time.Duration(i)*time.Second)); err != nil {
				t.Error(err)
			}
		})
		at = at.Add(7 * time.Second)
		if err := db.Upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		db.Uncache()
		got, err := db.Sessions().Find(t.Context(), s.Key, at)
		if err != nil || !got.LastActive.Equal(at) {
			t.Fatalf("Find() = last active %v, %v, want %v", got.LastActive, err, at)
		}
	}
}

// The cache may lose any session it holds: touches survive that.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	big := sessiontest.NewSession("", "alice", begun)
	big.Carry = make([]byte, 10_000)
	const count, room = 500, 64 * 25_000 // a third of what is stored
	db.LimitCache(room)
	for i := range count {
		big.Key = session.KeyOf(fmt.Sprint(i))
		if _, err := db.Sessions().Create(t.Context(), big, 0, begun); err != nil {
			t.Fatal(err)
		}
		if err := db.Sessions().Touch(t.Context(), big.Key, begun.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			if err := db.Upkeep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range count {
		s, err := db.Sessions().Find(t.Context(), session.KeyOf(fmt.Sprint(i)), begun.Add(time.Minute))
		if err != nil || !s.LastActive.Equal(begun.Add(time.Minute)) {
			t.Fatalf("Find(%d) = last active %v, %v", i, s.LastActive, err)
		}
	}
	if cached := db.CachedBytes(); cached == 0 || cached > room {
		t.Errorf("the cache holds %d bytes, want at most %d", cached, room)
	}
}
