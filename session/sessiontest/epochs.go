package sessiontest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mfaserver/session"
)

// Threat T115: what was issued before a moment ends, also what is on its way.
//
//nolint:thelper // these are tests, not helpers of some
var epochs = []check{
	{"a user's sessions begun before the epoch end, of all kinds", func(t *testing.T, store session.Store) {
		all := series("alice", 4)
		all[1] = page(all[1])
		over := NewSession("over", "alice", start.Add(-absolute))
		bobs := NewSession("of bob", "bob", start)
		mustCreate(t, store, append(all, over, bobs)...)
		ended, err := store.DeleteBefore(t.Context(), "alice", all[2].CreatedAt)
		wantSet(t, "DeleteBefore", ended, err, all[0], all[1], over)
		for _, s := range all[:2] {
			mustNotFind(t, store, s.Key, start)
		}
		for _, s := range append(all[2:], bobs) {
			mustFind(t, store, s, start)
		}
		ended, err = store.DeleteBefore(t.Context(), "alice", all[2].CreatedAt)
		wantSessions(t, "second DeleteBefore", ended, err)
	}},
	{"everybody's sessions begun before the epoch end", func(t *testing.T, store session.Store) {
		alices, bobs := series("alice", 3), series("bob", 3)
		mustCreate(t, store, append(alices, bobs...)...)
		ended, err := store.DeleteBefore(t.Context(), "", alices[1].CreatedAt.Add(1))
		wantSet(t, "DeleteBefore", ended, err, alices[0], alices[1], bobs[0], bobs[1])
		list, err := store.List(t.Context(), "", start.Add(time.Minute))
		wantSet(t, "List", list, err, alices[2], bobs[2])
		for _, s := range append(alices[:2:2], bobs[:2]...) {
			mustNotFind(t, store, s.Key, start)
			if err := store.Touch(t.Context(), s.Key, start.Add(time.Minute)); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Touch after DeleteBefore = %v, want ErrNotFound", err)
			}
			if _, err := store.Delete(t.Context(), s.Key); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Delete after DeleteBefore = %v, want ErrNotFound", err)
			}
		}
	}},
	{"many end at once", func(t *testing.T, store session.Store) {
		all := series("alice", 300)
		mustCreate(t, store, all...)
		last := all[len(all)-1]
		ended, err := store.DeleteBefore(t.Context(), "", last.CreatedAt)
		wantSet(t, "DeleteBefore", ended, err, all[:len(all)-1]...)
		list, err := store.List(t.Context(), "", last.CreatedAt)
		wantSessions(t, "List", list, err, last)
	}},
	{"what began before the epoch is not created after it", func(t *testing.T, store session.Store) {
		for _, username := range []string{"alice", ""} {
			epoch := start.Add(time.Minute)
			if username == "" {
				epoch = epoch.Add(time.Hour)
			}
			ended, err := store.DeleteBefore(t.Context(), username, epoch)
			wantSessions(t, "DeleteBefore of an empty store", ended, err)
			early := NewSession("early of "+username, "alice", epoch.Add(-1))
			if _, err := store.Create(t.Context(), early, 0, epoch); !errors.Is(err, session.ErrRevoked) {
				t.Errorf("Create of a session begun before the epoch of %q = %v, want ErrRevoked", username, err)
			}
			mustNotFind(t, store, early.Key, epoch)
			list, err := store.List(t.Context(), "alice", epoch)
			wantSessions(t, "List", list, err)
			fresh := NewSession("at epoch of "+username, "alice", epoch)
			mustCreate(t, store, fresh)
			mustFind(t, store, fresh, epoch)
			if _, err := store.Delete(t.Context(), fresh.Key); err != nil {
				t.Errorf("Delete: %v", err)
			}
		}
	}},
	{"an epoch is of one user, byte for byte", func(t *testing.T, store session.Store) {
		if _, err := store.DeleteBefore(t.Context(), "alice", start.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Alice", "alice ", "a%", "bob"} {
			mustCreate(t, store, NewSession("of "+name, name, start))
		}
	}},
	{"an epoch never goes back", func(t *testing.T, store session.Store) {
		for _, username := range []string{"alice", ""} {
			for _, epoch := range []time.Time{start.Add(time.Minute), start} {
				if _, err := store.DeleteBefore(t.Context(), username, epoch); err != nil {
					t.Fatal(err)
				}
			}
			s := NewSession("a", "alice", start.Add(time.Second))
			if _, err := store.Create(t.Context(), s, 0, start); !errors.Is(err, session.ErrRevoked) {
				t.Errorf("Create = %v, want ErrRevoked", err)
			}
		}
	}},
	{"an epoch outlasts a sweep", func(t *testing.T, store session.Store) {
		for _, username := range []string{"alice", ""} {
			if _, err := store.DeleteBefore(t.Context(), username, start); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Sweep(t.Context(), start.Add(session.EpochKept-1), 10); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Create(t.Context(), NewSession("a", "alice", start.Add(-1)), 0, start); !errors.Is(err, session.ErrRevoked) {
				t.Errorf("Create = %v, want ErrRevoked", err)
			}
		}
	}},
	{"the epoch of everybody is kept for ever", func(t *testing.T, store session.Store) {
		if _, err := store.DeleteBefore(t.Context(), "", start); err != nil {
			t.Fatal(err)
		}
		later := start.Add(1000 * session.EpochKept)
		if _, err := store.Sweep(t.Context(), later, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Create(t.Context(), NewSession("a", "alice", start.Add(-1)), 0, start); !errors.Is(err, session.ErrRevoked) {
			t.Errorf("Create = %v, want ErrRevoked", err)
		}
	}},
	{"no session slips past an epoch", nobodySlipsPast},
}

// nobodySlipsPast has logins begun before an epoch race with it: each is
// refused, or ended and returned, once.
func nobodySlipsPast(t *testing.T, store session.Store) {
	t.Helper()
	for round := range rounds {
		begun := start.Add(time.Duration(round) * time.Minute)
		epoch, username := begun.Add(time.Second), "alice"
		if round%2 == 0 {
			username = ""
		}
		var mu sync.Mutex
		created := make(map[session.Key]int)
		together(func(w int) {
			if w > 0 {
				for i := range 5 {
					s := NewSession(fmt.Sprint("slipping ", round, w, i), "alice", begun)
					switch _, err := store.Create(t.Context(), s, 0, begun); {
					case err == nil:
						mu.Lock()
						created[s.Key]++
						mu.Unlock()
					case !errors.Is(err, session.ErrRevoked):
						t.Errorf("Create = %v, want nil or ErrRevoked", err)
					}
				}
				return
			}
			ended, err := store.DeleteBefore(t.Context(), username, epoch)
			if err != nil {
				t.Errorf("DeleteBefore: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, s := range ended {
				created[s.Key]--
			}
		})
		list, err := store.List(t.Context(), "", begun)
		wantSessions(t, "List after DeleteBefore", list, err)
		for k, n := range created {
			if n != 0 {
				t.Errorf("session %s was created and returned as ended, the difference is %d", k.Handle(), n)
			}
		}
	}
}
