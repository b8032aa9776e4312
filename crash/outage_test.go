//go:build unix

package crash_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
)

// Figures of an outage of the store behind all nodes.
const (
	// refusedWithin is how long a request may take to be refused; the slack is
	// for a loaded machine.
	refusedWithin = 2*time.Second + 500*time.Millisecond
	// workingWithin is how long after the store's return everything works.
	workingWithin = 5 * time.Second
)

// Faults R21, R24: without Redis every request that needs it is answered 503
// within two seconds, whether its server is dead or frozen, and nobody is let
// in. When it is back everything works within five seconds, with the sessions
// of before.
func TestRedisOutage(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct {
		begin, end func(context.Context, *redistest.Server) error
	}{
		"killed": {
			func(_ context.Context, s *redistest.Server) error { s.Kill(); return nil },
			func(ctx context.Context, s *redistest.Server) error { return s.Restart(ctx) },
		},
		"frozen": {
			func(_ context.Context, s *redistest.Server) error { s.Pause(); return nil },
			func(_ context.Context, s *redistest.Server) error { s.Resume(); return nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := newRedisPair(t)
			r := newRig(t, program(t), settings{workers: 2, seed: 1}, 1, pair)
			w := r.populate(t.Context(), t, settings{workers: 2, seed: 1})[0]
			if !r.startAll(t.Context()) {
				t.Fatal(r.found.list())
			}
			if err := w.login(t.Context()); err != nil || w.live() == nil {
				t.Fatalf("login: %v, %v", err, r.found.list())
			}
			pending, err := w.begin(t.Context())
			if err != nil || pending == nil {
				t.Fatalf("first call: %v, %v", err, r.found.list())
			}
			if err := outage.begin(t.Context(), pair.primary); err != nil {
				t.Fatal(err)
			}
			refusedByAll(t, w, pending)
			if err := outage.end(t.Context(), pair.primary); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			for w.login(t.Context()) != nil {
				if time.Since(back) > workingWithin {
					t.Fatalf("no login %v after the store came back", time.Since(back))
				}
				pause(t.Context(), 20*time.Millisecond)
			}
			t.Logf("working %v after the store came back", time.Since(back).Round(time.Millisecond))
			r.verify(t.Context(), []*worker{w}, true)
			for _, f := range r.found.list() {
				t.Error(f)
			}
		})
	}
}

// refusedByAll makes each kind of request during an outage.
func refusedByAll(t *testing.T, w *worker, pending *login) {
	t.Helper()
	n, s := w.node(), w.live()
	cookie := map[string]string{"Cookie": sessionCookie + "=" + s.cookie}
	pause(t.Context(), propagation) // what a node remembers holds no longer
	for _, request := range []struct {
		name string
		do   func() (answer, error)
	}{
		{"first call", func() (answer, error) {
			return w.home.call(t.Context(), http.MethodPost, n.url+"/api/users/_login",
				url.Values{"username": {w.user}, "password": {w.rig.password}}, map[string]string{"X-Mirth-Server-Url": n.url})
		}},
		{"second call", func() (answer, error) {
			return w.second(t.Context(), w.home, n, pending.user, pending.data, bindingCookie+"="+pending.binding)
		}},
		{"users/current", func() (answer, error) {
			return w.home.call(t.Context(), http.MethodGet, n.url+"/api/users/current", nil, cookie)
		}},
		{"logout", func() (answer, error) {
			return w.home.call(t.Context(), http.MethodPost, n.url+"/api/users/_logout", nil, cookie)
		}},
	} {
		begun := time.Now()
		a, err := request.do()
		took := time.Since(begun)
		if err != nil || a.status != http.StatusServiceUnavailable || a.cookies[sessionCookie] != "" || took > refusedWithin {
			t.Errorf("%s without a store: %d in %v, %v; want 503 within %v", request.name, a.status, took, err, refusedWithin)
		}
	}
	s.state = ending // the logout may take place late
}
