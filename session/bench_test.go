package session_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

type deaf struct{}

func (deaf) Record(context.Context, audit.Event) error { return nil }

func BenchmarkLoad(b *testing.B) {
	m, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: deaf{}})
	if err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	s := alice()
	s.Carry = nil
	if _, err := m.Start(b.Context(), w, request(), s); err != nil {
		b.Fatal(err)
	}
	set := w.Result().Cookies()[0]
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := request("theme=dark; " + set.Name + "=" + set.Value)
		for pb.Next() {
			if _, err := m.Load(r); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkStart(b *testing.B) {
	m, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: deaf{}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Start(b.Context(), httptest.NewRecorder(), request(), alice()); err != nil {
			b.Fatal(err)
		}
	}
}

// Threat T126: sweeping is fast enough for a million sessions.
func BenchmarkMemorySweep(b *testing.B) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for b.Loop() {
		b.StopTimer()
		store := filled(b, 10_000, now)
		b.StartTimer()
		ended, err := store.Sweep(b.Context(), now.Add(24*time.Hour), 10_000)
		if err != nil || len(ended) != 10_000 {
			b.Fatalf("Sweep = %d, %v", len(ended), err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "sessions/s")
}

func filled(tb testing.TB, n int, now time.Time) *session.MemoryStore {
	tb.Helper()
	store := session.NewMemoryStore()
	for i := range n {
		s := sessiontest.NewSession(fmt.Sprint(i), fmt.Sprint("user ", i), now)
		if _, err := store.Create(tb.Context(), s, session.DefaultPerUser, now); err != nil {
			tb.Fatal(err)
		}
	}
	return store
}

// 100,000 sessions of as many users, with everything filled in, cost less
// than 100 MiB.
func TestMemoryOfManySessions(t *testing.T) { //nolint:paralleltest // it measures the whole process
	if testing.Short() {
		t.Skip("measures memory")
	}
	const n = 100_000
	before := heap()
	store := filled(t, n, begin)
	after := heap()
	grown := int64(after) - int64(before)
	t.Logf("%d bytes a session", grown/n)
	if grown > 100<<20 {
		t.Errorf("%d sessions cost %d MiB, want less than 100", n, grown>>20)
	}
	runtime.KeepAlive(store)
}

func heap() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
