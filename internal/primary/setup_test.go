package primary_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
)

const (
	right = "correct horse battery"
	wrong = "incorrect horse battery"
)

var (
	home = netip.MustParseAddr("192.0.2.1")
	evil = netip.MustParseAddr("203.0.113.66")
)

// clock is a clock that moves when told.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_800_000_000, c.at.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

// counting is a hasher that costs nothing and counts what it is asked.
type counting struct {
	hashes, verifies atomic.Int64
	// hold, when set, is received from in every Verify.
	hold chan struct{}
	// took is how long every Verify takes.
	took time.Duration
}

func (c *counting) Hash(password string) (string, error) {
	c.hashes.Add(1)
	return "plain:" + password, nil
}

func (c *counting) Inspect(encoded string) (bool, error) {
	if strings.HasPrefix(encoded, "old:") {
		return false, nil
	}
	if !strings.HasPrefix(encoded, "plain:") {
		return false, primary.ErrBadHash
	}
	return true, nil
}

func (c *counting) Verify(password, encoded string) (bool, error) {
	c.verifies.Add(1)
	if c.hold != nil {
		<-c.hold
	}
	time.Sleep(c.took)
	if _, err := c.Inspect(encoded); err != nil {
		// A real hasher would be done at once: no dummy was used.
		return false, err
	}
	_, stored, _ := strings.Cut(encoded, ":")
	return stored == password, nil
}

// watched counts what is asked of a store, and fails when told.
type watched struct {
	primary.Users
	finds atomic.Int64
	// slow is how long List takes after it looked.
	slow time.Duration
	mu   sync.Mutex
	err  error
}

func (w *watched) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func (w *watched) failing() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *watched) Find(ctx context.Context, name string) (primary.User, string, error) {
	w.finds.Add(1)
	if err := w.failing(); err != nil {
		return primary.User{}, "", err
	}
	return w.Users.Find(ctx, name)
}

func (w *watched) Update(ctx context.Context, name string, change func(*primary.User, *string) error) (primary.User, error) {
	if err := w.failing(); err != nil {
		return primary.User{}, err
	}
	return w.Users.Update(ctx, name, change)
}

func (w *watched) List(ctx context.Context) ([]primary.User, error) {
	if err := w.failing(); err != nil {
		return nil, err
	}
	users, err := w.Users.List(ctx)
	time.Sleep(w.slow)
	return users, err
}

// setup is a directory with everything of it in reach.
type setup struct {
	*primary.Local
	users  *watched
	hasher *counting
	clock  *clock
}

func newSetup(tb testing.TB, change ...func(*primary.LocalConfig, *throttle.Config)) *setup {
	tb.Helper()
	s := &setup{users: &watched{Users: primary.NewMemoryUsers()}, hasher: &counting{}, clock: &clock{}}
	limits := primary.LoginLimits(0)
	c := primary.LocalConfig{Users: s.users, Hasher: s.hasher, Now: s.clock.Now}
	for _, f := range change {
		f(&c, &limits)
	}
	limits.Now = s.clock.Now
	limiter, err := throttle.New(limits)
	if err != nil {
		tb.Fatal(err)
	}
	c.Limiter = limiter
	if s.Local, err = primary.NewLocal(c); err != nil {
		tb.Fatal(err)
	}
	return s
}

// unlimited takes the limits of a setup away.
func unlimited(_ *primary.LocalConfig, limits *throttle.Config) { *limits = throttle.Config{} }

func (s *setup) add(tb testing.TB, name string, role primary.Role) primary.User {
	tb.Helper()
	u, err := s.Add(tb.Context(), primary.NewUser{Username: name, Role: role, Password: secret.New(right)})
	if err != nil {
		tb.Fatalf("Add(%q) = %v", name, err)
	}
	return u
}

// try is one attempt; it returns the reason of a refusal.
func (s *setup) try(tb testing.TB, name, password string, from netip.Addr) (primary.Result, primary.Reason, error) {
	tb.Helper()
	r, err := s.Authenticate(tb.Context(), primary.Attempt{Username: name, Password: secret.New(password), Source: from})
	if e, ok := errors.AsType[*primary.RefusedError](err); ok {
		return r, e.Reason, err
	}
	return r, "", err
}

func (s *setup) wantOK(tb testing.TB, name, password string, from netip.Addr) primary.Result {
	tb.Helper()
	r, _, err := s.try(tb, name, password, from)
	if err != nil || r.User.Username != name || r.Status != primary.StatusSuccess {
		tb.Fatalf("Authenticate(%q) = %+v, %+v, want %s accepted", name, r, err, name)
	}
	return r
}

func (s *setup) wantRefused(tb testing.TB, name, password string, from netip.Addr, want primary.Reason) {
	tb.Helper()
	r, reason, err := s.try(tb, name, password, from)
	if !errors.Is(err, primary.ErrRefused) || reason != want || err.Error() != primary.ErrRefused.Error() {
		tb.Fatalf("Authenticate(%.60q) = %v (%s), want ErrRefused for %s", name, err, reason, want)
	}
	if r.User.Username != "" || r.Status != "" {
		tb.Fatalf("a refusal came with %+v", r)
	}
}

func (s *setup) wantThrottled(tb testing.TB, name, password string, from netip.Addr, scope string) {
	tb.Helper()
	_, _, err := s.try(tb, name, password, from)
	e, ok := errors.AsType[*primary.ThrottledError](err)
	if !ok || !errors.Is(err, primary.ErrThrottled) || errors.Is(err, primary.ErrRefused) || e.RetryAfter <= 0 || e.Scope != scope {
		tb.Fatalf("Authenticate(%q) = %+v, want ErrThrottled by %s", name, err, scope)
	}
}
