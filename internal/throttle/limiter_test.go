package throttle_test

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

// clock is a clock that moves when told.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_800_000_000, c.at.Load()) }
func (c *clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

func limiter(tb testing.TB, c throttle.Config) (*throttle.Limiter, *clock) {
	tb.Helper()
	clk := &clock{}
	c.Now = clk.Now
	l, err := throttle.New(c)
	if err != nil {
		tb.Fatalf("New = %v", err)
	}
	return l, clk
}

func subject(account, source string) throttle.Subject {
	s := throttle.Subject{Account: account}
	if source != "" {
		s.Source = netip.MustParseAddr(source)
	}
	return s
}

func fail(tb testing.TB, l *throttle.Limiter, s throttle.Subject, times int) {
	tb.Helper()
	for range times {
		if err := l.Fail(tb.Context(), s); err != nil {
			tb.Fatalf("Fail = %v", err)
		}
	}
}

func allowed(tb testing.TB, l *throttle.Limiter, s throttle.Subject) {
	tb.Helper()
	if err := l.Check(tb.Context(), s); err != nil {
		tb.Errorf("Check(%+v) = %v (%+v), want nil", s, err, err)
	}
}

func refused(tb testing.TB, l *throttle.Limiter, s throttle.Subject, scope throttle.Scope, wait time.Duration) {
	tb.Helper()
	err := l.Check(tb.Context(), s)
	e, ok := errors.AsType[*throttle.Error](err)
	if !ok || !errors.Is(err, throttle.ErrThrottled) || e.Scope != scope || e.RetryAfter != wait {
		tb.Errorf("Check(%+v) = %+v, want scope %s and a wait of %s", s, err, scope, wait)
	}
}

var tenIn15 = throttle.Rule{Limit: 10, Window: 15 * time.Minute}

func TestAccountOverAllSources(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15})
	// Threat T007: guesses at one account from many sources share a counter.
	for i := range 9 {
		fail(t, l, subject("alice", fmt.Sprintf("192.0.2.%d", i)), 1)
	}
	allowed(t, l, subject("alice", "198.51.100.1"))
	fail(t, l, subject("alice", ""), 1)
	refused(t, l, subject("alice", "198.51.100.1"), throttle.ScopeAccount, time.Minute)
	allowed(t, l, subject("bob", "192.0.2.1"))
	clk.Advance(time.Minute - 1)
	refused(t, l, subject("alice", "198.51.100.1"), throttle.ScopeAccount, 1)
	clk.Advance(1)
	allowed(t, l, subject("alice", "198.51.100.1"))
}

func TestDelayGrowsAndIsForgotten(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15})
	alice := subject("alice", "")
	fail(t, l, alice, 10)
	for _, minutes := range []int{1, 2, 4, 8, 15, 15, 15} {
		wait := time.Duration(minutes) * time.Minute
		refused(t, l, alice, throttle.ScopeAccount, wait)
		// Threat T008: the limit is soft, its end is known, the wait bounded.
		clk.Advance(wait)
		allowed(t, l, alice)
		fail(t, l, alice, 1)
	}
	clk.Advance(15*time.Minute + 15*time.Minute - 1)
	fail(t, l, alice, 1)
	refused(t, l, alice, throttle.ScopeAccount, 15*time.Minute)
	clk.Advance(15*time.Minute + 15*time.Minute)
	fail(t, l, alice, 9)
	allowed(t, l, alice)
	fail(t, l, alice, 1)
	refused(t, l, alice, throttle.ScopeAccount, time.Minute)
}

func TestWindowSlides(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15})
	alice := subject("alice", "")
	// Nine now and nine a whole window later are never ten in a window.
	fail(t, l, alice, 9)
	clk.Advance(15 * time.Minute)
	fail(t, l, alice, 9)
	allowed(t, l, alice)
	// One every two minutes never is either.
	clk.Advance(15 * time.Minute)
	for range 100 {
		fail(t, l, alice, 1)
		clk.Advance(2 * time.Minute)
		allowed(t, l, alice)
	}
	// But ten within fourteen minutes are, however they lie.
	clk.Advance(15*time.Minute + 40*time.Second)
	fail(t, l, alice, 5)
	clk.Advance(14 * time.Minute)
	fail(t, l, alice, 5)
	refused(t, l, alice, throttle.ScopeAccount, time.Minute)
}

func TestSources(t *testing.T) {
	t.Parallel()
	rule := throttle.Rule{Limit: 3, Window: time.Minute, Delay: time.Second, MaxDelay: time.Second}
	for _, c := range []struct {
		name string
		from []string
		at   string
		full bool
	}{
		{"one IPv4 address", []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, "192.0.2.1", true},
		{"IPv4 neighbours are others", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, "192.0.2.1", false},
		{"IPv4 inside IPv6 is IPv4", []string{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"}, "::ffff:192.0.2.1", true},
		{"IPv4 inside IPv6 is no /64", []string{"::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:192.0.2.3"}, "::ffff:192.0.2.4", false},
		// Threat T007, T182: turning addresses inside a /64 gains nothing.
		{"a /64 is one source", []string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:2:3"}, "2001:db8:0:0:9::", true},
		{"the next /64 is another", []string{"2001:db8::1", "2001:db8::2", "2001:db8::3"}, "2001:db8:0:1::1", false},
		{"zones do not count", []string{"fe80::1%a", "fe80::1%b", "fe80::1%c"}, "fe80::1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, _ := limiter(t, throttle.Config{Source: rule})
			for i, from := range c.from {
				fail(t, l, subject(fmt.Sprint("user", i), from), 1)
			}
			if c.full {
				refused(t, l, subject("somebody", c.at), throttle.ScopeSource, time.Second)
			} else {
				allowed(t, l, subject("somebody", c.at))
			}
			allowed(t, l, subject("user0", ""))
		})
	}
}

func TestGlobalBudget(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{Global: throttle.Rule{Limit: 5, Window: time.Minute}, KnownFor: time.Hour})
	if err := l.Succeed(t.Context(), subject("alice", "192.0.2.9")); err != nil {
		t.Fatal(err)
	}
	// Threat T007: one password against many accounts from many places.
	for i := range 5 {
		fail(t, l, subject(fmt.Sprint("user", i), fmt.Sprintf("192.0.2.%d", i)), 1)
	}
	refused(t, l, subject("carol", "198.51.100.1"), throttle.ScopeGlobal, 4*time.Second)
	allowed(t, l, subject("alice", "192.0.2.9"))
}

func TestKnownSource(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15, KnownFor: 24 * time.Hour})
	home, evil := subject("alice", "192.0.2.1"), subject("alice", "203.0.113.1")
	if err := l.Succeed(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	// Threat T008: an attacker fills the account's counter; its owner, from
	// where she signed in before, does not notice.
	fail(t, l, evil, 50)
	refused(t, l, subject("alice", "198.51.100.1"), throttle.ScopeAccount, 15*time.Minute)
	allowed(t, l, home)
	allowed(t, l, subject("alice", "::ffff:192.0.2.1"))
	// The known source has its own ten.
	fail(t, l, home, 10)
	refused(t, l, home, throttle.ScopeAccount, time.Minute)
	// Known is not for ever.
	clk.Advance(24 * time.Hour)
	fail(t, l, evil, 10)
	refused(t, l, home, throttle.ScopeAccount, time.Minute)
}

func TestSuccessTakesNothingBack(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{Account: tenIn15, Source: throttle.Rule{Limit: 10, Window: 15 * time.Minute}, KnownFor: time.Hour})
	// Threat T007: an attacker with an account of his own signs in between
	// guesses; his source's counter stays.
	for i := range 10 {
		fail(t, l, subject(fmt.Sprint("victim", i), "203.0.113.1"), 1)
		if err := l.Succeed(t.Context(), subject("mallory", "203.0.113.1")); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, l, subject("victim99", "203.0.113.1"), throttle.ScopeSource, time.Minute)
}

func TestNothingToCount(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{Source: tenIn15})
	fail(t, l, subject("alice", ""), 100)
	allowed(t, l, subject("alice", ""))
	if err := l.Succeed(t.Context(), subject("", "192.0.2.1")); err != nil {
		t.Errorf("Succeed = %v, want nil", err)
	}
}

func TestFactor(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{Account: tenIn15, Factor: 100})
	fail(t, l, subject("alice", ""), 999)
	allowed(t, l, subject("alice", ""))
	fail(t, l, subject("alice", ""), 1)
	refused(t, l, subject("alice", ""), throttle.ScopeAccount, time.Minute)
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]throttle.Config{
		"negative limit":       {Account: throttle.Rule{Limit: -1, Window: time.Minute}},
		"no window":            {Source: throttle.Rule{Limit: 1}},
		"limit too high":       {Global: throttle.Rule{Limit: throttle.MaxLimit + 1, Window: time.Minute}},
		"limit x factor":       {Global: throttle.Rule{Limit: throttle.MaxLimit, Window: time.Minute}, Factor: 2},
		"factor":               {Factor: -1},
		"capacity":             {Capacity: -1},
		"known for":            {KnownFor: -1},
		"negative delay":       {Account: throttle.Rule{Limit: 1, Window: time.Minute, Delay: -1}},
		"longest below first":  {Account: throttle.Rule{Limit: 1, Window: time.Minute, Delay: 2, MaxDelay: 1}},
		"first above a window": {Account: throttle.Rule{Limit: 1, Window: time.Minute, Delay: time.Hour}},
	} {
		if _, err := throttle.New(c); !errors.Is(err, throttle.ErrConfig) {
			t.Errorf("%s: New = %v, want ErrConfig", name, err)
		}
	}
}

func TestVolleyGetsNoFurther(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15})
	alice := subject("alice", "")
	fail(t, l, alice, 4)
	// Threat T007: a hundred guesses at once are no more than six one by one.
	var running []*throttle.Attempt
	for range 100 {
		a, err := l.Take(t.Context(), alice)
		if err != nil {
			if !errors.Is(err, throttle.ErrThrottled) {
				t.Fatalf("Take = %v, want ErrThrottled", err)
			}
			continue
		}
		running = append(running, a)
	}
	if len(running) != 6 {
		t.Fatalf("%d attempts run at once after 4 failures, want 6", len(running))
	}
	running[0].End()
	running[0].End()
	if err := running[0].Fail(t.Context()); err != nil {
		t.Errorf("Fail after End = %v", err)
	}
	a, err := l.Take(t.Context(), alice)
	if err != nil {
		t.Fatalf("Take after an End = %v, want nil", err)
	}
	for _, a := range append(running, a) {
		if err := a.Fail(t.Context()); err != nil {
			t.Errorf("Fail = %v", err)
		}
	}
	refused(t, l, alice, throttle.ScopeAccount, time.Minute)
	// After the wait there is one attempt, not many.
	clk.Advance(time.Minute)
	if a, err = l.Take(t.Context(), alice); err != nil {
		t.Fatalf("Take = %v, want nil", err)
	}
	if _, err := l.Take(t.Context(), alice); !errors.Is(err, throttle.ErrThrottled) {
		t.Errorf("second Take = %v, want ErrThrottled", err)
	}
	a.End()
}

func TestSuccessesAreNotLimited(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15})
	var running []*throttle.Attempt
	for range 1000 {
		a, err := l.Take(t.Context(), subject("alice", "192.0.2.1"))
		if err != nil {
			t.Fatalf("Take without a failure = %v, want nil", err)
		}
		running = append(running, a)
	}
	for _, a := range running {
		a.End()
	}
	allowed(t, l, subject("alice", "192.0.2.1"))
}

func TestRefusedTakeReservesNothing(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{
		Source:  throttle.Rule{Limit: 2, Window: time.Minute},
		Account: throttle.Rule{Limit: 2, Window: time.Minute},
	})
	fail(t, l, subject("", "192.0.2.1"), 1)
	fail(t, l, subject("alice", ""), 2)
	for range 10 {
		if _, err := l.Take(t.Context(), subject("alice", "192.0.2.1")); !errors.Is(err, throttle.ErrThrottled) {
			t.Fatalf("Take = %v, want ErrThrottled", err)
		}
	}
	a, err := l.Take(t.Context(), subject("bob", "192.0.2.1"))
	if err != nil {
		t.Fatalf("Take = %v, want nil: the refused ones hold the source", err)
	}
	a.End()
}

func TestClockSetBack(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15})
	fail(t, l, subject("alice", ""), 10)
	clk.Advance(-365 * 24 * time.Hour)
	refused(t, l, subject("alice", ""), throttle.ScopeAccount, time.Minute)
	fail(t, l, subject("bob", ""), 10)
	refused(t, l, subject("bob", ""), throttle.ScopeAccount, time.Minute)
}

func TestForgetsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, throttle.Config{Account: throttle.Rule{Limit: 1, Window: time.Minute}, Capacity: 4})
	fail(t, l, subject("alice", ""), 1)
	for i := range 100 {
		fail(t, l, subject(fmt.Sprint("other", i), ""), 1)
		// Whoever keeps guessing at alice keeps her counter alive.
		refused(t, l, subject("alice", ""), throttle.ScopeAccount, 4*time.Second)
	}
	allowed(t, l, subject("other0", ""))
	refused(t, l, subject("other99", ""), throttle.ScopeAccount, 4*time.Second)
}

// Threat T182: made-up addresses and names do not fill the memory.
func TestMemoryIsBounded(t *testing.T) { //nolint:paralleltest // it measures the heap
	l, _ := limiter(t, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15, KnownFor: time.Hour, Factor: 100})
	n := 200_000
	if testing.Short() {
		n = 80_000
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	name := make([]byte, 256)
	for i := range n {
		copy(name, fmt.Sprint(i, "-"))
		s := throttle.Subject{
			Account: string(name),
			Source:  netip.AddrFrom16([16]byte{0x20, 1, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}),
		}
		fail(t, l, s, 1)
		if err := l.Succeed(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		fail(t, l, s, 1)
	}
	grown := int64(heap()) - int64(before)
	t.Logf("%d addresses and names: heap grew by %.1f MiB", n, float64(grown)/(1<<20))
	if grown > 32<<20 {
		t.Errorf("heap grew by %d bytes over %d addresses, want less than 32 MiB", grown, n)
	}
	runtime.KeepAlive(l)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	l, clk := limiter(t, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15, KnownFor: time.Hour, Capacity: 8})
	var guesses atomic.Int64
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := range 200 {
				s := subject("alice", fmt.Sprintf("192.0.2.%d", (w*7+i)%32))
				a, err := l.Take(t.Context(), s)
				if err != nil {
					continue
				}
				guesses.Add(1)
				if err := a.Fail(t.Context()); err != nil {
					t.Errorf("Fail = %v", err)
				}
			}
		})
	}
	wg.Wait()
	// The first volley may be as wide as it likes, for nothing failed yet;
	// after it the limit holds.
	if n := guesses.Load(); n > 10+16 {
		t.Errorf("%d guesses got through 16 workers, want at most 26", n)
	}
	clk.Advance(time.Hour)
	allowed(t, l, subject("alice", "192.0.2.1"))
}

func BenchmarkCheckAndFail(b *testing.B) {
	l, _ := limiter(b, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15, KnownFor: time.Hour, Factor: 100})
	s := subject("alice", "192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Check(b.Context(), s)
		_ = l.Fail(b.Context(), s)
	}
}
