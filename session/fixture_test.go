package session_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

var begin = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// fakeClock is set by hand.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *fakeClock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// trail is a recorder in memory that heeds its context and fails for the
// names told.
type trail struct {
	mu     sync.Mutex
	events []audit.Event
	fails  map[audit.Name]bool
	on     func(audit.Event)
}

var errTrail = errors.New("disk full")

func (tr *trail) Record(ctx context.Context, e audit.Event) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.on != nil {
		tr.on(e)
	}
	if tr.fails[e.Name] {
		return errTrail
	}
	tr.events = append(tr.events, e)
	return nil
}

func (tr *trail) names() []audit.Name {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	names := make([]audit.Name, len(tr.events))
	for i, e := range tr.events {
		names[i] = e.Name
	}
	return names
}

func (tr *trail) last(t *testing.T) audit.Event {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.events) == 0 {
		t.Fatal("nothing was recorded")
	}
	return tr.events[len(tr.events)-1]
}

// wantTrail compares the names recorded since the last call.
func (f *fixture) wantTrail(t *testing.T, want ...audit.Name) {
	t.Helper()
	if got := f.trail.names(); !slices.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
	f.trail.mu.Lock()
	f.trail.events = nil
	f.trail.mu.Unlock()
}

// faulty is a store whose methods fail as told; Delete heeds its context.
type faulty struct {
	session.Store
	create, find, touch, del, list, delUser, sweep error
	found                                          func(session.Session) session.Session
}

func (s *faulty) Create(ctx context.Context, n session.Session, limit int, now time.Time) ([]session.Session, error) {
	ended, err := s.Store.Create(ctx, n, limit, now)
	return ended, errors.Join(err, s.create)
}

func (s *faulty) Find(ctx context.Context, k session.Key, now time.Time) (session.Session, error) {
	if s.find != nil {
		return session.Session{}, s.find
	}
	got, err := s.Store.Find(ctx, k, now)
	if s.found != nil {
		got = s.found(got)
	}
	return got, err
}

func (s *faulty) Touch(ctx context.Context, k session.Key, at time.Time) error {
	if s.touch != nil {
		return s.touch
	}
	return s.Store.Touch(ctx, k, at)
}

func (s *faulty) Delete(ctx context.Context, k session.Key) (session.Session, error) {
	if err := cmp.Or(s.del, ctx.Err()); err != nil {
		return session.Session{}, err
	}
	return s.Store.Delete(ctx, k)
}

func (s *faulty) List(ctx context.Context, username string, now time.Time) ([]session.Session, error) {
	if s.list != nil {
		return nil, s.list
	}
	return s.Store.List(ctx, username, now)
}

func (s *faulty) DeleteUser(ctx context.Context, username string) ([]session.Session, error) {
	if s.delUser != nil {
		return nil, s.delUser
	}
	return s.Store.DeleteUser(ctx, username)
}

func (s *faulty) Sweep(ctx context.Context, now time.Time, limit int) ([]session.Session, error) {
	if s.sweep != nil {
		return nil, s.sweep
	}
	return s.Store.Sweep(ctx, now, limit)
}

type fixture struct {
	*session.Manager
	store *faulty
	trail *trail
	clock *fakeClock
	ended []session.Session
}

// newFixture returns a Manager on a memory store, as changed by each change.
func newFixture(t *testing.T, changes ...func(*session.Config)) *fixture {
	t.Helper()
	f := &fixture{
		store: &faulty{Store: session.NewMemoryStore()},
		trail: &trail{fails: map[audit.Name]bool{}},
		clock: &fakeClock{now: begin},
	}
	cfg := session.Config{
		Store: f.store, Recorder: f.trail, Now: f.clock.Now,
		OnEnd: func(_ context.Context, s session.Session) { f.ended = append(f.ended, s) },
	}
	for _, change := range changes {
		change(&cfg)
	}
	m, err := session.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	f.Manager = m
	return f
}

func alice() session.Session {
	return session.Session{
		UserID: 3, Username: "alice", Source: "192.0.2.7", UserAgent: "curl/8", Transaction: "0a1b2c",
		Factor: "duo_push", Reason: "user_approved", Device: "phone", Carry: []byte("sealed"),
	}
}

func alicesPage() session.Session {
	s := alice()
	s.Kind = session.KindPage
	return s
}

// request has the Cookie lines given.
func request(lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/api/users/current", http.NoBody)
	for _, line := range lines {
		r.Header.Add("Cookie", line)
	}
	return r
}

// start starts s and returns it with the "name=id" of its cookie.
func (f *fixture) start(t *testing.T, s session.Session, cookies ...string) (session.Session, string) {
	t.Helper()
	w := httptest.NewRecorder()
	got, err := f.Start(t.Context(), w, request(cookies...), s)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	set := w.Result().Cookies()
	if len(set) != 1 {
		t.Fatalf("Start set %d cookies, want 1", len(set))
	}
	return got, set[0].Name + "=" + set[0].Value
}

// live lists every session in the store.
func (f *fixture) live(t *testing.T) []session.Session {
	t.Helper()
	list, err := f.store.List(t.Context(), "", f.clock.Now())
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return list
}

// wantLoad checks the error of Load with the cookies; nil means that it loads.
func (f *fixture) wantLoad(t *testing.T, want error, cookies ...string) {
	t.Helper()
	s, err := f.Load(request(cookies...))
	if !errors.Is(err, want) {
		t.Errorf("Load(%q) at %v = %v, want %v", cookies, f.clock.Now(), err, want)
	}
	if err != nil && s.Username != "" {
		t.Errorf("Load(%q) returned a session with error %v", cookies, err)
	}
}
