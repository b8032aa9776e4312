package sessiontest

import (
	"testing"
	"time"

	"mfaserver/session"
)

// Threat T125: with no sweeper at all, what is over is not found. Threats
// T111, T112: at exactly the limit it is over, a nanosecond before it is not.
//
//nolint:thelper // these are tests, not helpers of some
var expiry = []check{
	{"over at exactly the idle limit", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		mustFind(t, store, s, start.Add(idle-1))
		mustNotFind(t, store, s.Key, start.Add(idle))
	}},
	{"the idle limit counts from the last touch", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		s.LastActive = start.Add(idle - 1)
		mustTouch(t, store, s.Key, s.LastActive)
		mustFind(t, store, s, s.LastActive.Add(idle-1))
		mustNotFind(t, store, s.Key, s.LastActive.Add(idle))
	}},
	{"over at exactly the absolute limit, whatever the activity", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		s.LastActive = s.Expires.Add(-1)
		mustTouch(t, store, s.Key, s.LastActive)
		mustFind(t, store, s, s.Expires.Add(-1))
		mustNotFind(t, store, s.Key, s.Expires)
	}},
	{"each session has limits of its own", func(t *testing.T, store session.Store) {
		short := NewSession("a", "alice", start)
		short.IdleTimeout, short.Expires = time.Minute, start.Add(time.Hour)
		long := NewSession("b", "alice", start)
		mustCreate(t, store, short, long)
		mustFind(t, store, short, start.Add(time.Minute-1))
		mustNotFind(t, store, short.Key, start.Add(time.Minute))
		mustFind(t, store, long, start.Add(time.Minute))
	}},
	{"the caller's clock decides, each time anew", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		mustNotFind(t, store, s.Key, start.Add(idle))
		mustFind(t, store, s, start)
	}},
	{"list leaves out what is over", func(t *testing.T, store session.Store) {
		old := NewSession("a", "alice", start.Add(-time.Minute))
		young := NewSession("b", "alice", start)
		mustCreate(t, store, old, young)
		atOldsEnd := old.LastActive.Add(idle)
		for _, username := range []string{"alice", ""} {
			list, err := store.List(t.Context(), username, atOldsEnd.Add(-1))
			wantSessions(t, "List before the end", list, err, young, old)
			list, err = store.List(t.Context(), username, atOldsEnd)
			wantSessions(t, "List at the end", list, err, young)
		}
	}},
	{"what is over can still be deleted", func(t *testing.T, store session.Store) {
		s := NewSession("a", "alice", start)
		mustCreate(t, store, s)
		mustNotFind(t, store, s.Key, start.Add(absolute))
		got, err := store.Delete(t.Context(), s.Key)
		wantSessions(t, "Delete", []session.Session{got}, err, s)
	}},
}
