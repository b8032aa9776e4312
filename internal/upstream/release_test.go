package upstream_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
	"mfaserver/internal/upstream"
)

func TestRelease(t *testing.T) {
	t.Parallel()
	for name, get := range map[string]func(*testing.T, *upstream.Upstream) []byte{"nobody's": signIn, "held": adopted} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.start(t)
			carry := get(t, u)
			for range 3 {
				u.Release(t.Context(), "alice", carry)
			}
			if _, err := u.Cookie("alice", carry); err != nil && !errors.Is(err, upstream.ErrGone) {
				t.Errorf("Cookie = %v, want ErrGone or, when it is over, nil", err)
			}
			finish(t, u)
			w.wantState(t, 0, 0)
			e := w.wantEvents(t, audit.UpstreamEnded, len(w.engine.logouts()))[0]
			if e.Username != "alice" || e.Reason != "released" || e.Outcome != audit.OK || e.Detail["upstream"] == "" {
				t.Errorf("event = %+v", e)
			}
		})
	}
}

// A logout that is under way is not begun twice.
func TestReleaseTwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine.onLogout = func(context.Context) error { time.Sleep(time.Second); return nil }
		u := w.start(t)
		carry := adopted(t, u)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { u.Release(t.Context(), "alice", carry) })
		}
		wg.Wait()
		if _, err := u.Cookie("alice", carry); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Cookie of a released session = %v, want ErrGone", err)
		}
		if err := u.Verify(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Verify of a released session = %v, want ErrGone", err)
		}
		if err := u.Adopt(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Adopt of a released session = %v, want ErrGone", err)
		}
		if err := u.Rotate("alice", carry, secret.New("x")); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Rotate of a released session = %v, want ErrGone", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(w.engine.logouts()); n != 1 {
			t.Errorf("%d logouts, want 1", n)
		}
		w.wantState(t, 0, 0)
	})
}

func TestReleaseNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	carry := signIn(t, u)
	u.Release(t.Context(), "alice", nil)
	w.wantEvents(t, audit.UpstreamLeft, 0)
	u.Release(t.Context(), "bob", carry)
	u.Release(t.Context(), "alice", carry[1:])
	for _, e := range w.wantEvents(t, audit.UpstreamLeft, 2) {
		if e.Reason != "carry_refused" || e.Outcome != audit.Failed {
			t.Errorf("event = %+v", e)
		}
	}
	w.wantState(t, 1, 1)
}

// The engine is down when people sign out: their sessions stay in the ledger,
// are tried again ever more rarely, and end when it is back (threat T013).
func TestEngineDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		const people = 100
		var carries [][]byte
		for range people {
			carries = append(carries, adopted(t, u))
		}
		w.engine.set(func(e *fakeEngine) { e.logout = engine.ErrUnavailable })
		for _, carry := range carries {
			u.Release(t.Context(), "alice", carry)
		}
		synctest.Wait()
		w.wantState(t, people, people)
		began := len(w.engine.logouts())
		for range 30 * 60 {
			time.Sleep(time.Second)
			if left, err := u.Sweep(t.Context()); err != nil || left == 0 {
				t.Fatalf("Sweep = %d, %v; want some left", left, err)
			}
			synctest.Wait()
		}
		if n := len(w.engine.logouts()) - began; n < 30 || n > 30*60/2 {
			t.Errorf("%d logouts tried in half an hour of an engine that is down", n)
		}
		if n := len(w.trail.Find(audit.UpstreamLeft)); n > people {
			t.Errorf("%d records of sessions left, want one each at most", n)
		}
		w.engine.set(func(e *fakeEngine) { e.logout = nil })
		for range 60 {
			time.Sleep(time.Second)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		w.wantState(t, 0, 0)
		if left, err := u.Sweep(t.Context()); left != 0 || err != nil {
			t.Errorf("Sweep = %d, %v; want nothing left", left, err)
		}
		w.wantEvents(t, audit.UpstreamEnded, people)
	})
}

// One session that cannot be ended does not hold up the others for long.
func TestOneStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		stuck := adopted(t, u)
		w.engine.set(func(e *fakeEngine) { e.stuck = "node0canary1.node0" })
		u.Release(t.Context(), "alice", stuck)
		synctest.Wait()
		for range 100 {
			time.Sleep(10 * time.Second)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		carry := adopted(t, u)
		u.Release(t.Context(), "alice", carry)
		for range 60 {
			time.Sleep(time.Second)
			_, _ = u.Sweep(t.Context())
			synctest.Wait()
		}
		w.wantState(t, 1, 1)
		w.wantEvents(t, audit.UpstreamLeft, 1)
	})
}

func TestWorkersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine.onLogout = func(context.Context) error { time.Sleep(time.Second); return nil }
		u := w.start(t, func(c *upstream.Config) { c.Workers = 3 })
		before := runtime.NumGoroutine()
		began := time.Now()
		for range 90 {
			u.Release(t.Context(), "alice", adopted(t, u))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("90 releases took %s, want no waiting for the engine", took)
		}
		if n := runtime.NumGoroutine() - before; n > 20 {
			t.Errorf("%d goroutines for 90 logouts", n)
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if w.engine.most != 3 {
			t.Errorf("%d logouts at once, want 3", w.engine.most)
		}
		w.wantState(t, 0, 0)
	})
}

// A ledger in trouble holds up nobody who signs out, and the sessions end.
func TestLedgerInTrouble(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(context.Context) error{"hangs": hang, "fails": broken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				u := w.start(t)
				var carries [][]byte
				for range 20 {
					carries = append(carries, adopted(t, u))
				}
				w.ledger.set(func(l *shakyLedger) { l.onAdd, l.onRemove = trouble, trouble })
				began := time.Now()
				for _, carry := range carries {
					u.Release(t.Context(), "alice", carry)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("20 releases took %s, want a second at most", took)
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				w.wantState(t, 0, 0)
				w.ledger.set(func(l *shakyLedger) { l.onAdd, l.onRemove = nil, nil })
				_, _ = u.Sweep(t.Context())
				synctest.Wait()
				if left, err := u.Sweep(t.Context()); left != 0 || err != nil {
					t.Errorf("Sweep = %d, %v; want nothing left", left, err)
				}
				if n := len(w.engine.logouts()); n != 20 {
					t.Errorf("%d logouts of 20 sessions", n)
				}
				w.wantEvents(t, audit.UpstreamEnded, 20)
			})
		})
	}
}

// What the ledger missed while it was in trouble is made up for when the
// logout fails too.
func TestNotedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		carry := adopted(t, u)
		w.ledger.set(func(l *shakyLedger) { l.onAdd = broken })
		w.engine.set(func(e *fakeEngine) {
			e.onLogout = func(context.Context) error {
				w.ledger.set(func(l *shakyLedger) { l.onAdd = nil })
				return errDisk
			}
		})
		u.Release(t.Context(), "alice", carry)
		synctest.Wait()
		w.wantState(t, 1, 1)
	})
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	carry := signIn(t, u)
	if err := u.Adopt(t.Context(), "bob", carry); !errors.Is(err, upstream.ErrCarry) {
		t.Errorf("Adopt for another = %v, want ErrCarry", err)
	}
	w.wantState(t, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := u.Adopt(ctx, "alice", carry); err != nil {
		t.Errorf("Adopt = %v, want nil though the caller has gone", err)
	}
	w.wantState(t, 1, 0)
	if err := u.Adopt(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
		t.Errorf("second Adopt = %v, want ErrGone", err)
	}
	if _, err := u.Cookie("alice", carry); err != nil {
		t.Errorf("Cookie = %v, want nil", err)
	}
}

func TestAdoptWithoutLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	carry := signIn(t, u)
	w.ledger.set(func(l *shakyLedger) { l.onRemove = broken })
	if err := u.Adopt(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("Adopt = %v, want ErrUnavailable", err)
	}
	w.ledger.set(func(l *shakyLedger) { l.onRemove = nil })
	u.Release(t.Context(), "alice", carry)
	finish(t, u)
	w.wantState(t, 0, 0)
}

// A session that is released while it is being adopted ends, and its adopter
// hears of it.
func TestReleaseDuringAdopt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		carry := signIn(t, u)
		w.ledger.set(func(l *shakyLedger) {
			l.onRemove = func(ctx context.Context) error {
				l.set(func(l *shakyLedger) { l.onRemove = nil })
				u.Release(ctx, "alice", carry)
				u.Release(ctx, "alice", carry)
				return nil
			}
		})
		if err := u.Adopt(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Adopt = %v, want ErrGone", err)
		}
		synctest.Wait()
		w.wantState(t, 0, 0)
		if n := len(w.engine.logouts()); n != 1 {
			t.Errorf("%d logouts, want 1", n)
		}
	})
}

// Threat T013: whoever comes first, a released session ends, exactly one
// adopts one that is not, and nothing is left anywhere.
func TestRacers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		carry := signIn(t, u)
		start := make(chan struct{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		adoptions := 0
		for i := range 6 {
			wg.Go(func() {
				<-start
				if i%2 == 0 {
					u.Release(t.Context(), "alice", carry)
					return
				}
				switch err := u.Adopt(t.Context(), "alice", carry); {
				case err == nil:
					mu.Lock()
					defer mu.Unlock()
					adoptions++
				case !errors.Is(err, upstream.ErrGone):
					t.Errorf("Adopt = %v, want nil or ErrGone", err)
				}
			})
		}
		close(start)
		wg.Wait()
		if adoptions > 1 {
			t.Errorf("%d adopted one session", adoptions)
		}
	}
	finish(t, u)
	w.wantState(t, 0, 0)
}

// TestEverythingAtOnce is the whole life of many sessions, over an engine and a
// ledger that fail now and then.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := func(context.Context) error {
		if rand.IntN(5) == 0 {
			return errDisk
		}
		return nil
	}
	u := w.start(t)
	var mu sync.Mutex
	var held [][]byte
	w.engine.onLogout, w.ledger.onAdd, w.ledger.onRemove, w.engine.onWhois = now, now, now, now
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				result, err := u.Authenticate(t.Context(), attempt("alice", right))
				if err != nil {
					continue
				}
				switch {
				case i%3 == 0: // the login dies
					u.Release(t.Context(), "alice", result.Carry)
				case u.Adopt(t.Context(), "alice", result.Carry) != nil:
					u.Release(t.Context(), "alice", result.Carry)
				case i%3 == 1: // signs out
					u.Release(t.Context(), "alice", result.Carry)
				default:
					mu.Lock()
					held = append(held, result.Carry)
					mu.Unlock()
				}
				if worker == 0 {
					_, _ = u.Sweep(t.Context())
				}
			}
		})
	}
	wg.Wait()
	w.engine.set(func(e *fakeEngine) { e.onLogout = nil })
	w.ledger.set(func(l *shakyLedger) { l.onAdd, l.onRemove = nil, nil })
	deadline := time.Now().Add(time.Minute)
	for left := 1; left > 0 && time.Now().Before(deadline); {
		var err error
		if left, err = u.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := w.engine.live(); n != len(held) {
		t.Errorf("%d sessions live at the engine, want the %d that are held", n, len(held))
	}
	if n := w.entries(t); n != 0 {
		t.Errorf("the ledger holds %d sessions, want 0", n)
	}
	for _, carry := range held {
		if err := u.Adopt(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
			t.Errorf("Adopt of a held session = %v, want ErrGone", err)
		}
		u.Release(t.Context(), "alice", carry)
	}
	finish(t, u)
	w.wantState(t, 0, 0)
}
