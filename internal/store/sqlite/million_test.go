//go:build unix

package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
)

// manySessions is how many sessions a large store has: SQLITE_SESSIONS, or
// what is told.
func manySessions(tb testing.TB, otherwise int) int {
	tb.Helper()
	text := os.Getenv("SQLITE_SESSIONS")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// Fault R32: a million sessions, a tenth of them live. BenchmarkMillion
// reports how long the store takes to open, what a session check costs beside
// that of an empty store, how fast the others are swept and how long writes
// take meanwhile.
func BenchmarkMillion(b *testing.B) {
	count := manySessions(b, 1_000_000)
	for b.Loop() {
		measureLarge(b, count)
	}
}

// TestManySessions is BenchmarkMillion with fewer, and bounds that hold on a
// busy machine.
func TestManySessions(t *testing.T) {
	count := 100_000
	if testing.Short() {
		count = 5_000
	}
	m := measureLarge(t, manySessions(t, count))
	if m.open > 5*time.Second {
		t.Errorf("the store took %v to open, want at most 5s", m.open)
	}
	if m.warm > 1.5 {
		t.Errorf("a session check takes %.2f times that of an empty store, want at most 1.5", m.warm)
	}
}

type largeFigures struct {
	open time.Duration
	warm float64
}

func measureLarge(tb testing.TB, count int) largeFigures {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "data.db")
	sealer, err := fileSealer(path)
	if err != nil {
		tb.Fatal(err)
	}
	config := sqlite.Config{Path: path, Sealer: sealer}
	live := count / 10
	db, err := sqlite.Open(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	begin := time.Now()
	// Live ones are strewn over the file.
	err = db.Fill(tb.Context(), count, func(i int) session.Session {
		s := numbered(i)
		if i%10 == 0 {
			s.IdleTimeout, s.Expires = 1000*time.Hour, begun.Add(1000*time.Hour)
		}
		return s
	})
	if err != nil {
		tb.Fatal(err)
	}
	filled := time.Since(begin)
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	begin = time.Now()
	cpu := processorTime(tb)
	db = open(tb, config)
	var m largeFigures
	m.open = time.Since(begin)
	cpu = processorTime(tb) - cpu
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}

	few := newStore(tb)
	checks := make([]session.Key, 1000)
	for i := range checks {
		s := numbered(rand.IntN(live) * 10)
		s.IdleTimeout, s.Expires = 1000*time.Hour, begun.Add(1000*time.Hour)
		checks[i] = s.Key
		_, _ = few.Sessions().Create(tb.Context(), s, 0, begun) // drawn twice
	}
	var cold float64
	m.warm, cold = checkRatio(tb, db, few, checks)

	now := begun.Add(24 * time.Hour)
	quiet := writeTimes(tb, db, 2000, 10_000_000)
	half := (count - live) / 2 / 1000 * 1000
	alone := sweepRate(tb, db, now, half)
	var sweeping []time.Duration
	var beside float64
	stop := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(stop)
		beside = sweepRate(tb, db, now, count-live-half)
	})
	for n := 20_000_000; ; n += 100 {
		select {
		case <-stop:
		default:
			sweeping = append(sweeping, writeTimes(tb, db, 100, n)...)
			continue
		}
		break
	}
	group.Wait()
	slices.Sort(sweeping)
	if log, err := os.Stat(path + "-wal"); err == nil {
		tb.Logf("log of %d MB", log.Size()>>20)
	}
	report(tb, map[string]float64{
		"fill-s": filled.Seconds(), "MB": float64(info.Size()) / (1 << 20), "open-ms": float64(m.open.Milliseconds()), "open-cpu-ms": float64(cpu.Milliseconds()),
		"warm-ratio": m.warm, "cold-ratio": cold, "swept-alone/s": alone, "swept-beside/s": beside,
		"p50-quiet-us": float64(quiet[len(quiet)/2].Microseconds()), "p99-quiet-us": float64(quiet[len(quiet)*99/100].Microseconds()),
		"p50-sweeping-us": float64(at(sweeping, 50).Microseconds()), "p99-sweeping-us": float64(at(sweeping, 99).Microseconds()),
		"max-sweeping-us": float64(at(sweeping, 100).Microseconds()), "writes": float64(len(sweeping)),
	})
	return m
}

// sweepRate sweeps so many sessions, as the server does, and returns how many
// a second it took.
func sweepRate(tb testing.TB, db *sqlite.DB, now time.Time, count int) float64 {
	tb.Helper()
	begin := time.Now()
	for left := count; left > 0; {
		ended, err := db.Sessions().Sweep(tb.Context(), now, min(1000, left))
		if err != nil || len(ended) == 0 {
			tb.Errorf("Sweep() = %d, %v, want %d more", len(ended), err, left)
			return 0
		}
		left -= len(ended)
	}
	return float64(count) / time.Since(begin).Seconds()
}

// processorTime is what this process used so far.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// at is a percentile of what is sorted.
func at(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

func report(tb testing.TB, figures map[string]float64) {
	tb.Helper()
	var line []string
	for unit, value := range figures {
		if b, ok := tb.(*testing.B); ok {
			b.ReportMetric(value, unit)
		}
		line = append(line, fmt.Sprintf("%s %.2f", unit, value))
	}
	slices.Sort(line)
	tb.Log(strings.Join(line, ", "))
}

// checkRatio compares session checks of two stores in turns, by the median:
// of sessions in use, and of such as must be read from the file.
func checkRatio(tb testing.TB, large, small *sqlite.DB, keys []session.Key) (warm, cold float64) {
	tb.Helper()
	var took [2][2][]time.Duration
	const rounds = 20
	for round := range rounds {
		for _, i := range []int{round % 2, 1 - round%2} {
			db := []*sqlite.DB{large, small}[i]
			db.Uncache()
			for pass := range 6 { // only the first one reads the file
				begin := time.Now()
				for _, k := range keys {
					if _, err := db.Sessions().Find(tb.Context(), k, begun); err != nil {
						tb.Fatal(err)
					}
				}
				temperature := min(pass, 1)
				took[temperature][i] = append(took[temperature][i], time.Since(begin))
			}
		}
	}
	median := func(all []time.Duration) float64 {
		slices.Sort(all)
		return all[len(all)/2].Seconds()
	}
	return median(took[1][0]) / median(took[1][1]), median(took[0][0]) / median(took[0][1])
}

// writeTimes are what single writes take, sorted.
func writeTimes(tb testing.TB, db *sqlite.DB, count, from int) []time.Duration {
	tb.Helper()
	took := make([]time.Duration, count)
	for i := range took {
		s := numbered(from + i)
		s.CreatedAt = begun.AddDate(2, 0, 0)
		s.LastActive, s.Expires = s.CreatedAt, s.CreatedAt.AddDate(1, 0, 0)
		begin := time.Now()
		if _, err := db.Sessions().Create(tb.Context(), s, 0, begun); err != nil {
			tb.Error(err)
		}
		took[i] = time.Since(begin)
	}
	slices.Sort(took)
	return took
}
