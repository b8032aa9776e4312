package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/upstream"
)

// Threat T013: what a killed process left is logged out, what a session holds
// is not.
func TestRecover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	killed := w.start(t)
	held := adopted(t, killed)
	for range 5 {
		signIn(t, killed)
	}
	token, err := killed.Open(t.Context(), "alice", secret.New(right))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	neighbour := w.start(t, func(c *upstream.Config) { c.Node = "there" })
	theirs := signIn(t, neighbour)
	w.wantState(t, 8, 7)

	u := w.start(t)
	n, err := u.Recover(t.Context())
	if err != nil || n != 6 {
		t.Fatalf("Recover = %d, %v; want 6", n, err)
	}
	for _, carry := range [][]byte{token} {
		if err := u.Adopt(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Adopt of what an earlier process began = %v, want ErrGone", err)
		}
	}
	finish(t, u)
	w.wantState(t, 2, 1)
	for _, e := range w.wantEvents(t, audit.UpstreamEnded, 6) {
		if e.Username != "alice" || e.Reason != "recovered" {
			t.Errorf("event = %+v", e)
		}
	}
	u = w.start(t)
	for name, carry := range map[string][]byte{"held": held, "a neighbour's": theirs} {
		if err := u.Verify(t.Context(), "alice", carry); err != nil {
			t.Errorf("%s session after the restart: %v", name, err)
		}
	}
	// The neighbour's session can become one of this node's.
	if err := u.Adopt(t.Context(), "alice", theirs); err != nil {
		t.Errorf("Adopt = %v", err)
	}
}

// A process can die at any of these points. Whatever it had begun, the next one
// ends; only a session that was handed over stays.
func TestDiesAnywhere(t *testing.T) {
	t.Parallel()
	die := func(context.Context) error { runtime.Goexit(); return nil }
	for _, c := range []struct {
		name string
		// arm sets the trap, life runs into it.
		arm  func(w *world)
		life func(t *testing.T, w *world, u *upstream.Upstream)
		live int
	}{
		{"after noting the session", func(w *world) { w.engine.onWhois = die }, func(t *testing.T, _ *world, u *upstream.Upstream) {
			t.Helper()
			signIn(t, u)
		}, 0},
		{"before adopting it", func(w *world) { w.ledger.onRemove = die }, func(t *testing.T, _ *world, u *upstream.Upstream) {
			t.Helper()
			_ = u.Adopt(t.Context(), "alice", signIn(t, u))
		}, 0},
		{"after adopting it", func(*world) {}, func(t *testing.T, _ *world, u *upstream.Upstream) {
			t.Helper()
			adopted(t, u)
		}, 1},
		{"before logging it out", func(w *world) { w.engine.onLogout = die }, func(t *testing.T, _ *world, u *upstream.Upstream) {
			t.Helper()
			u.Release(t.Context(), "alice", adopted(t, u))
		}, 0},
		{"after logging it out", func(*world) {}, func(t *testing.T, w *world, u *upstream.Upstream) {
			t.Helper()
			carry := adopted(t, u)
			w.ledger.set(func(l *shakyLedger) { l.onRemove = die })
			u.Release(t.Context(), "alice", carry)
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				u := w.start(t)
				c.arm(w)
				go c.life(t, w, u)
				synctest.Wait()
				w.engine.set(func(e *fakeEngine) { e.onWhois, e.onLogout = nil, nil })
				w.ledger.set(func(l *shakyLedger) { l.onRemove = nil })
				next := w.start(t)
				if _, err := next.Recover(t.Context()); err != nil {
					t.Fatalf("Recover = %v", err)
				}
				synctest.Wait()
				w.wantState(t, c.live, 0)
			})
		})
	}
}

// Threat T013: the engine is still down when the server is back.
func TestRecoverWhileDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		killed := w.start(t)
		for range 50 {
			signIn(t, killed)
		}
		w.engine.logout = engine.ErrUnavailable
		u := w.start(t)
		if n, err := u.Recover(t.Context()); n != 50 || err != nil {
			t.Fatalf("Recover = %d, %v; want 50", n, err)
		}
		for range 20 {
			time.Sleep(10 * time.Second)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		w.wantState(t, 50, 50)
		w.engine.set(func(e *fakeEngine) { e.logout = nil })
		for range 6 {
			time.Sleep(10 * time.Second)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		w.wantState(t, 0, 0)
	})
}

// Threat T013: a thousand logins that nobody finished leave nothing.
func TestAbandonedLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	for range 1000 {
		u.Release(t.Context(), "alice", signIn(t, u))
	}
	finish(t, u)
	w.wantState(t, 0, 0)
}

// Threat T013: a session whose carry was lost is found in the ledger.
func TestUnclaimed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		adopted(t, u)
		signIn(t, u)
		if _, err := u.Open(t.Context(), "bob", secret.New(right)); err != nil {
			t.Fatalf("Open = %v", err)
		}
		for range 59 {
			time.Sleep(time.Minute)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		w.wantState(t, 3, 2)
		for range 6 {
			time.Sleep(time.Minute)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		w.wantState(t, 2, 1)
		if e := w.wantEvents(t, audit.UpstreamEnded, 1)[0]; e.Reason != "unclaimed" || e.Username != "alice" {
			t.Errorf("event = %+v", e)
		}
		// One that is adopted while Sweep looks stays.
		carry := signIn(t, u)
		time.Sleep(2 * time.Hour)
		listed := 0
		w.ledger.set(func(l *shakyLedger) {
			l.onList = func(ctx context.Context) error {
				if listed++; listed == 2 {
					entries, err := w.ledger.Ledger.List(ctx)
					if err != nil || len(entries) != 2 {
						t.Errorf("List = %d, %v; want 2", len(entries), err)
					}
					_, err = w.ledger.Ledger.Remove(ctx, entries[1].ID) // as if adopted just before
					return err
				}
				return nil
			}
		})
		if _, err := u.Sweep(t.Context()); err != nil {
			t.Errorf("Sweep = %v", err)
		}
		synctest.Wait()
		if err := u.Verify(t.Context(), "alice", carry); err != nil {
			t.Errorf("Verify = %v, want nil", err)
		}
	})
}

// Threat T118: an altered entry is recorded at each start, and forgotten when
// no engine can know the session any more.
func TestUnreadableEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		signIn(t, w.start(t))
		signIn(t, w.start(t))
		entries, err := w.ledger.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Two values swapped: neither opens.
		for i := range entries {
			_, _ = w.ledger.Remove(t.Context(), entries[i].ID)
		}
		entries[0].Sealed, entries[1].Sealed = entries[1].Sealed, entries[0].Sealed
		for i := range entries {
			_ = w.ledger.Add(t.Context(), entries[i])
		}
		for _, c := range []struct {
			after   time.Duration
			entries int
		}{{0, 2}, {6 * 24 * time.Hour, 2}, {24 * time.Hour, 0}, {0, 0}} {
			time.Sleep(c.after)
			u := w.start(t)
			if n, err := u.Recover(t.Context()); n != 0 || err != nil {
				t.Errorf("Recover = %d, %v; want 0", n, err)
			}
			if _, err := u.Sweep(t.Context()); err != nil {
				t.Errorf("Sweep = %v", err)
			}
			w.wantState(t, 2, c.entries)
		}
		for _, e := range w.wantEvents(t, audit.UpstreamLeft, 6) {
			if e.Reason != "seal_broken" || e.Username != "" {
				t.Errorf("event = %+v", e)
			}
		}
	})
}

func TestLedgerUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	signIn(t, w.start(t))
	w.ledger.onList = broken
	u := w.start(t)
	if _, err := u.Recover(t.Context()); !errors.Is(err, upstream.ErrUnavailable) || !errors.Is(err, errDisk) {
		t.Errorf("Recover = %v, want ErrUnavailable", err)
	}
	if _, err := u.Sweep(t.Context()); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("Sweep = %v, want ErrUnavailable", err)
	}
	if err := u.Close(t.Context()); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("Close = %v, want ErrUnavailable", err)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	for n := range 10 {
		if _, err := u.Open(t.Context(), "alice", secret.New(fmt.Sprint("wrong", n))); !errors.Is(err, primary.ErrRefused) {
			t.Fatalf("Open = %v, want ErrRefused and no throttling", err)
		}
	}
	signIn(t, u)
	if _, err := u.Open(t.Context(), "ALICE", secret.New(right)); !errors.Is(err, upstream.ErrDrift) {
		t.Errorf("Open by another name = %v, want ErrDrift", err)
	}
	carry, err := u.Open(t.Context(), "bob", secret.New(right))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	if err := u.Verify(t.Context(), "bob", carry); err != nil {
		t.Errorf("Verify = %v", err)
	}
	for name, answer := range map[string]error{"down": engine.ErrUnavailable, "malformed": engine.ErrMalformed} {
		w.engine.set(func(e *fakeEngine) { e.login = answer })
		if _, err := u.Open(t.Context(), "bob", secret.New(right)); !errors.Is(err, primary.ErrUnavailable) {
			t.Errorf("Open while %s = %v, want ErrUnavailable", name, err)
		}
	}
	u.Release(t.Context(), "bob", carry)
	finish(t, u)
	w.wantState(t, 0, 0)
}

// Threat T007: a token that outlived its password does not lock its user's
// account.
func TestOpenWithStalePassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		for range 7 * 24 * 60 {
			if _, err := u.Open(t.Context(), "alice", secret.New("old")); !errors.Is(err, primary.ErrRefused) {
				t.Fatalf("Open = %v, want ErrRefused", err)
			}
			time.Sleep(time.Minute)
		}
		if n := len(w.engine.names()); n < 10 || n > 12 {
			t.Errorf("the engine was asked %d times in a week, want about 11", n)
		}
		if _, err := u.Open(t.Context(), "alice", secret.New(right)); err != nil {
			t.Errorf("Open with another password = %v, want nil", err)
		}
	})
}

// Threat T013: a server that stops leaves no session that nobody holds.
func TestClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	held, pending := adopted(t, u), signIn(t, u)
	if _, err := u.Open(t.Context(), "bob", secret.New(right)); err != nil {
		t.Fatalf("Open = %v", err)
	}
	finish(t, u)
	w.wantState(t, 1, 0)
	if _, err := u.Authenticate(t.Context(), attempt("alice", right)); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Authenticate after Close = %v, want ErrUnavailable", err)
	}
	if _, err := u.Open(t.Context(), "alice", secret.New(right)); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Open after Close = %v, want ErrUnavailable", err)
	}
	if err := u.Adopt(t.Context(), "alice", pending); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("Adopt after Close = %v, want ErrUnavailable", err)
	}
	// Release only notes: the next process ends it.
	u.Release(t.Context(), "alice", held)
	w.wantState(t, 1, 1)
	next := w.start(t)
	if n, err := next.Recover(t.Context()); n != 1 || err != nil {
		t.Errorf("Recover = %d, %v; want 1", n, err)
	}
	finish(t, next)
	w.wantState(t, 0, 0)
}

// Close waits no longer than it is told to, and what it could not end is in
// the ledger.
func TestCloseCutsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine.onLogout = hang
		u := w.start(t)
		for range 10 {
			u.Release(t.Context(), "alice", adopted(t, u))
		}
		signIn(t, u)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := u.Close(ctx); !errors.Is(err, upstream.ErrLeft) {
			t.Errorf("Close = %v, want ErrLeft", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Close took %s, want 3s", took)
		}
		w.wantState(t, 11, 11)
		if err := u.Close(t.Context()); !errors.Is(err, upstream.ErrLeft) {
			t.Errorf("second Close = %v, want ErrLeft", err)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, bend := range map[string]func(c *upstream.Config){
		"no engine":         func(c *upstream.Config) { c.Engine = nil },
		"no ledger":         func(c *upstream.Config) { c.Ledger = nil },
		"no sealer":         func(c *upstream.Config) { c.Sealer = nil },
		"no limiter":        func(c *upstream.Config) { c.Limiter = nil },
		"no recorder":       func(c *upstream.Config) { c.Recorder = nil },
		"negative failures": func(c *upstream.Config) { c.MaxFailures = -1 },
		"negative workers":  func(c *upstream.Config) { c.Workers = -1 },
		"negative wait":     func(c *upstream.Config) { c.LogoutWait = -1 },
	} {
		c := upstream.Config{Engine: w.engine, Ledger: w.ledger, Sealer: w.sealer, Recorder: w.trail, Limiter: limiter(t)}
		bend(&c)
		if _, err := upstream.New(c); !errors.Is(err, upstream.ErrConfig) {
			t.Errorf("%s: New = %v, want ErrConfig", name, err)
		}
	}
}
