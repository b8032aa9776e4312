package bench_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
)

// deaf keeps no trail: what fills a store is no login.
type deaf struct{}

// Record implements [session.Recorder].
func (deaf) Record(context.Context, audit.Event) error { return nil }

// fill makes the store of a data directory with so many sessions, each of a
// program that logs in, and returns their cookies.
func fill(tb testing.TB, data string, count int) []string {
	tb.Helper()
	fail := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	fail(os.MkdirAll(filepath.Join(data, "keys"), 0o700))
	key, err := seal.LoadOrCreateKey(filepath.Join(data, "keys", "store.key"))
	fail(err)
	sealer, err := seal.New(key)
	fail(err)
	db, err := sqlite.Open(tb.Context(), sqlite.Config{Path: filepath.Join(data, "data.db"), Sealer: sealer})
	fail(err)
	manager, err := session.New(session.Config{Store: db.Sessions(), Recorder: deaf{}, PerUser: max(20, count)})
	fail(err)
	const users = 1000
	for i := range users {
		_, err := db.Users().Insert(tb.Context(), primary.User{
			Username: fmt.Sprintf("user%d", i), Role: primary.RoleUser, Email: fmt.Sprintf("user%d@example.org", i), CreatedAt: time.Now(), PasswordChangedAt: time.Now(),
		}, "")
		fail(err)
	}
	cookies, errs := make([]string, count), make([]error, 256)
	var filling sync.WaitGroup
	for worker := range errs {
		filling.Go(func() {
			for i := worker; i < count; i += len(errs) {
				w := httptest.NewRecorder()
				_, err := manager.Start(tb.Context(), w, httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", http.NoBody), session.Session{
					Username: fmt.Sprintf("user%d", i%users), Source: "192.0.2.44", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
					Factor: "duo_push", Device: "DPXXXXXXXXXXXXXXXXXX", Reason: "user_approved", Transaction: "0123456789ab",
				})
				if err != nil {
					errs[worker] = err
					return
				}
				c := w.Result().Cookies()[0]
				cookies[i] = c.Name + "=" + c.Value
			}
		})
	}
	filling.Wait()
	fail(errors.Join(append(errs, db.Close())...))
	return cookies
}

// processRows measure the program itself: its memory before the first login,
// how much more it has with all sessions in use, and how long it takes to be
// ready with them in its store. A server without sessions does the same beside
// it.
func processRows(tb testing.TB, s scale) []row {
	tb.Helper()
	sim, _ := newDuo(tb, nil)
	binary := build(tb)
	full, empty := filepath.Join(tb.TempDir(), "full"), filepath.Join(tb.TempDir(), "empty")
	cookies := fill(tb, full, s.sessions)
	few := fill(tb, empty, 1)
	fullConfig, emptyConfig := writeConfig(tb, sim, full), writeConfig(tb, sim, empty)

	var readyFull, readyEmpty, idle []float64
	start := func(config string, into *[]float64, size *[]float64) func() error {
		return func() error {
			p := serve(tb, binary, config)
			defer p.stop()
			*into = append(*into, float64(p.ready.Microseconds())/1000)
			if size == nil {
				return nil
			}
			if !s.short() {
				time.Sleep(time.Second) // what begins after the start is a part of it
			}
			mib, err := p.resident()
			*size = append(*size, mib)
			return err
		}
	}
	err := turns(s.rounds, start(fullConfig, &readyFull, nil), start(emptyConfig, &readyEmpty, &idle))
	if errors.Is(err, errNoFigure) {
		tb.Log(err)
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	thousands := fmt.Sprintf("%d sessions", s.sessions)
	return []row{
		{name: "memory-idle", what: "resident memory before the first login", unit: "MiB", bar: bar{atMost, 40}, rounds: idle},
		inUse(tb, s, thousands, func() (*program, []string) { return serve(tb, binary, fullConfig), cookies },
			func() (*program, []string) { return serve(tb, binary, emptyConfig), few }),
		{
			name: "ready", what: "from start to ready with " + thousands + " in the store", unit: "ms", bar: bar{atMost, 500}, rounds: readyFull,
			context: both("an empty store", readyFull, readyEmpty, "ms"),
		},
	}
}

// inUse measures how much memory the sessions add once each was used: over the
// memory before the first request.
func inUse(tb testing.TB, s scale, what string, full, empty func() (*program, []string)) row {
	tb.Helper()
	const connections = 8
	grown := func(start func() (*program, []string)) float64 {
		p, cookies := start()
		defer p.stop()
		before, err := p.resident()
		if err != nil {
			tb.Fatal(err)
		}
		all := make([]string, s.sessions)
		for i := range all {
			all[i] = cookies[i%len(cookies)]
		}
		if err := p.use(tb.Context(), all, connections); err != nil {
			tb.Fatal(err)
		}
		after, err := p.resident()
		if err != nil {
			tb.Fatal(err)
		}
		return after - before
	}
	var ours, other []float64
	for range min(s.rounds, 3) {
		ours, other = append(ours, grown(full)), append(other, grown(empty))
	}
	return row{
		name: "memory-sessions", what: "memory that " + what + " in use add", unit: "MiB", bar: bar{atMost, 100}, rounds: ours,
		context: fmt.Sprintf("%s with as many requests of one session", number(median(other), "MiB")),
	}
}
