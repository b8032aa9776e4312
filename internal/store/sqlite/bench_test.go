package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// numbered is a session of its own for n, as a browser or client makes it.
func numbered(n int) session.Session {
	s := sessiontest.NewSession("session "+strconv.Itoa(n), "user "+strconv.Itoa(n%5000), begun.Add(time.Duration(n)*time.Millisecond))
	s.UserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	return s
}

var begun = time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)

// BenchmarkCreate shows group commit: writes a second with one and with 64
// writers, each write on disk when it returns.
func BenchmarkCreate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			store := newStore(b).Sessions()
			var next atomic.Int64
			b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
			create := func() {
				if _, err := store.Create(b.Context(), numbered(int(next.Add(1))), 20, begun); err != nil {
					b.Error(err)
				}
			}
			b.ResetTimer()
			if writers == 1 {
				for b.Loop() {
					create()
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						create()
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

func BenchmarkFindCached(b *testing.B) {
	store := newStore(b).Sessions()
	s := numbered(1)
	if _, err := store.Create(b.Context(), s, 0, begun); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.Find(b.Context(), s.Key, begun); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindAndTouch(b *testing.B) {
	store := newStore(b).Sessions()
	s := numbered(1)
	if _, err := store.Create(b.Context(), s, 0, begun); err != nil {
		b.Fatal(err)
	}
	at := begun
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Microsecond)
		if _, err := store.Find(b.Context(), s.Key, begun); err != nil {
			b.Fatal(err)
		}
		if err := store.Touch(b.Context(), s.Key, at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindUncached(b *testing.B) {
	db := newStore(b)
	s := numbered(1)
	if _, err := db.Sessions().Create(b.Context(), s, 0, begun); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db.Uncache()
		if _, err := db.Sessions().Find(b.Context(), s.Key, begun); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHundredThousand measures a store of 100,000 sessions in a process
// of its own: how long it takes to open, and what memory all of them take
// once they are in use.
func BenchmarkHundredThousand(b *testing.B) {
	path := filepath.Join(b.TempDir(), "data.db")
	sealer, err := fileSealer(path)
	if err != nil {
		b.Fatal(err)
	}
	fill(b, sqlite.Config{Path: path, Sealer: sealer}, hundredThousand)
	for b.Loop() {
		_, out := child(b, "measure", path)
		for out.Scan() {
			unit, text, _ := strings.Cut(out.Text(), " ")
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				b.Fatalf("child says %q", out.Text())
			}
			b.ReportMetric(value, unit)
		}
	}
}

const hundredThousand = 100_000

// measure is the other process.
func measure(path string) {
	empty := resident()
	start := time.Now()
	db := openChild(path)
	fmt.Println("open-ms", float64(time.Since(start).Microseconds())/1000)
	opened := resident()
	start = time.Now()
	for i := range hundredThousand {
		if _, err := db.Sessions().Find(context.Background(), numbered(i).Key, begun); err != nil {
			fmt.Println("failed", err)
		}
	}
	fmt.Println("find-all-ms", float64(time.Since(start).Microseconds())/1000)
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Println("MiB-heap-live", float64(memory.HeapAlloc)/(1<<20))
	fmt.Println("MiB-empty", empty/(1<<20))
	fmt.Println("MiB-open", (opened-empty)/(1<<20))
	fmt.Println("MiB-in-use", (resident()-opened)/(1<<20))
}

// fill makes a store of count sessions.
func fill(tb testing.TB, config sqlite.Config, count int) {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	inParallel(256, count, func(i int) {
		if _, err := db.Sessions().Create(tb.Context(), numbered(i), 0, begun); err != nil {
			tb.Error(err)
		}
	})
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
}

// resident is the resident memory of this process in bytes.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	return pages * float64(os.Getpagesize())
}
