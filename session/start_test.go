package session_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

func TestStartSetsWhatNoCallerDecides(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	given := alice()
	given.Key = session.KeyOf("attacker")
	given.CreatedAt, given.LastActive = begin.Add(time.Hour), begin.Add(time.Hour)
	given.Expires, given.IdleTimeout = begin.Add(1000*time.Hour), 1000*time.Hour
	s, cookie := f.start(t, given)
	if s.Key != session.KeyOf(cookie[len("JSESSIONID="):]) {
		t.Error("the key is not the hash of the cookie's id")
	}
	if !s.CreatedAt.Equal(begin) || !s.LastActive.Equal(begin) || s.IdleTimeout != session.DefaultIdle ||
		!s.Expires.Equal(begin.Add(session.DefaultAbsolute)) {
		t.Errorf("Start = %+v, want times and limits of the Manager", s)
	}
	e := f.trail.last(t)
	if e.Name != audit.SessionStarted || e.Username != "alice" || e.Session != s.Key.Handle() ||
		e.Source.String() != "192.0.2.7" || e.Detail["kind"] != "api" || e.Detail["factor"] != "duo_push" {
		t.Errorf("recorded %+v, want the start of the session", e)
	}
}

// Threat T195: the store has the session before the trail, and the trail
// before the client.
func TestStartOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := httptest.NewRecorder()
	f.trail.on = func(audit.Event) {
		if n := len(f.live(t)); n != 1 {
			t.Errorf("%d sessions in the store when the start is recorded, want 1", n)
		}
		if len(w.Header()) != 0 {
			t.Errorf("headers %v were written before the record", w.Header())
		}
	}
	if _, err := f.Start(t.Context(), w, request(), alice()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	f.wantTrail(t, audit.SessionStarted)
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	for _, tt := range []struct {
		name    string
		prepare func(f *fixture)
		s       func(*session.Session)
		want    error
	}{
		// Threat T195: a failing sink gives no session.
		{"the trail is full", func(f *fixture) { f.trail.fails[audit.SessionStarted] = true }, nil, session.ErrNotRecorded},
		{"the replacement is not recorded", func(f *fixture) { f.trail.fails[audit.SessionReplaced] = true }, nil, session.ErrNotRecorded},
		{"the limit is not recorded", func(f *fixture) { f.trail.fails[audit.SessionLimit] = true }, nil, session.ErrNotRecorded},
		{"the store writes and breaks", func(f *fixture) { f.store.create = broken }, nil, session.ErrUnavailable},
		{"the store is too slow", func(f *fixture) { f.store.create = context.DeadlineExceeded }, nil, session.ErrUnavailable},
		{"the session carried cannot be read", func(f *fixture) { f.store.find = broken }, nil, session.ErrUnavailable},
		{"nobody", nil, func(s *session.Session) { s.Username = "" }, session.ErrNobody},
		{
			"an administrator without a second factor", nil,
			func(s *session.Session) { s.Administrator, s.FailOpen = true, true }, session.ErrFailOpenAdministrator,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(c *session.Config) { c.PerUser = 2 })
			oldest, _ := f.start(t, alice())
			f.clock.Add(time.Second)
			carried, cookie := f.start(t, alice())
			f.clock.Add(time.Second)
			if tt.prepare != nil {
				tt.prepare(f)
			}
			s := alice()
			if tt.s != nil {
				tt.s(&s)
			}
			w := httptest.NewRecorder()
			got, err := f.Start(t.Context(), w, request(cookie), s)
			if !errors.Is(err, tt.want) || got.Username != "" {
				t.Errorf("Start = %+v, %v, want %v alone", got, err, tt.want)
			}
			if len(w.Header()) != 0 {
				t.Errorf("headers %v were written", w.Header())
			}
			for _, s := range f.live(t) {
				if s.Key != carried.Key && s.Key != oldest.Key {
					t.Errorf("session %s lives although its start failed", s.Key.Handle())
				}
			}
		})
	}
}

// A new session that cannot be deleted again stays out of reach, and the
// error says both.
func TestStartCannotTakeBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.trail.fails[audit.SessionStarted] = true
	f.store.del = errors.New("input/output error")
	w := httptest.NewRecorder()
	_, err := f.Start(t.Context(), w, request(), alice())
	if !errors.Is(err, session.ErrNotRecorded) || !errors.Is(err, session.ErrUnavailable) || len(w.Header()) != 0 {
		t.Errorf("Start = %v with headers %v, want ErrNotRecorded, ErrUnavailable and none", err, w.Header())
	}
}

// A store that says that it has nothing of a new session is believed: nothing
// of it is deleted, which might be another's, and nothing is recorded.
func TestStartRefusedByTheStore(t *testing.T) {
	t.Parallel()
	undeletable := errors.New("nothing was to be deleted")
	for _, tt := range []struct {
		name        string
		create, del error
	}{
		{"the key is taken", session.ErrExists, undeletable},
		{"begun before the sessions of its time were ended", session.ErrRevoked, undeletable},
		{"failed, and it is not there", io.ErrUnexpectedEOF, session.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.store.create, f.store.del = tt.create, tt.del
			w := httptest.NewRecorder()
			_, err := f.Start(t.Context(), w, request(), alice())
			if !errors.Is(err, tt.create) || errors.Is(err, tt.del) || len(w.Header()) != 0 {
				t.Errorf("Start = %v with headers %v, want %v alone and none", err, w.Header(), tt.create)
			}
			f.wantTrail(t)
		})
	}
}

// A login that carries no session asks the store for none.
func TestStartCarriesNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.store.find = errors.New("input/output error")
	f.start(t, alice())
	f.start(t, alice(), "a=b")
}

// The client hangs up: what was begun is finished all the same.
func TestStartTakesBackForAClientThatLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.trail.fails[audit.SessionStarted] = true
	f.trail.on = func(audit.Event) { cancel() } // during the first record
	if _, err := f.Start(ctx, httptest.NewRecorder(), request(), alice()); !errors.Is(err, session.ErrNotRecorded) {
		t.Errorf("Start = %v, want ErrNotRecorded", err)
	}
	if live := f.live(t); len(live) != 0 {
		t.Errorf("%d sessions live, want none", len(live))
	}
}

// Threats T028, T077: whatever cookie a login carries, the id is new, the
// attacker's is never stored, and the session it opened before is ended.
func TestFixation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		lines func(own string) []string
		// ends is whether the session of own ends.
		ends bool
	}{
		{"an id of the attacker's making", func(string) []string { return []string{"JSESSIONID=AAAA"} }, false},
		{"a well-formed id of the attacker's making", func(string) []string { return []string{"JSESSIONID=" + session.NewID()} }, false},
		{"the user's live session", func(own string) []string { return []string{own} }, true},
		{"two cookies", func(own string) []string { return []string{own, "JSESSIONID=" + session.NewID()} }, false},
		{"two cookies, the other order", func(own string) []string { return []string{"JSESSIONID=" + session.NewID() + "; " + own} }, false},
		{"the id in the cookie of the pages", func(own string) []string { return []string{"__Host-mfa=" + own[len("JSESSIONID="):]} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			before, own := f.start(t, alice())
			lines := tt.lines(own)
			bob := alice()
			bob.Username = "bob"
			after, cookie := f.start(t, bob, lines...)
			if before.Key == after.Key || cookie == own {
				t.Error("the id is not new")
			}
			f.wantLoad(t, nil, cookie)
			for _, s := range f.live(t) {
				if s.Key != before.Key && s.Key != after.Key {
					t.Errorf("session %s is stored, of an id nobody was given", s.Key.Handle())
				}
			}
			if !tt.ends {
				f.wantTrail(t, audit.SessionStarted, audit.SessionStarted)
				f.wantLoad(t, nil, own)
				return
			}
			f.wantTrail(t, audit.SessionStarted, audit.SessionStarted, audit.SessionReplaced)
			f.wantLoad(t, session.ErrNotFound, own)
			if len(f.ended) != 1 || f.ended[0].Key != before.Key {
				t.Errorf("OnEnd was called for %d sessions, want the one replaced", len(f.ended))
			}
		})
	}
}

// Threat T030: what is refused before the login leaves nothing usable behind.
func TestFailedLoadsSetNoCookie(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, line := range []string{"", "JSESSIONID=AAAA", "JSESSIONID=" + session.NewID()} {
		if s, err := f.Load(request(line)); err == nil || s.Username != "" {
			t.Errorf("Load(%q) = %+v, %v, want an error alone", line, s, err)
		}
	}
	if live := f.live(t); len(live) != 0 {
		t.Errorf("%d sessions in the store, want none", len(live))
	}
}

// Threat T116: the twenty-first login ends the oldest session, on the record;
// sessions of the pages and of other users count apart.
func TestSessionsOfAUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var cookies []string
	bob := alice()
	bob.Username = "bob"
	_, bobs := f.start(t, bob)
	_, page := f.start(t, alicesPage())
	var oldest session.Session
	for i := range session.DefaultPerUser {
		s, cookie := f.start(t, alice())
		if i == 0 {
			oldest = s
		}
		cookies = append(cookies, cookie)
		f.clock.Add(time.Second)
	}
	for _, cookie := range cookies {
		f.wantLoad(t, nil, cookie)
	}
	newest, cookie := f.start(t, alice())
	f.wantLoad(t, nil, cookie)
	f.wantLoad(t, session.ErrNotFound, cookies[0])
	e := f.trail.last(t)
	if e.Name != audit.SessionLimit || e.Session != oldest.Key.Handle() || e.Reason != "by "+newest.Key.Handle() {
		t.Errorf("recorded %+v, want the end of the oldest for the newest", e)
	}
	for _, cookie := range append(cookies[1:], bobs) {
		f.wantLoad(t, nil, cookie)
	}
	if _, err := f.LoadPage(request(page)); err != nil {
		t.Errorf("LoadPage: %v", err)
	}
}

// With one session a user, the one carried is replaced, once.
func TestReplacedByTheLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *session.Config) { c.PerUser = 1 })
	_, first := f.start(t, alice())
	_, second := f.start(t, alice(), first)
	f.wantTrail(t, audit.SessionStarted, audit.SessionStarted, audit.SessionReplaced)
	f.wantLoad(t, session.ErrNotFound, first)
	f.wantLoad(t, nil, second)
	if len(f.ended) != 1 {
		t.Errorf("OnEnd was called %d times, want once", len(f.ended))
	}
}

func TestFailOpenIsReadOnlyAndShort(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	open := alice()
	open.FailOpen = true
	s, cookie := f.start(t, open)
	if !s.ReadOnly || !s.Expires.Equal(begin.Add(time.Hour)) {
		t.Errorf("Start = %+v, want read-only until %v", s, begin.Add(time.Hour))
	}
	if e := f.trail.last(t); e.Detail["fail_open"] != "true" {
		t.Errorf("recorded %+v, want fail_open", e)
	}
	for f.clock.Now().Before(begin.Add(time.Hour - time.Minute)) {
		f.clock.Add(time.Minute)
		f.wantLoad(t, nil, cookie)
	}
	f.clock.Set(begin.Add(time.Hour))
	f.wantLoad(t, session.ErrNotFound, cookie)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	store, rec := session.NewMemoryStore(), &trail{}
	for _, tt := range []struct {
		name   string
		config session.Config
	}{
		{"no store", session.Config{Recorder: rec}},
		{"no recorder", session.Config{Store: store}},
		{"negative idle limit", session.Config{Store: store, Recorder: rec, Idle: -1}},
		{"absolute below idle", session.Config{Store: store, Recorder: rec, Idle: time.Hour, Absolute: time.Minute}},
		{"touches too rare", session.Config{Store: store, Recorder: rec, TouchEvery: time.Hour}},
		{"no sessions", session.Config{Store: store, Recorder: rec, PerUser: -1}},
		{"cookie name", session.Config{Store: store, Recorder: rec, CookieName: "a b"}},
		{"cookie name with a semicolon", session.Config{Store: store, Recorder: rec, CookieName: "a;b"}},
		{"cookie name with a sign of equality", session.Config{Store: store, Recorder: rec, CookieName: "a=b"}},
		{"cookie name with a control character", session.Config{Store: store, Recorder: rec, CookieName: "a\x7fb"}},
		{"cookie name beyond ASCII", session.Config{Store: store, Recorder: rec, CookieName: "aé"}},
		{"page cookie name", session.Config{Store: store, Recorder: rec, PageCookie: "mfa"}},
		{"one name", session.Config{Store: store, Recorder: rec, CookieName: "__Host-mfa"}},
		{"path", session.Config{Store: store, Recorder: rec, CookiePath: "api"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if m, err := session.New(tt.config); !errors.Is(err, session.ErrConfig) || m != nil {
				t.Errorf("New = %v, %v, want ErrConfig", m, err)
			}
		})
	}
}
