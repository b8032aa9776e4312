package sqlite_test

import (
	"crypto/sha256"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token/tokentest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session/sessiontest"
)

// Threat T126: what is over is removed, its room is used again, and so the
// file stays as large as what lives at one time needs.
func TestFileIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.db")
	db := open(t, sqlite.Config{Path: path, Sealer: newSealer(t)})
	const each = 500
	var first int64
	for round := range 4 {
		now := begun.Add(time.Duration(round) * 24 * time.Hour)
		inParallel(64, each, func(i int) {
			n := round*each + i
			s := sessiontest.NewSession("session "+strconv.Itoa(n), "user "+strconv.Itoa(n%100), now)
			_, err := db.Sessions().Create(t.Context(), s, 0, now)
			if err == nil {
				_, err = db.Transactions().Insert(t.Context(), mfatest.Transaction(n, now), mfa.Limits{}, now)
			}
			if err == nil {
				_, err = db.Codes().Spend(t.Context(), sha256.Sum256([]byte(strconv.Itoa(n))), now.Add(time.Hour), now)
			}
			if err == nil {
				err = db.Sources().Remember(t.Context(), s.Username, netip.AddrFrom4([4]byte{byte(n >> 8), byte(n)}), now.Add(time.Hour))
			}
			if err == nil {
				err = db.SignInCodes().Insert(t.Context(), tokentest.CodeRecord(n, s.Username, now), 3, now)
			}
			if err == nil {
				err = passLedger(t, db, n)
			}
			if err != nil {
				t.Error(err)
			}
		})
		later := now.Add(23 * time.Hour)
		if ended, err := db.Sessions().Sweep(t.Context(), later, 10*each); err != nil || len(ended) != each {
			t.Fatalf("Sweep() of sessions = %d, %v, want %d", len(ended), err, each)
		}
		if removed, live, err := db.Transactions().Sweep(t.Context(), later, 10*each); err != nil || removed != each || len(live) != each {
			t.Fatalf("Sweep() of transactions = %d, %d, %v, want %d", removed, len(live), err, each)
		}
		if over, err := db.SignInCodes().Sweep(t.Context(), later, 10*each); err != nil || len(over) != each {
			t.Fatalf("Sweep() of sign-in codes = %d, %v, want %d", len(over), err, each)
		}
		rows, err := db.Rows(t.Context())
		if err != nil || rows != 0 {
			t.Errorf("%d rows left after the sweeps, %v", rows, err)
		}
		if err := db.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			first = info.Size()
		}
		if info.Size() > first*5/4 {
			t.Errorf("round %d: the file grew from %d to %d bytes", round, first, info.Size())
		}
	}
}

// passLedger notes a session and strikes it out, as a login does.
func passLedger(t *testing.T, db *sqlite.DB, n int) error {
	t.Helper()
	e := ledgerEntry(n)
	if err := db.Ledger().Add(t.Context(), e); err != nil {
		return err
	}
	_, err := db.Ledger().Remove(t.Context(), e.ID)
	return err
}

// BenchmarkSweep measures how fast expired sessions are removed, and what
// that does to writes beside it (threat T126: 10,000 a second, p99 at most
// doubled).
func BenchmarkSweep(b *testing.B) {
	const count = 50_000
	for b.Loop() {
		b.StopTimer()
		config := sqlite.Config{Path: filepath.Join(b.TempDir(), "data.db"), Sealer: newSealer(b)}
		fill(b, config, count)
		db, err := sqlite.Open(b.Context(), config)
		if err != nil {
			b.Fatal(err)
		}
		quiet := writeLatency(b, db, 500, 1_000_000)
		b.StartTimer()
		start := time.Now()
		var group sync.WaitGroup
		group.Go(func() {
			if ended, err := db.Sessions().Sweep(b.Context(), begun.AddDate(1, 0, 0), count); err != nil || len(ended) < count {
				b.Errorf("Sweep() = %d, %v", len(ended), err)
			}
			b.ReportMetric(count/time.Since(start).Seconds(), "swept/s")
		})
		swept := writeLatency(b, db, 500, 2_000_000)
		group.Wait()
		b.ReportMetric(float64(quiet.Microseconds()), "p99-quiet-us")
		b.ReportMetric(float64(swept.Microseconds()), "p99-sweeping-us")
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// writeLatency is the p99 of so many single writes.
func writeLatency(b *testing.B, db *sqlite.DB, count, from int) time.Duration {
	b.Helper()
	took := make([]time.Duration, count)
	for i := range took {
		start := time.Now()
		s := numbered(from + i)
		s.CreatedAt = begun.AddDate(2, 0, 0)
		s.LastActive, s.Expires = s.CreatedAt, s.CreatedAt.AddDate(1, 0, 0)
		if _, err := db.Sessions().Create(b.Context(), s, 20, begun); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[count*99/100]
}

// Every query finds its rows by an index.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	db := newStore(t)
	for _, query := range []string{
		"SELECT user FROM sessions WHERE key = ?",
		"SELECT record FROM sessions WHERE user = ? ORDER BY id DESC",
		"SELECT count(*) FROM sessions WHERE user = ? AND page = ? AND ends > ? AND id <> ?",
		"SELECT id FROM sessions WHERE user = ? AND page = ? AND ends > ? AND id <> ? ORDER BY created, id LIMIT ?",
		"SELECT id FROM sessions WHERE ends <= ? ORDER BY ends LIMIT ?",
		"SELECT record FROM transactions WHERE key = ?",
		"SELECT record FROM transactions WHERE binding = ? AND phase > 0 AND expires > ? ORDER BY id",
		"SELECT count(*) FROM transactions WHERE client = ? AND phase > 0 AND expires > ?",
		"SELECT key FROM transactions WHERE client = ? AND phase = 1 AND phase > 0 AND expires > ? ORDER BY id LIMIT 1",
		"SELECT count(*) FROM transactions WHERE user = ? AND phase > 0 AND expires > ?",
		"SELECT count(*) FROM transactions WHERE phase > 0 AND expires > ?",
		"SELECT id FROM transactions WHERE expires < ? ORDER BY expires LIMIT ?",
		"SELECT code FROM codes WHERE until < ? ORDER BY until LIMIT ?",
		"SELECT source FROM sources WHERE until < ? ORDER BY until LIMIT ?",
		"SELECT record FROM users WHERE username = ?",
		"SELECT record FROM tokens WHERE id = ?",
		"SELECT record FROM tokens WHERE key = ?",
		"SELECT record FROM sign_in_codes WHERE code = ?",
		"SELECT record FROM sign_in_codes WHERE user = ? AND live > 0 AND ends > ? ORDER BY issued, id",
		"SELECT id FROM sign_in_codes WHERE ends <= ? ORDER BY ends LIMIT ?",
		"SELECT record FROM break_glass WHERE code = ?",
		"SELECT record FROM break_glass WHERE user = ? ORDER BY id",
		"SELECT record FROM ledger WHERE id = ?",
	} {
		args := make([]any, strings.Count(query, "?"))
		for i := range args {
			args[i] = 1
		}
		plan, err := db.Plan(t.Context(), query, args...)
		if err != nil || !strings.Contains(plan, "SEARCH") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s\nplan %s, %v", query, plan, err)
		}
	}
}
