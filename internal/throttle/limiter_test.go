package throttle_test

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
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

func BenchmarkCheckAndFail(b *testing.B) {
	l, _ := limiter(b, throttle.Config{Account: tenIn15, Source: tenIn15, Global: tenIn15, KnownFor: time.Hour, Factor: 100})
	s := subject("alice", "192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Check(b.Context(), s)
		_ = l.Fail(b.Context(), s)
	}
}
