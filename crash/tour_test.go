//go:build unix

package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// readTours reads CRASH_TOURS: how many logins TestLoginAcrossNodes plays.
func readTours(t *testing.T) int {
	t.Helper()
	if n := number(t, "CRASH_TOURS"); n > 0 {
		return int(n)
	}
	if testing.Short() {
		return 8
	}
	return 30
}

// Whatever node a client happens to reach: first call on one, callback on the
// second, second call on the third, logout on the first, refused by all.
func TestLoginAcrossNodes(t *testing.T) {
	t.Parallel()
	s := readSettings(t)
	pair := newRedisPair(t)
	r := newRig(t, program(t), s, 3, pair)
	workers := r.populate(t.Context(), t, s)
	if !r.startAll(t.Context()) {
		t.Fatal(r.found.list())
	}
	total := readTours(t)
	tours := make(chan int)
	var under sync.WaitGroup
	var mu sync.Mutex
	var heard []time.Duration
	for _, w := range workers {
		w.arrive(1)
		under.Go(func() {
			for n := range tours {
				took, err := w.tour(t.Context(), n)
				if err != nil {
					t.Errorf("login %d: %v", n, err)
				}
				mu.Lock()
				heard = append(heard, took)
				mu.Unlock()
			}
		})
	}
	for n := range total {
		tours <- n
	}
	close(tours)
	under.Wait()
	for _, f := range r.found.list() {
		t.Error(f)
	}
	slices.Sort(heard)
	t.Logf("%d logins; other nodes refused a session after its logout within %v, half of them within %v",
		total, heard[len(heard)-1], heard[len(heard)/2])
	if n := r.duo.CountCalls("token"); n != total {
		t.Errorf("the token endpoint saw %d calls, want %d", n, total)
	}
}

// tour plays one login over all nodes. It returns how long after the logout
// the other nodes refused the session.
func (w *worker) tour(ctx context.Context, number int) (time.Duration, error) {
	at := func(i int) *node { return w.rig.nodes[(number+i)%len(w.rig.nodes)] }
	l, err := w.beginAt(ctx, at(0))
	if l == nil || err != nil {
		return 0, fmt.Errorf("first call: %w", err)
	}
	query := url.Values{"duo_code": {l.code}, "state": {l.state}}
	a, err := w.browser.call(ctx, http.MethodGet, at(1).url+"/api/4.5.2/extensions/mfa/duocallback?"+query.Encode(), nil, nil)
	if err != nil || a.status != http.StatusOK {
		return 0, fmt.Errorf("callback: %d, %w", a.status, err)
	}
	a, err = w.second(ctx, w.home, at(2), l.user, l.data, bindingCookie+"="+l.binding)
	if err := w.judge(l, []outcome{{at(2), a, err}}); err != nil || l.granted != 1 {
		return 0, fmt.Errorf("second call: %d, %w", a.status, err)
	}
	s := w.sessions[len(w.sessions)-1]
	for i := range w.rig.nodes {
		if err := w.check(ctx, s, at(i)); err != nil {
			return 0, fmt.Errorf("users/current: %w", err)
		}
	}
	if err := w.logoutAt(ctx, s, at(0)); err != nil {
		return 0, fmt.Errorf("logout: %w", err)
	}
	if err := w.check(ctx, s, at(0)); err != nil {
		return 0, fmt.Errorf("users/current after the logout: %w", err)
	}
	return w.awaitRefused(ctx, s, at(1), at(2))
}

// awaitRefused waits until all nodes refuse an ended session.
func (w *worker) awaitRefused(ctx context.Context, s *kept, nodes ...*node) (time.Duration, error) {
	for _, n := range nodes {
		for {
			asked := time.Since(s.endedAt)
			there, err := w.ask(ctx, s, n)
			if err != nil {
				return 0, err
			}
			if !there {
				break
			}
			if asked > propagation {
				w.rig.found.add(logoutUndone, "session %s lives at %s %v after its logout", s.handle, n.name, asked)
				return asked, nil
			}
			pause(ctx, 5*time.Millisecond)
		}
	}
	return time.Since(s.endedAt), nil
}
