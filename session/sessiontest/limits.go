package sessiontest

import (
	"fmt"
	"testing"
	"time"

	"mfaserver/session"
)

// Threat T116: the oldest session of a user makes room for a new one.
//
//nolint:thelper // these are tests, not helpers of some
var limits = []check{
	{"the oldest makes room", func(t *testing.T, store session.Store) {
		all := series("alice", 4)
		for _, s := range all[:3] {
			ended, err := store.Create(t.Context(), s, 3, s.CreatedAt)
			wantSessions(t, "Create within the limit", ended, err)
		}
		ended, err := store.Create(t.Context(), all[3], 3, all[3].CreatedAt)
		wantSessions(t, "Create beyond the limit", ended, err, all[0])
		mustNotFind(t, store, all[0].Key, all[3].CreatedAt)
		for _, s := range all[1:] {
			mustFind(t, store, s, all[3].CreatedAt)
		}
	}},
	{"no limit is no limit", func(t *testing.T, store session.Store) {
		all := series("alice", 50)
		mustCreate(t, store, all...)
		list, err := store.List(t.Context(), "alice", start.Add(time.Minute))
		wantSet(t, "List", list, err, all...)
	}},
	{"a lower limit ends as many as it takes, oldest first", func(t *testing.T, store session.Store) {
		all := series("alice", 6)
		mustCreate(t, store, all[:5]...)
		ended, err := store.Create(t.Context(), all[5], 2, all[5].CreatedAt)
		wantSet(t, "Create", ended, err, all[:4]...)
	}},
	{"a limit of one keeps the new one", func(t *testing.T, store session.Store) {
		all := series("alice", 2)
		mustCreate(t, store, all[0])
		ended, err := store.Create(t.Context(), all[1], 1, all[1].CreatedAt)
		wantSessions(t, "Create", ended, err, all[0])
		mustFind(t, store, all[1], all[1].CreatedAt)
	}},
	{"the new one stays even when its date is the earliest", func(t *testing.T, store session.Store) {
		late := NewSession("late", "alice", start)
		early := NewSession("early", "alice", start.Add(-time.Minute))
		mustCreate(t, store, late)
		ended, err := store.Create(t.Context(), early, 1, start)
		wantSessions(t, "Create", ended, err, late)
		mustFind(t, store, early, start)
	}},
	{"age is that of the session, not of its last activity", func(t *testing.T, store session.Store) {
		all := series("alice", 3)
		mustCreate(t, store, all[:2]...)
		all[0].LastActive = start.Add(time.Minute)
		mustTouch(t, store, all[0].Key, all[0].LastActive)
		ended, err := store.Create(t.Context(), all[2], 2, start.Add(time.Minute))
		wantSessions(t, "Create", ended, err, all[0])
	}},
	{"users are counted apart", func(t *testing.T, store session.Store) {
		alices, bobs := series("alice", 2), series("bob", 2)
		mustCreate(t, store, alices...)
		for _, s := range bobs {
			ended, err := store.Create(t.Context(), s, 2, s.CreatedAt)
			wantSessions(t, "Create for another user", ended, err)
		}
		list, err := store.List(t.Context(), "alice", start.Add(time.Minute))
		wantSet(t, "List(alice)", list, err, alices...)
	}},
	{"kinds are counted apart", func(t *testing.T, store session.Store) {
		all := series("alice", 4)
		apis, pages := all[:2], []session.Session{page(all[2]), page(all[3])}
		mustCreate(t, store, apis...)
		for _, s := range pages {
			ended, err := store.Create(t.Context(), s, 2, s.CreatedAt)
			wantSessions(t, "Create of the other kind", ended, err)
		}
		third := page(NewSession("third page", "alice", start.Add(time.Minute)))
		ended, err := store.Create(t.Context(), third, 2, third.CreatedAt)
		wantSessions(t, "Create of a third page", ended, err, pages[0])
		for _, s := range append(apis, pages[1], third) {
			mustFind(t, store, s, third.CreatedAt)
		}
	}},
	{"each of the kinds is counted apart, and kept", func(t *testing.T, store session.Store) {
		kinds := []session.Kind{session.KindAPI, session.KindPage, session.KindConsole, session.KindToken}
		all := series("alice", 2*len(kinds))
		for i, k := range kinds {
			first, second := of(k, all[2*i]), of(k, all[2*i+1])
			ended, err := store.Create(t.Context(), first, 1, first.CreatedAt)
			wantSessions(t, "Create of the first of a kind", ended, err)
			ended, err = store.Create(t.Context(), second, 1, second.CreatedAt)
			wantSessions(t, "Create of the second of a kind", ended, err, first)
			mustFind(t, store, second, second.CreatedAt)
		}
		list, err := store.List(t.Context(), "alice", start.Add(time.Minute))
		if err != nil || len(list) != len(kinds) {
			t.Errorf("List = %d sessions, %v, want one of each of the %d kinds", len(list), err, len(kinds))
		}
	}},
	{"what is over neither counts nor is deleted", func(t *testing.T, store session.Store) {
		over := NewSession("over", "alice", start.Add(-idle))
		live := NewSession("live", "alice", start.Add(-time.Minute))
		mustCreate(t, store, over, live)
		fresh := NewSession("new", "alice", start)
		ended, err := store.Create(t.Context(), fresh, 2, start)
		wantSessions(t, "Create", ended, err)
		mustFind(t, store, live, start)
		ended, err = store.Sweep(t.Context(), start, 10)
		wantSessions(t, "Sweep", ended, err, over)
	}},
}

// series returns n sessions of username, a second apart.
func series(username string, n int) []session.Session {
	all := make([]session.Session, n)
	for i := range all {
		all[i] = NewSession(fmt.Sprintf("%s %d", username, i), username, start.Add(time.Duration(i)*time.Second))
	}
	return all
}
