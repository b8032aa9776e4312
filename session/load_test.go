package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

func TestLoadReturnsTheSession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want, cookie := f.start(t, alice())
	got, err := f.Load(request(cookie))
	if err != nil || got.Key != want.Key || got.Username != "alice" || got.UserID != 3 || string(got.Carry) != "sealed" {
		t.Errorf("Load = %+v, %v, want the session started", got, err)
	}
}

func TestLoadFindsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, api := f.start(t, alice())
	_, page := f.start(t, alicesPage())
	apiID, pageID := strings.TrimPrefix(api, "JSESSIONID="), strings.TrimPrefix(page, "__Host-mfa=")
	for _, tt := range []struct {
		name string
		load func(*http.Request) (session.Session, error)
		line string
		want error
	}{
		// Threat T107: an unknown id is not taken up.
		{"unknown id", f.Load, "JSESSIONID=" + session.NewID(), session.ErrNotFound},
		{"no cookie", f.Load, "", session.ErrNoCookie},
		{"an API id in the page cookie", f.LoadPage, "__Host-mfa=" + apiID, session.ErrNotFound},
		{"a page id in the API cookie", f.Load, "JSESSIONID=" + pageID, session.ErrNotFound},
		{"the page cookie at the API", f.Load, page, session.ErrNoCookie},
		{"the API cookie at the pages", f.LoadPage, api, session.ErrNoCookie},
		{"both, API", f.Load, page + "; " + api, nil},
		{"both, pages", f.LoadPage, page + "; " + api, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := tt.load(request(tt.line)); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

// Threats T107, T119: whatever the store does, it is a refusal, and a store
// that cannot answer is told from a session that is not there.
func TestLoadWithFaultyStores(t *testing.T) {
	t.Parallel()
	change := func(f func(*session.Session)) func(session.Session) session.Session {
		return func(s session.Session) session.Session { f(&s); return s }
	}
	for _, tt := range []struct {
		name  string
		fault faulty
		want  error
	}{
		{"broken", faulty{find: errors.New("input/output error")}, session.ErrUnavailable},
		{"unavailable", faulty{find: session.ErrUnavailable}, session.ErrUnavailable},
		{"too slow", faulty{find: context.DeadlineExceeded}, session.ErrUnavailable},
		{"cancelled", faulty{find: context.Canceled}, session.ErrUnavailable},
		{"touch fails", faulty{touch: errors.New("read-only file system")}, session.ErrUnavailable},
		{"deleted before the touch", faulty{touch: session.ErrNotFound}, session.ErrNotFound},
		{"tampered", faulty{find: session.ErrTampered}, session.ErrTampered},
		{"another's record", faulty{found: change(func(s *session.Session) { s.Key[0]++ })}, session.ErrTampered},
		{"truncated record", faulty{found: change(func(s *session.Session) { *s = session.Session{Key: s.Key} })}, session.ErrTampered},
		{"nothing, without an error", faulty{found: change(func(s *session.Session) { *s = session.Session{} })}, session.ErrTampered},
		// Threat T125: a store that does not judge expiry.
		{"idle", faulty{found: change(func(s *session.Session) { s.LastActive = begin.Add(-time.Hour) })}, session.ErrNotFound},
		{"too old", faulty{found: change(func(s *session.Session) { s.Expires = begin })}, session.ErrNotFound},
		{"of the pages", faulty{found: change(func(s *session.Session) { s.Kind = session.KindPage })}, session.ErrNotFound},
		{"of the console", faulty{found: change(func(s *session.Session) { s.Kind = session.KindConsole })}, session.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			_, cookie := f.start(t, alice())
			f.wantTrail(t, audit.SessionStarted)
			tt.fault.Store = f.store.Store
			*f.store = tt.fault
			f.clock.Add(time.Minute)
			f.wantLoad(t, tt.want, cookie)
			if errors.Is(tt.want, session.ErrTampered) {
				f.wantTrail(t, audit.SessionStoreTampered)
			}
			*f.store = faulty{Store: f.store.Store}
			f.wantLoad(t, nil, cookie)
		})
	}
}

// Threat T111: a person's work keeps a session alive; polling does not, and it
// ends at the exact tick.
func TestIdleTimeoutWithPolling(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *session.Config) {
		c.Passive = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/statuses") }
	})
	_, cookie := f.start(t, alice())
	poll := request(cookie)
	poll.URL.Path = "/api/channels/statuses"
	work := f.clock.Now().Add(10 * time.Minute)
	for f.clock.Now().Before(work) {
		f.clock.Add(5 * time.Second)
		if _, err := f.Load(poll); err != nil {
			t.Fatalf("poll at %v: %v", f.clock.Now(), err)
		}
	}
	f.wantLoad(t, nil, cookie)
	end := work.Add(session.DefaultIdle)
	for f.clock.Now().Before(end.Add(-5 * time.Second)) {
		f.clock.Add(5 * time.Second)
		if _, err := f.Load(poll); err != nil {
			t.Fatalf("poll at %v: %v", f.clock.Now(), err)
		}
	}
	f.clock.Set(end.Add(-1))
	if _, err := f.Load(poll); err != nil {
		t.Errorf("poll one tick before the limit: %v", err)
	}
	f.clock.Set(end)
	if _, err := f.Load(poll); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("poll at the limit = %v, want ErrNotFound", err)
	}
	f.wantLoad(t, session.ErrNotFound, cookie)
}

// Activity is written down no more often than TouchEvery, and the session
// never lasts longer for it.
func TestTouchIsSeldomAndNeverLate(t *testing.T) {
	t.Parallel()
	f := newFixture(t) // a sixtieth of 30 minutes: 30 seconds
	s, cookie := f.start(t, alice())
	lastActive := func() time.Time {
		got, err := f.store.Find(t.Context(), s.Key, f.clock.Now())
		if err != nil {
			t.Fatalf("Find: %v", err)
		}
		return got.LastActive
	}
	f.clock.Set(begin.Add(30*time.Second - 1))
	f.wantLoad(t, nil, cookie)
	if got := lastActive(); !got.Equal(begin) {
		t.Errorf("last activity = %v after less than TouchEvery, want %v", got, begin)
	}
	f.clock.Set(begin.Add(30 * time.Second))
	f.wantLoad(t, nil, cookie)
	if got := lastActive(); !got.Equal(f.clock.Now()) {
		t.Errorf("last activity = %v after TouchEvery, want %v", got, f.clock.Now())
	}
}

// Threat T112: activity every minute does not move the absolute end.
func TestAbsoluteTimeout(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, cookie := f.start(t, alice())
	end := begin.Add(session.DefaultAbsolute)
	for f.clock.Now().Before(end.Add(-time.Minute)) {
		f.clock.Add(time.Minute)
		f.wantLoad(t, nil, cookie)
	}
	f.clock.Set(end.Add(-1))
	f.wantLoad(t, nil, cookie)
	f.clock.Set(end)
	f.wantLoad(t, session.ErrNotFound, cookie)
	if live := f.live(t); len(live) != 0 {
		t.Errorf("%d sessions live at the absolute limit, want none", len(live))
	}
}

// Threat T124, fault R15: the clock jumps.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	t.Run("forward ends sessions and serves on", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		_, cookie := f.start(t, alice())
		f.clock.Add(24 * time.Hour)
		f.wantLoad(t, session.ErrNotFound, cookie)
		_, cookie = f.start(t, alice())
		f.wantLoad(t, nil, cookie)
	})
	for _, back := range []time.Time{begin.Add(-24 * time.Hour), time.Unix(0, 0)} {
		t.Run("back to "+back.Format(time.DateOnly)+" revives nothing", func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			_, over := f.start(t, alice())
			f.clock.Add(session.DefaultIdle)
			f.wantLoad(t, session.ErrNotFound, over)
			f.clock.Set(back)
			f.wantLoad(t, session.ErrNotFound, over)
		})
		t.Run("back to "+back.Format(time.DateOnly)+" lengthens nothing", func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			_, cookie := f.start(t, alice())
			f.clock.Add(20 * time.Second)
			f.wantLoad(t, nil, cookie)
			f.clock.Set(back)
			f.wantLoad(t, nil, cookie)
			// 20 seconds have passed since the login, before the jump.
			f.clock.Set(back.Add(session.DefaultIdle - 20*time.Second - 1))
			poll, err := f.List(t.Context(), "alice")
			if err != nil || len(poll) != 1 {
				t.Errorf("List one tick before the limit = %d sessions, %v, want 1", len(poll), err)
			}
			f.clock.Add(1)
			f.wantLoad(t, session.ErrNotFound, cookie)
		})
	}
	t.Run("back while the server was down", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		_, over := f.start(t, alice())
		f.clock.Add(session.DefaultIdle)
		_, live := f.start(t, alice())
		mark := f.HighWater()
		for _, notBefore := range []time.Time{mark, {}} {
			f.clock.Set(begin.Add(-24 * time.Hour))
			again, err := session.New(session.Config{
				Store: f.store, Recorder: f.trail, Now: f.clock.Now, NotBefore: notBefore,
			})
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			if _, err := again.Load(request(over)); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Load of what was over = %v, want ErrNotFound", err)
			}
			// Without the mark a record from the future opens nothing.
			var want error
			if notBefore.IsZero() {
				want = session.ErrNotFound
			}
			if _, err := again.Load(request(live)); !errors.Is(err, want) {
				t.Errorf("Load of what was live, from %v = %v, want %v", notBefore, err, want)
			}
			f.clock.Set(begin.Add(-24*time.Hour + session.DefaultIdle))
			if _, err := again.Load(request(live)); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Load when the idle limit has passed = %v, want ErrNotFound", err)
			}
		}
	})
}

// Threat T107: a request without a session is told from a store that cannot
// answer.
func TestAbsent(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		session.ErrNoCookie: true, session.ErrBadCookie: true, session.ErrDuplicateCookie: true, session.ErrNotFound: true, session.ErrTampered: true,
		session.ErrUnavailable: false, session.ErrNotRecorded: false, nil: false,
	} {
		if got := session.Absent(fmt.Errorf("wrapped: %w", err)); got != want {
			t.Errorf("Absent(%v) = %t, want %t", err, got, want)
		}
	}
}
