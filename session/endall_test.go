package session_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// Threat T115: everybody's sessions, or one user's, issued before a moment.
func TestEndAll(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		username string
		before   time.Time
		want     string // of a1, b1 (at begin), a2 (a minute later, a page), now
	}{
		{"all there are", "", time.Time{}, "a1 b1 a2"},
		{"a moment to come is now", "", begin.Add(time.Hour), "a1 b1 a2"},
		{"all of a user", "alice", time.Time{}, "a1 a2"},
		{"all issued before", "", begin.Add(time.Minute), "a1 b1"},
		{"those of a user issued before", "alice", begin.Add(time.Minute), "a1"},
		{"none so old", "", begin, ""},
		{"of a user who has none", "carol", time.Time{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			names := make(map[session.Key]string)
			bob := alice()
			bob.Username = "bob"
			for _, s := range []struct {
				name string
				s    session.Session
			}{{"a1", alice()}, {"b1", bob}, {"a2", alicesPage()}} {
				if s.s.Kind == session.KindPage {
					f.clock.Add(time.Minute)
				}
				got, _ := f.start(t, s.s)
				names[got.Key] = s.name
			}
			f.wantTrail(t, audit.SessionStarted, audit.SessionStarted, audit.SessionStarted)
			ended, err := f.EndAll(t.Context(), test.username, test.before, "stolen backup")
			if err != nil {
				t.Fatalf("EndAll: %v", err)
			}
			var got []string
			for _, s := range ended {
				got = append(got, names[s.Key])
				delete(names, s.Key)
			}
			want := strings.Fields(test.want)
			for _, name := range want {
				if !strings.Contains(strings.Join(got, " "), name) {
					t.Errorf("EndAll left %s alive", name)
				}
			}
			if len(got) != len(want) || len(f.ended) != len(want) {
				t.Errorf("EndAll ended %v and told of %d, want %v", got, len(f.ended), want)
			}
			if live := f.live(t); len(live) != len(names) {
				t.Errorf("%d live, want %d", len(live), len(names))
			}
			f.wantTrail(t, slices.Repeat([]audit.Name{audit.SessionRevoked}, len(want))...)
		})
	}
}

func (f *fixture) wantNothingEnded(t *testing.T, want int) {
	t.Helper()
	if live := f.live(t); len(live) != want || len(f.ended) != 0 {
		t.Errorf("%d live and %d told to have ended, want %d and none", len(live), len(f.ended), want)
	}
}

func TestEndAllWithoutTheTrail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, alice())
	f.trail.fails[audit.SessionRevoked] = true
	if ended, err := f.EndAll(t.Context(), "", time.Time{}, "test"); !errors.Is(err, session.ErrNotRecorded) || len(ended) != 0 {
		t.Errorf("EndAll = %d sessions, %v, want none, ErrNotRecorded", len(ended), err)
	}
	f.wantNothingEnded(t, 1)
	f.start(t, alice())
}

// Threat T115: a login that has begun its session but not stored it yet gets
// nothing, and its cookie is not written.
func TestEndAllDuringALogin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	held := &holding{Store: f.store, at: make(chan struct{}), on: make(chan struct{})}
	m, err := session.New(session.Config{Store: held, Recorder: f.trail, Now: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	result := make(chan error)
	go func() {
		_, err := m.Start(t.Context(), w, request(), alice())
		result <- err
	}()
	<-held.at
	if ended, err := m.EndAll(t.Context(), "", time.Time{}, "test"); err != nil || len(ended) != 0 {
		t.Errorf("EndAll = %d sessions, %v, want none: there was none yet", len(ended), err)
	}
	close(held.on)
	if err := <-result; !errors.Is(err, session.ErrRevoked) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Start = %v, want ErrRevoked", err)
	}
	if len(w.Header()) != 0 {
		t.Errorf("headers of a revoked login: %v", w.Header())
	}
	f.wantNothingEnded(t, 0)
	f.wantTrail(t)
	f.clock.Add(time.Millisecond)
	if _, err := m.Start(t.Context(), w, request(), alice()); err != nil {
		t.Errorf("Start after EndAll = %v", err)
	}
}

// holding holds the first Create until it is told to go on.
type holding struct {
	session.Store
	once   sync.Once
	at, on chan struct{}
}

func (h *holding) Create(ctx context.Context, s session.Session, limit int, now time.Time) ([]session.Session, error) {
	h.once.Do(func() { close(h.at); <-h.on })
	return h.Store.Create(ctx, s, limit, now)
}

// A session of a node whose clock is ahead is one of all there are.
func TestEndAllOfANodeAhead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ahead := alice()
	ahead.Key, ahead.CreatedAt, ahead.LastActive = session.KeyOf("ahead"), begin.Add(time.Second), begin.Add(time.Second)
	ahead.Expires, ahead.IdleTimeout = begin.Add(time.Hour), time.Hour
	if _, err := f.store.Create(t.Context(), ahead, 0, begin); err != nil {
		t.Fatal(err)
	}
	if ended, err := f.EndAll(t.Context(), "", begin, "before"); err != nil || len(ended) != 0 {
		t.Errorf("EndAll before now = %d sessions, %v, want none", len(ended), err)
	}
	if ended, err := f.EndAll(t.Context(), "", time.Time{}, "all"); err != nil || len(ended) != 1 {
		t.Errorf("EndAll = %d sessions, %v, want the one", len(ended), err)
	}
	f.wantTrail(t, audit.SessionRevoked)
}

// A handle, or enough of its beginning, finds the session.
func TestByHandle(t *testing.T) {
	t.Parallel()
	stores := map[string]func(*session.Config){
		"listed": func(*session.Config) {},
		"by range": func(c *session.Config) {
			c.Store = ranged{c.Store}
		},
	}
	for name, change := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, change)
			s, _ := f.start(t, alicesPage())
			twin := s
			twin.Key[5]++ // the same for ten characters
			if _, err := f.store.Create(t.Context(), twin, 0, begin); err != nil {
				t.Fatal(err)
			}
			handle := s.Key.Handle()
			for _, test := range []struct {
				handle string
				want   error
			}{
				{handle, nil},
				{strings.ToUpper(handle), nil},
				{handle[:11], func() error {
					if handle[10] == twin.Key.Handle()[10] {
						return session.ErrAmbiguous
					}
					return nil
				}()},
				{handle[:10], session.ErrAmbiguous},
				{handle[:4], session.ErrAmbiguous},
				{handle[:3], session.ErrNotFound},
				{handle + "0", session.ErrNotFound},
				{"", session.ErrNotFound},
				{"zzzzzzzzzzzz", session.ErrNotFound},
				{session.KeyOf("another").Handle(), session.ErrNotFound},
			} {
				got, err := f.ByHandle(t.Context(), test.handle)
				if !errors.Is(err, test.want) || err == nil && got.Key != s.Key {
					t.Errorf("ByHandle(%q) = %s, %v, want %s, %v", test.handle, got.Key.Handle(), err, handle, test.want)
				}
			}
			f.clock.Add(session.DefaultIdle)
			if _, err := f.ByHandle(t.Context(), handle); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("ByHandle of a session that is over = %v, want ErrNotFound", err)
			}
		})
	}
}

// ranged finds by a range of keys and can list nothing.
type ranged struct{ session.Store }

var errTooMany = errors.New("too many to be listed")

func (s ranged) List(context.Context, string, time.Time) ([]session.Session, error) {
	return nil, errTooMany
}

func (s ranged) Between(ctx context.Context, low, high session.Key, now time.Time, limit int) ([]session.Session, error) {
	all, err := s.Store.List(ctx, "", now)
	var found []session.Session
	for _, one := range all {
		if k := one.Key.Handle(); k >= low.Handle() && k <= high.Handle() && len(found) < limit {
			found = append(found, one)
		}
	}
	return found, err
}
