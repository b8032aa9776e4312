package sessiontest

import (
	"fmt"
	"testing"
	"time"

	"mfaserver/session"
)

//nolint:thelper // these are tests, not helpers of some
var sweeps = []check{
	{"sweep returns what is over and keeps the rest", func(t *testing.T, store session.Store) {
		idled := NewSession("idled", "alice", start.Add(-idle))
		aged := NewSession("aged", "bob", start.Add(-absolute))
		live := page(NewSession("live", "alice", start.Add(-idle+1)))
		mustCreate(t, store, idled, aged, live)
		aged.LastActive = start.Add(-1)
		mustTouch(t, store, aged.Key, aged.LastActive)
		ended, err := store.Sweep(t.Context(), start, 10)
		wantSet(t, "Sweep", ended, err, idled, aged)
		mustFind(t, store, live, start)
		ended, err = store.Sweep(t.Context(), start, 10)
		wantSessions(t, "second Sweep", ended, err)
		mustNotFind(t, store, idled.Key, start.Add(-1))
	}},
	{"a touched session is not swept before its time", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		s.LastActive = start.Add(idle - 1)
		mustTouch(t, store, s.Key, s.LastActive)
		ended, err := store.Sweep(t.Context(), s.LastActive.Add(idle-1), 10)
		wantSessions(t, "Sweep before the end", ended, err)
		ended, err = store.Sweep(t.Context(), s.LastActive.Add(idle), 10)
		wantSessions(t, "Sweep at the end", ended, err, s)
	}},
	{"sweep takes no more than it is told", func(t *testing.T, store session.Store) {
		all := make([]session.Session, 25)
		for i := range all {
			all[i] = NewSession(fmt.Sprint(i), fmt.Sprintf("user %d", i%3), start.Add(time.Duration(i)*time.Second))
		}
		mustCreate(t, store, all...)
		var total []session.Session
		for _, want := range []int{10, 10, 5, 0} {
			ended, err := store.Sweep(t.Context(), start.Add(absolute), 10)
			if err != nil || len(ended) != want {
				t.Fatalf("Sweep = %d sessions, %v, want %d", len(ended), err, want)
			}
			total = append(total, ended...)
		}
		wantSet(t, "all sweeps", total, nil, all...)
		list, err := store.List(t.Context(), "", start)
		wantSessions(t, "List after the sweeps", list, err)
	}},
	{"an empty store sweeps nothing", func(t *testing.T, store session.Store) {
		ended, err := store.Sweep(t.Context(), start, 10)
		wantSessions(t, "Sweep", ended, err)
	}},
}
