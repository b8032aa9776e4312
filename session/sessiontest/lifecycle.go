package sessiontest

import (
	"errors"
	"testing"
	"time"

	"mfaserver/session"
)

//nolint:thelper // these are tests, not helpers of some
var lifecycle = []check{
	{"a created session is found whole", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		mustFind(t, store, s, start)
	}},
	{"a session of few fields is found whole", func(t *testing.T, store session.Store) {
		s := session.Session{
			Key: session.KeyOf("bare"), Username: "bob", CreatedAt: start, LastActive: start,
			Expires: start.Add(absolute), IdleTimeout: idle,
		}
		mustCreate(t, store, s)
		got, err := store.Find(t.Context(), s.Key, start)
		wantSessions(t, "Find", []session.Session{got}, err, s)
	}},
	{"an unknown key is not found", func(t *testing.T, store session.Store) {
		mustCreate(t, store, NewSession("a", "alice", start))
		mustNotFind(t, store, session.KeyOf("b"), start)
		mustNotFind(t, store, session.Key{}, start)
	}},
	{"a key is taken once", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		other := NewSession("a", "mallory", start.Add(time.Second))
		if _, err := store.Create(t.Context(), other, 0, start); !errors.Is(err, session.ErrExists) {
			t.Errorf("Create with a taken key = %v, want ErrExists", err)
		}
		if _, err := store.Create(t.Context(), s, 1, start); !errors.Is(err, session.ErrExists) {
			t.Errorf("Create with a taken key and a limit = %v, want ErrExists", err)
		}
		mustFind(t, store, s, start)
		list, err := store.List(t.Context(), "mallory", start)
		wantSessions(t, "List of the refused user", list, err)
	}},
	{"touch moves the last activity and nothing else", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		other := NewSession("b", "alice", start)
		mustCreate(t, store, s, other)
		s.LastActive = start.Add(time.Minute)
		mustTouch(t, store, s.Key, s.LastActive)
		mustFind(t, store, s, s.LastActive)
		mustFind(t, store, other, s.LastActive)
	}},
	{"touch never goes back", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		s.LastActive = start.Add(time.Minute)
		mustTouch(t, store, s.Key, s.LastActive)
		mustTouch(t, store, s.Key, start.Add(time.Second))
		mustFind(t, store, s, s.LastActive)
	}},
	{"touch of an unknown key is not found", func(t *testing.T, store session.Store) {
		if err := store.Touch(t.Context(), session.KeyOf("a"), start); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Touch = %v, want ErrNotFound", err)
		}
		mustNotFind(t, store, session.KeyOf("a"), start)
	}},
	{"delete returns the session once", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		other := NewSession("b", "alice", start)
		mustCreate(t, store, s, other)
		s.LastActive = start.Add(time.Minute)
		mustTouch(t, store, s.Key, s.LastActive)
		got, err := store.Delete(t.Context(), s.Key)
		wantSessions(t, "Delete", []session.Session{got}, err, s)
		mustNotFind(t, store, s.Key, start)
		mustFind(t, store, other, start)
		if _, err := store.Delete(t.Context(), s.Key); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("second Delete = %v, want ErrNotFound", err)
		}
	}},
	{"a deleted session stays deleted", func(t *testing.T, store session.Store) {
		// Threat T113: a request still in flight touches after the logout.
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		if _, err := store.Delete(t.Context(), s.Key); err != nil {
			t.Fatalf("Delete: %v", err)
		}
		if err := store.Touch(t.Context(), s.Key, start.Add(time.Second)); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Touch after Delete = %v, want ErrNotFound", err)
		}
		mustNotFind(t, store, s.Key, start)
		list, err := store.List(t.Context(), "alice", start)
		wantSessions(t, "List after Delete", list, err)
	}},
	{"list is of one user or of all, latest first", func(t *testing.T, store session.Store) {
		first := NewSession("a", "alice", start)
		second := page(NewSession("b", "alice", start.Add(2*time.Second)))
		between := NewSession("c", "bob", start.Add(time.Second))
		mustCreate(t, store, second, first, between)
		now := start.Add(time.Minute)
		list, err := store.List(t.Context(), "alice", now)
		wantSessions(t, "List(alice)", list, err, second, first)
		list, err = store.List(t.Context(), "", now)
		wantSessions(t, "List of all", list, err, second, between, first)
		list, err = store.List(t.Context(), "carol", now)
		wantSessions(t, "List(carol)", list, err)
	}},
	{"usernames are told apart byte for byte", func(t *testing.T, store session.Store) {
		names := []string{
			"alice", "Alice", "alice ", "alic\u00e9", "alice\u0301", "a%", "a_", "a:b", "o'neil",
		}
		for _, name := range names {
			mustCreate(t, store, NewSession("of "+name, name, start))
		}
		for _, name := range names {
			list, err := store.List(t.Context(), name, start)
			wantSessions(t, "List("+name+")", list, err, NewSession("of "+name, name, start))
		}
		ended, err := store.DeleteUser(t.Context(), "a%")
		wantSessions(t, "DeleteUser(a%)", ended, err, NewSession("of a%", "a%", start))
		list, err := store.List(t.Context(), "", start)
		if err != nil || len(list) != len(names)-1 {
			t.Errorf("List of all = %d sessions, %v, want %d", len(list), err, len(names)-1)
		}
	}},
	{"deleting a user ends all of his and nobody else's", func(t *testing.T, store session.Store) {
		api := NewSession("a", "alice", start)
		pages := page(NewSession("b", "alice", start))
		over := NewSession("c", "alice", start.Add(-absolute))
		bobs := NewSession("d", "bob", start)
		mustCreate(t, store, api, pages, over, bobs)
		ended, err := store.DeleteUser(t.Context(), "alice")
		wantSet(t, "DeleteUser", ended, err, api, pages, over)
		for _, s := range []session.Session{api, pages} {
			mustNotFind(t, store, s.Key, start)
		}
		mustFind(t, store, bobs, start)
		ended, err = store.DeleteUser(t.Context(), "alice")
		wantSessions(t, "second DeleteUser", ended, err)
		if _, err := store.Delete(t.Context(), api.Key); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Delete after DeleteUser = %v, want ErrNotFound", err)
		}
	}},
	{"nobody holds what the store keeps", copiesNotAliases},
}

func mustTouch(t *testing.T, store session.Store, k session.Key, at time.Time) {
	t.Helper()
	if err := store.Touch(t.Context(), k, at); err != nil {
		t.Fatalf("Touch(%s): %v", k.Handle(), err)
	}
}

// copiesNotAliases writes to the carry of everything given or returned.
func copiesNotAliases(t *testing.T, store session.Store) {
	t.Helper()
	given := NewSession("a", "alice", start)
	mustCreate(t, store, given)
	given.Carry[0]++
	want := NewSession("a", "alice", start)
	mustFind(t, store, want, start)

	found, err := store.Find(t.Context(), want.Key, start)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	found.Carry[0]++
	found.Carry = append(found.Carry, 'x')
	mustFind(t, store, want, start)

	for _, username := range []string{"alice", ""} {
		list, err := store.List(t.Context(), username, start)
		if err != nil || len(list) != 1 {
			t.Fatalf("List = %d sessions, %v, want 1", len(list), err)
		}
		list[0].Carry[0]++
		list[0].Username = "mallory"
		mustFind(t, store, want, start)
	}
}
