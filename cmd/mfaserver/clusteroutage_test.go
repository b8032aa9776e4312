package main_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
)

const (
	// answerWithin bounds every answer while the store is away.
	answerWithin = 2 * time.Second
	// backWithin is how soon everything works once the store is back.
	backWithin = 5 * time.Second
	// slack is for machines that do other work beside.
	slack = time.Second
)

// gatewayed is a call that a gateway passes on to the engine.
const gatewayed = "/api/channels"

// outage is what befalls the server of the nodes.
type outage struct {
	name                string
	gateway, persistent bool
	down, up            func(*redistest.Server) error
}

func outages(ctx context.Context) []outage {
	kill := func(s *redistest.Server) error { s.Kill(); return nil }
	restart := func(s *redistest.Server) error { return s.Restart(context.WithoutCancel(ctx)) }
	return []outage{
		{"killed, with persistence", false, true, kill, restart},
		{"killed, without persistence", false, false, kill, restart},
		{"a gateway, killed, with persistence", true, true, kill, restart},
		{"a gateway, killed, without persistence", true, false, kill, restart},
		{
			"a gateway, stopped", true, true,
			func(s *redistest.Server) error { s.Pause(); return nil },
			func(s *redistest.Server) error { s.Resume(); return nil },
		},
	}
}

// Threat T119, fault R21: without the store nobody is let in, and every answer
// comes in time; when it is back all works again without a restart of the
// nodes, and what was over stays over.
func TestClusterWithoutStore(t *testing.T) {
	t.Parallel()
	for _, o := range outages(t.Context()) {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.New(t, redistest.Config{Persistent: o.persistent})
			b := startCluster(t, clusterConfig{servers: []*redistest.Server{server}, gateway: o.gateway, users: 2})
			before := b.prepare(t)
			if err := o.down(server); err != nil {
				t.Fatal(err)
			}
			gone := time.Now()
			b.refuseAll(t, before, gone)
			if err := o.up(server); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			if !o.gateway && !o.persistent {
				b.addUsersAgain(t, back)
				back = time.Now() // what follows needs no waiting
			}
			b.worksAgain(t, back)
			b.keptOrOver(t, before, o.persistent)
			b.spendsOnce(t)
			b.alive(t)
		})
	}
}

// past is what happened before the outage.
type past struct {
	live, ended string // sessions
	pending     string // login data that was not used
	used        string // login data that was
}

func (b *cluster) prepare(t *testing.T) *past {
	t.Helper()
	p := &past{}
	ctx := t.Context()
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	one, other, third := b.client(t), b.client(t), b.client(t)
	var data string
	data, _, err = one[0].begin(ctx, "user0", one[1])
	must()
	a, err := one[2].redeem(ctx, "user0", data)
	if p.live = sessionIn(a); err != nil || a.status != http.StatusOK {
		t.Fatal(unexpected("second call", a), err)
	}
	p.used = data
	p.ended, err = signIn(ctx, "user1", other[1], other[2], other[0])
	must()
	for _, c := range one {
		for _, id := range []string{p.live, p.ended} {
			if a, err := c.with(ctx, http.MethodGet, currentUser, id); err != nil || a.status != http.StatusOK {
				t.Fatal(unexpected("session check", a), err)
			}
		}
	}
	if a, err := one[1].with(ctx, http.MethodPost, "/api/users/_logout", p.ended); err != nil || a.status != http.StatusNoContent {
		t.Fatal(unexpected("logout", a), err)
	}
	ended := time.Now()
	for _, c := range one {
		_, err = refusedWithin(ctx, c, p.ended, ended)
		must()
	}
	p.pending, _, err = third[0].begin(ctx, "user1", third[1])
	must()
	return p
}

// call is one request to a node.
type call struct {
	name string
	do   func(*apiClient) (answer, error)
}

// callsOf are a login, both of its calls, a session check, a logout and a
// passed-on call.
func (b *cluster) callsOf(ctx context.Context, p *past) []call {
	all := []call{
		{"session check", func(c *apiClient) (answer, error) { return c.with(ctx, http.MethodGet, currentUser, p.live) }},
		{"session check after the logout", func(c *apiClient) (answer, error) { return c.with(ctx, http.MethodGet, currentUser, p.ended) }},
		{"first call", func(c *apiClient) (answer, error) { return c.firstCall(ctx, "user0") }},
		{"second call", func(c *apiClient) (answer, error) { return c.redeem(ctx, "user1", p.pending) }},
		{"second call again", func(c *apiClient) (answer, error) { return c.redeem(ctx, "user0", p.used) }},
	}
	if b.engine != nil {
		all = append(all, call{"passed-on call", func(c *apiClient) (answer, error) { return c.with(ctx, http.MethodGet, gatewayed, p.live) }})
	}
	return all
}

// refuseAll asks all nodes for all things, for some seconds of the outage.
func (b *cluster) refuseAll(t *testing.T, p *past, gone time.Time) {
	t.Helper()
	var mu sync.Mutex
	var slowest, last time.Duration // of all answers; and when somebody was let in
	var what string
	count := 0
	var askers sync.WaitGroup
	for n := range b.nodes {
		for _, call := range b.callsOf(t.Context(), p) {
			askers.Go(func() {
				for time.Since(gone) < 5*time.Second {
					asked := time.Since(gone)
					a, err := call.do(b.client(t)[n])
					if err != nil {
						t.Errorf("node %d: %s: %v", n, call.name, err)
						return
					}
					mu.Lock()
					count++
					if a.elapsed > slowest {
						slowest, what = a.elapsed, call.name
					}
					known := strings.HasPrefix(call.name, "session check") || call.name == "passed-on call"
					switch {
					case a.status == http.StatusServiceUnavailable:
					case a.status == http.StatusUnauthorized && call.name == "session check after the logout":
					case a.status == http.StatusOK && known && call.name != "session check after the logout" && asked < answerWithin:
						// A node believes its memory for a second.
						last = max(last, asked)
					default:
						t.Errorf("node %d: %s, %s after the store went away: %v", n, call.name, asked, unexpected("it", a))
					}
					mu.Unlock()
					pauseFor(t.Context(), 50*time.Millisecond)
				}
			})
		}
	}
	askers.Wait()
	if slowest > answerWithin+slack {
		t.Errorf("%s was answered after %s, want no more than %s", what, slowest, answerWithin)
	}
	t.Logf("without the store: %d answers, the slowest after %s (%s); a session in memory was last let in after %s",
		count, slowest.Round(time.Millisecond), what, last.Round(time.Millisecond))
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// worksAgain waits until whole logins work from every node.
func (b *cluster) worksAgain(t *testing.T, back time.Time) {
	t.Helper()
	var slowest time.Duration
	for n := range 3 {
		for {
			asked, at := time.Since(back), b.client(t)
			id, err := signIn(t.Context(), "user0", at[n], at[(n+1)%3], at[(n+2)%3])
			if err == nil {
				for _, c := range at {
					if a, err := c.with(t.Context(), http.MethodGet, currentUser, id); err != nil || a.status != http.StatusOK {
						t.Error(unexpected("session check", a), err)
					}
				}
				slowest = max(slowest, time.Since(back))
				break
			}
			if asked > backWithin {
				t.Fatalf("%s after the store is back: %v", asked, err)
			}
			pauseFor(t.Context(), 20*time.Millisecond)
		}
	}
	t.Logf("back: logins work after %s", slowest.Round(time.Millisecond))
}

// keptOrOver checks what is left of the time before the outage.
func (b *cluster) keptOrOver(t *testing.T, p *past, kept bool) {
	t.Helper()
	want := http.StatusUnauthorized
	if kept {
		want = http.StatusOK
	}
	ctx, at := t.Context(), b.client(t)
	for n := range b.nodes {
		c := at[n]
		if a, err := c.with(ctx, http.MethodGet, currentUser, p.live); err != nil || a.status != want {
			t.Errorf("node %d: the session = %d, %v, want %d", n, a.status, err, want)
		}
		if a, err := c.with(ctx, http.MethodGet, currentUser, p.ended); err != nil || a.status != http.StatusUnauthorized {
			t.Errorf("node %d: the session after its logout = %d, %v, want 401", n, a.status, err)
		}
		if a, err := c.redeem(ctx, "user0", p.used); err != nil || a.status == http.StatusOK {
			t.Errorf("node %d: the login once more = %d, %v", n, a.status, err)
		}
	}
	if a, err := at[2].redeem(ctx, "user1", p.pending); err != nil || a.status != want {
		t.Errorf("the pending login = %d %s, %v, want %d", a.status, a.body, err, want)
	}
}

// addUsersAgain makes the accounts again, which were on the server; before
// that nobody gets in.
func (b *cluster) addUsersAgain(t *testing.T, back time.Time) {
	t.Helper()
	for n, c := range b.client(t) {
		for {
			asked := time.Since(back)
			a, err := c.firstCall(t.Context(), "user0")
			if err != nil || a.status == http.StatusOK || strings.Contains(a.body, "authURL") {
				t.Fatalf("node %d: first call of an unknown user = %d %s, %v", n, a.status, a.body, err)
			}
			if a.status == http.StatusUnauthorized {
				break
			}
			if asked > backWithin {
				t.Fatalf("node %d: %v %s after the store is back", n, unexpected("first call", a), asked)
			}
			pauseFor(t.Context(), 20*time.Millisecond)
		}
	}
	t.Logf("back, and empty: users are asked for their accounts again after %s", time.Since(back).Round(time.Millisecond))
	b.addUsers(t)
}
