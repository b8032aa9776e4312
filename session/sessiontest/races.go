package sessiontest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/session"
)

// Sizes of the races: enough for the race detector and the scheduler, little
// enough for a store that waits for the disk.
const (
	rounds  = 10
	workers = 8
)

var races = []check{
	{"delete beats touch", deleteBeatsTouch},
	{"one of many deletes gets the session", oneDeleteWins},
	{"one of many creates gets the key", oneCreateWins},
	{"the limit holds under concurrent creates", limitUnderLoad},
	{"everything at once", everythingAtOnce},
}

// together runs f in workers goroutines that start at the same moment.
func together(f func(worker int)) {
	var ready sync.WaitGroup
	gate := make(chan struct{})
	for w := range workers {
		ready.Go(func() {
			<-gate
			f(w)
		})
	}
	close(gate)
	ready.Wait()
}

// Threat T113: touches of requests in flight hammer a session while it is
// logged out; it must be dead afterwards, for every reading method.
func deleteBeatsTouch(t *testing.T, store session.Store) {
	t.Helper()
	for round := range rounds {
		s := NewSession(fmt.Sprint("hammered ", round), "alice", start)
		mustCreate(t, store, s)
		together(func(w int) {
			if w == 0 {
				if _, err := store.Delete(t.Context(), s.Key); err != nil {
					t.Errorf("Delete: %v", err)
				}
				mustNotFind(t, store, s.Key, start)
				return
			}
			for i := range 20 {
				err := store.Touch(t.Context(), s.Key, start.Add(time.Duration(i)*time.Second))
				if err != nil && !errors.Is(err, session.ErrNotFound) {
					t.Errorf("Touch = %v, want nil or ErrNotFound", err)
				}
			}
		})
		mustNotFind(t, store, s.Key, start)
		list, err := store.List(t.Context(), "", start)
		wantSessions(t, "List after Delete", list, err)
	}
}

func oneDeleteWins(t *testing.T, store session.Store) {
	t.Helper()
	for round := range rounds {
		s := NewSession(fmt.Sprint("contended ", round), "alice", start)
		mustCreate(t, store, s)
		var won atomic.Int32
		together(func(w int) {
			if w == 0 {
				ended, err := store.DeleteUser(t.Context(), s.Username)
				if err != nil {
					t.Errorf("DeleteUser: %v", err)
				}
				won.Add(int32(len(ended)))
				return
			}
			switch _, err := store.Delete(t.Context(), s.Key); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, session.ErrNotFound):
				t.Errorf("Delete = %v, want nil or ErrNotFound", err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d callers got the deleted session, want 1", won.Load())
		}
	}
}

func oneCreateWins(t *testing.T, store session.Store) {
	t.Helper()
	for round := range rounds {
		var won atomic.Int32
		together(func(w int) {
			s := NewSession(fmt.Sprint("same ", round), fmt.Sprint("user ", w), start)
			switch _, err := store.Create(t.Context(), s, 0, start); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, session.ErrExists):
				t.Errorf("Create = %v, want nil or ErrExists", err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d creates of one key succeeded, want 1", won.Load())
		}
	}
}

// Threat T116: however logins race, no more than the limit live, and every
// session created either lives or was returned as ended, once.
func limitUnderLoad(t *testing.T, store session.Store) {
	t.Helper()
	const limit, each = 3, 10
	var mu sync.Mutex
	ends := make(map[session.Key]int)
	together(func(w int) {
		for i := range each {
			s := NewSession(fmt.Sprint("racing ", w, " ", i), "alice", start.Add(time.Duration(i)*time.Second))
			ended, err := store.Create(t.Context(), s, limit, start.Add(time.Minute))
			if err != nil {
				t.Errorf("Create: %v", err)
			}
			mu.Lock()
			for _, e := range ended {
				ends[e.Key]++
			}
			mu.Unlock()
		}
	})
	list, err := store.List(t.Context(), "alice", start.Add(time.Minute))
	if err != nil || len(list) != limit {
		t.Fatalf("List = %d sessions, %v, want %d", len(list), err, limit)
	}
	if got, want := len(ends), workers*each-limit; got != want {
		t.Errorf("%d sessions were returned as ended, want %d", got, want)
	}
	for k, n := range ends {
		if n != 1 {
			t.Errorf("session %s was returned as ended %d times, want once", k.Handle(), n)
		}
	}
	for _, s := range list {
		if ends[s.Key] != 0 {
			t.Errorf("session %s is both live and ended", s.Key.Handle())
		}
	}
}

// everythingAtOnce gives each worker a user of its own and checks that what
// the others do, sweeps included, never shows.
func everythingAtOnce(t *testing.T, store session.Store) {
	t.Helper()
	together(func(w int) {
		username := fmt.Sprint("user ", w)
		for i := range rounds {
			over := NewSession(fmt.Sprint("over ", w, " ", i), username, start.Add(-absolute))
			s := NewSession(fmt.Sprint("live ", w, " ", i), username, start)
			for _, c := range []session.Session{over, s} {
				if _, err := store.Create(t.Context(), c, 5, start); err != nil {
					t.Errorf("Create: %v", err)
				}
			}
			if _, err := store.Sweep(t.Context(), start, 3); err != nil {
				t.Errorf("Sweep: %v", err)
			}
			if err := store.Touch(t.Context(), s.Key, start.Add(time.Second)); err != nil {
				t.Errorf("Touch: %v", err)
			}
			s.LastActive = start.Add(time.Second)
			list, err := store.List(t.Context(), username, start)
			wantSessions(t, "List of the worker's user", list, err, s)
			mustDeleteWhole(t, store, s)
		}
	})
	if _, err := store.Sweep(t.Context(), start, workers*rounds); err != nil {
		t.Errorf("last Sweep: %v", err)
	}
	list, err := store.List(t.Context(), "", start.Add(-absolute))
	wantSessions(t, "List of all at the end", list, err)
}

// mustDeleteWhole may run outside the test's goroutine: it ends nothing.
func mustDeleteWhole(t *testing.T, store session.Store, want session.Session) {
	t.Helper()
	got, err := store.Delete(t.Context(), want.Key)
	if err != nil || got.Key != want.Key || !got.LastActive.Equal(want.LastActive) {
		t.Errorf("Delete(%s) = %s, %v, want the session as touched", want.Key.Handle(), got.Key.Handle(), err)
	}
}
