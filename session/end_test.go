package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// Threat T113: after a logout the id is dead, at once and for ever; a second
// logout is told so.
func TestEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want, cookie := f.start(t, alice())
	_, other := f.start(t, alice())
	w := httptest.NewRecorder()
	r := request(cookie)
	r.RemoteAddr = "198.51.100.9:1234"
	got, err := f.End(t.Context(), w, r)
	if err != nil || got.Key != want.Key || string(got.Carry) != "sealed" {
		t.Errorf("End = %+v, %v, want the session", got, err)
	}
	f.wantLoad(t, session.ErrNotFound, cookie)
	f.wantLoad(t, nil, other)
	if e := f.trail.last(t); e.Name != audit.SessionEnded || e.Reason != session.ReasonLogout || e.Source.String() != "198.51.100.9" {
		t.Errorf("recorded %+v, want the logout from 198.51.100.9", e)
	}
	if len(f.ended) != 1 || f.ended[0].Key != want.Key {
		t.Errorf("OnEnd was called for %d sessions, want the one", len(f.ended))
	}
	w = httptest.NewRecorder()
	if _, err := f.End(t.Context(), w, request(cookie)); !errors.Is(err, session.ErrNotFound) || !clears(w) {
		t.Errorf("second End = %v, headers %v, want ErrNotFound and the cookie cleared", err, w.Header())
	}
}

func clears(w *httptest.ResponseRecorder) bool {
	set := w.Header().Values("Set-Cookie")
	return len(set) == 1 && strings.Contains(set[0], "=; ") && strings.Contains(set[0], "; Max-Age=0; ")
}

func TestEndRefused(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for _, tt := range []struct {
		name   string
		fault  faulty
		lines  func(cookie string) []string
		want   error
		clears bool
	}{
		{"no cookie", faulty{}, func(string) []string { return nil }, session.ErrNoCookie, false},
		{"malformed", faulty{}, func(string) []string { return []string{"JSESSIONID=AAAA"} }, session.ErrBadCookie, true},
		{"two", faulty{}, func(c string) []string { return []string{c, c} }, session.ErrDuplicateCookie, true},
		{"unknown", faulty{}, func(string) []string { return []string{"JSESSIONID=" + session.NewID()} }, session.ErrNotFound, true},
		{"of the pages", faulty{}, func(c string) []string { return []string{"__Host-mfa=" + c[len("JSESSIONID="):]} }, session.ErrNoCookie, false},
		{"the store cannot read", faulty{find: broken}, func(c string) []string { return []string{c} }, session.ErrUnavailable, false},
		{"the store cannot delete", faulty{del: broken}, func(c string) []string { return []string{c} }, session.ErrUnavailable, false},
		{"deleted meanwhile", faulty{del: session.ErrNotFound}, func(c string) []string { return []string{c} }, session.ErrNotFound, true},
		{"tampered", faulty{find: session.ErrTampered}, func(c string) []string { return []string{c} }, session.ErrTampered, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			_, cookie := f.start(t, alice())
			tt.fault.Store = f.store.Store
			*f.store = tt.fault
			// A full trail does not make a refusal look like a logout.
			f.trail.fails = map[audit.Name]bool{
				audit.SessionBadCookie: true, audit.SessionDuplicate: true, audit.SessionStoreTampered: true,
			}
			w := httptest.NewRecorder()
			got, err := f.End(t.Context(), w, request(tt.lines(cookie)...))
			if !errors.Is(err, tt.want) || errors.Is(err, session.ErrNotRecorded) || got.Username != "" || len(f.ended) != 0 {
				t.Errorf("End = %+v, %v, want %v alone", got, err, tt.want)
			}
			if clears(w) != tt.clears {
				t.Errorf("headers %v, want the cookie cleared: %t", w.Header(), tt.clears)
			}
			*f.store = faulty{Store: f.store.Store}
			f.wantLoad(t, nil, cookie)
		})
	}
}

// A page's id ends no API session and the reverse.
func TestEndKinds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, page := f.start(t, alicesPage())
	id := strings.TrimPrefix(page, "__Host-mfa=")
	if _, err := f.End(t.Context(), httptest.NewRecorder(), request("JSESSIONID="+id)); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("End with a page's id = %v, want ErrNotFound", err)
	}
	if _, err := f.LoadPage(request(page)); err != nil {
		t.Errorf("LoadPage: %v", err)
	}
	if s, err := f.EndPage(t.Context(), httptest.NewRecorder(), request(page)); err != nil || s.Kind != session.KindPage {
		t.Errorf("EndPage = %+v, %v, want the page's session", s, err)
	}
}

// Threat T195: a user's logout takes place even when the trail is full, and
// says so.
func TestLogoutWithoutTheTrail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want, cookie := f.start(t, alice())
	f.trail.fails[audit.SessionEnded] = true
	w := httptest.NewRecorder()
	got, err := f.End(t.Context(), w, request(cookie))
	if !errors.Is(err, session.ErrNotRecorded) || !errors.Is(err, errTrail) || got.Key != want.Key || !clears(w) {
		t.Errorf("End = %+v, %v, headers %v, want the session, ErrNotRecorded, and the cookie cleared", got, err, w.Header())
	}
	f.wantLoad(t, session.ErrNotFound, cookie)
}

// A logout is brought to an end although the client hung up.
func TestLogoutOfAClientThatLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, cookie := f.start(t, alice())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.trail.on = func(audit.Event) {
		if live := f.live(t); len(live) != 0 {
			t.Errorf("%d sessions live when the logout is recorded, want none", len(live))
		}
	}
	if _, err := f.End(ctx, httptest.NewRecorder(), request(cookie).WithContext(ctx)); err != nil {
		t.Errorf("End: %v", err)
	}
}

// Threat T115: all of a user's sessions end, of all kinds, on the record.
func TestEndUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, alice())
	f.start(t, alicesPage())
	bob := alice()
	bob.Username = "bob"
	_, bobs := f.start(t, bob)
	f.wantTrail(t, audit.SessionStarted, audit.SessionStarted, audit.SessionStarted)

	f.trail.fails[audit.SessionRevoked] = true
	if ended, err := f.EndUser(t.Context(), "alice", "password changed"); !errors.Is(err, session.ErrNotRecorded) || len(ended) != 0 {
		t.Errorf("EndUser without the trail = %d sessions, %v, want none, ErrNotRecorded", len(ended), err)
	}
	if live := f.live(t); len(live) != 3 {
		t.Errorf("%d sessions live after a revocation that was not recorded, want 3", len(live))
	}
	f.trail.fails = nil
	ended, err := f.EndUser(t.Context(), "alice", "password changed")
	if err != nil || len(ended) != 2 || len(f.ended) != 2 {
		t.Errorf("EndUser = %d sessions, %v, want 2", len(ended), err)
	}
	if e := f.trail.last(t); e.Reason != "password changed" || e.Username != "alice" {
		t.Errorf("recorded %+v, want the caller's reason", e)
	}
	f.wantTrail(t, audit.SessionRevoked, audit.SessionRevoked)
	f.wantLoad(t, nil, bobs)
	if ended, err := f.EndUser(t.Context(), "alice", "again"); err != nil || len(ended) != 0 {
		t.Errorf("second EndUser = %d sessions, %v, want none", len(ended), err)
	}
	if _, err := f.EndUser(t.Context(), "", "everybody"); !errors.Is(err, session.ErrNobody) {
		t.Errorf("EndUser of nobody = %v, want ErrNobody", err)
	}
	f.wantLoad(t, nil, bobs)
}

// A login that slips in between the record and the end is ended and recorded
// too.
func TestEndUserDuringALogin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, alice())
	late := alice()
	late.Key, late.CreatedAt, late.LastActive = session.KeyOf("late"), begin, begin
	late.Expires, late.IdleTimeout = begin.Add(time.Hour), time.Hour
	var once sync.Once
	f.trail.on = func(audit.Event) {
		once.Do(func() {
			if _, err := f.store.Create(t.Context(), late, 0, begin); err != nil {
				t.Errorf("Create: %v", err)
			}
		})
	}
	if ended, err := f.EndUser(t.Context(), "alice", "test"); err != nil || len(ended) != 2 {
		t.Errorf("EndUser = %d sessions, %v, want 2", len(ended), err)
	}
	if e := f.trail.last(t); e.Session != late.Key.Handle() {
		t.Errorf("recorded %+v last, want the late session", e)
	}
	f.wantTrail(t, audit.SessionStarted, audit.SessionRevoked, audit.SessionRevoked)
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s, cookie := f.start(t, alice())
	f.trail.fails[audit.SessionRevoked] = true
	if _, err := f.Revoke(t.Context(), s.Key, "lost laptop"); !errors.Is(err, session.ErrNotRecorded) {
		t.Errorf("Revoke without the trail = %v, want ErrNotRecorded", err)
	}
	f.wantLoad(t, nil, cookie)
	f.trail.fails = nil
	if got, err := f.Revoke(t.Context(), s.Key, "lost laptop"); err != nil || got.Key != s.Key {
		t.Errorf("Revoke = %+v, %v, want the session", got, err)
	}
	f.wantLoad(t, session.ErrNotFound, cookie)
	if _, err := f.Revoke(t.Context(), s.Key, "lost laptop"); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("second Revoke = %v, want ErrNotFound", err)
	}
}

// Threat T195: what the store did not do is never told as done, and it is
// never "no session".
func TestEndsOfABrokenStore(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	one := session.KeyOf("one")
	//nolint:thelper // what is asked is the case, not a helper
	for _, tt := range []struct {
		name  string
		fault faulty
		ask   func(t *testing.T, f *fixture) (ended int, err error)
	}{
		{"a user's sessions cannot be listed", faulty{list: broken}, func(t *testing.T, f *fixture) (int, error) {
			ended, err := f.EndUser(t.Context(), "alice", "test")
			return len(ended), err
		}},
		{"a user's sessions cannot be deleted", faulty{delUser: broken}, func(t *testing.T, f *fixture) (int, error) {
			ended, err := f.EndUser(t.Context(), "alice", "test")
			return len(ended), err
		}},
		{"all sessions cannot be listed", faulty{list: broken}, func(t *testing.T, f *fixture) (int, error) {
			ended, err := f.EndAll(t.Context(), "", time.Time{}, "test")
			return len(ended), err
		}},
		{"one of a node ahead cannot be deleted", faulty{del: broken}, func(t *testing.T, f *fixture) (int, error) {
			ended, err := f.EndAll(t.Context(), "", time.Time{}, "test")
			return len(ended), err
		}},
		{"one cannot be found", faulty{find: broken}, func(t *testing.T, f *fixture) (int, error) {
			s, err := f.Revoke(t.Context(), one, "test")
			return len(s.Username), err
		}},
		{"one cannot be deleted", faulty{del: broken}, func(t *testing.T, f *fixture) (int, error) {
			s, err := f.Revoke(t.Context(), one, "test")
			return len(s.Username), err
		}},
		{"none can be swept", faulty{sweep: broken}, func(t *testing.T, f *fixture) (int, error) {
			return f.Sweep(t.Context())
		}},
		{"none can be listed", faulty{list: broken}, func(t *testing.T, f *fixture) (int, error) {
			list, err := f.List(t.Context(), "alice")
			return len(list), err
		}},
		{"none can be found by its handle", faulty{list: broken}, func(t *testing.T, f *fixture) (int, error) {
			s, err := f.ByHandle(t.Context(), one.Handle())
			return len(s.Username), err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ahead := alice()
			ahead.Key, ahead.CreatedAt, ahead.LastActive = one, begin.Add(time.Second), begin.Add(time.Second)
			ahead.Expires, ahead.IdleTimeout = begin.Add(time.Hour), time.Hour
			if _, err := f.store.Create(t.Context(), ahead, 0, begin); err != nil {
				t.Fatal(err)
			}
			tt.fault.Store = f.store.Store
			*f.store = tt.fault
			ended, err := tt.ask(t, f)
			if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, broken) || ended != 0 {
				t.Errorf("%d, %v, want none and ErrUnavailable with its cause", ended, err)
			}
			*f.store = faulty{Store: f.store.Store}
			f.wantNothingEnded(t, 1)
		})
	}
}

// Threat T078: a session whose cookie never arrived is ended.
func TestAbandon(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s, cookie := f.start(t, alice())
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the client is gone
	if err := f.Abandon(ctx, s.Key); err != nil {
		t.Errorf("Abandon: %v", err)
	}
	f.wantLoad(t, session.ErrNotFound, cookie)
	f.wantTrail(t, audit.SessionStarted, audit.SessionEnded)
	if err := f.Abandon(ctx, s.Key); err != nil {
		t.Errorf("second Abandon: %v", err)
	}
	f.store.del = errors.New("input/output error")
	if err := f.Abandon(ctx, s.Key); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Abandon with a broken store = %v, want ErrUnavailable", err)
	}
}

// Threat T125: what a sweep finds was dead before it.
func TestSweep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 2500 // more than two batches
	for i := range n {
		s := alice()
		s.Username = fmt.Sprint("user ", i)
		f.start(t, s)
	}
	f.clock.Add(time.Minute)
	_, live := f.start(t, alice())
	f.clock.Set(begin.Add(session.DefaultIdle))
	f.trail.events = nil
	swept, err := f.Sweep(t.Context())
	if err != nil || swept != n || len(f.ended) != n {
		t.Errorf("Sweep = %d, %v, with %d ends told, want %d", swept, err, len(f.ended), n)
	}
	if names := f.trail.names(); len(names) != n || names[0] != audit.SessionExpired {
		t.Errorf("%d records, want %d of %s", len(names), n, audit.SessionExpired)
	}
	f.wantLoad(t, nil, live)
	if swept, err := f.Sweep(t.Context()); err != nil || swept != 0 {
		t.Errorf("second Sweep = %d, %v, want none", swept, err)
	}
	f.clock.Add(time.Hour)
	f.trail.fails[audit.SessionExpired] = true
	if swept, err := f.Sweep(t.Context()); !errors.Is(err, session.ErrNotRecorded) || swept != 1 {
		t.Errorf("Sweep without the trail = %d, %v, want 1, ErrNotRecorded", swept, err)
	}
}

// A sweep whose records are not taken goes no further.
func TestSweepStopsWithoutTheTrail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const batch = 1000
	for i := range batch + 1 {
		s := alice()
		s.Username = fmt.Sprint("user ", i)
		f.start(t, s)
	}
	f.clock.Add(session.DefaultIdle)
	f.trail.fails[audit.SessionExpired] = true
	if swept, err := f.Sweep(t.Context()); !errors.Is(err, session.ErrNotRecorded) || swept != batch {
		t.Errorf("Sweep without the trail = %d, %v, want %d, ErrNotRecorded", swept, err, batch)
	}
}

// What a sweep has deleted it also records, even when told to stop.
func TestSweepStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := newFixture(t, func(c *session.Config) {
		c.OnEnd = func(context.Context, session.Session) { cancel() }
	})
	f.start(t, alice())
	f.clock.Add(session.DefaultIdle)
	if swept, err := f.Sweep(ctx); err != nil || swept != 1 {
		t.Errorf("Sweep = %d, %v, want 1", swept, err)
	}
	f.wantTrail(t, audit.SessionStarted, audit.SessionExpired)
}
