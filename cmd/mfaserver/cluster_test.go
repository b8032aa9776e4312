package main_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/store/redis/redistest"
)

// Logins of TestClusterLogins, and how many at a time; fewer with -short.
const (
	clusterLogins  = 1000
	clusterWorkers = 12
)

// reach is within which a revocation holds on all nodes.
const reach = 2 * time.Second

// durations are measured from many goroutines.
type durations struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *durations) add(one time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

func (d *durations) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		return "none"
	}
	slices.Sort(d.all)
	at := func(percent int) time.Duration {
		return d.all[(len(d.all)-1)*percent/100].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d: median %s, 99%% %s, most %s", len(d.all), at(50), at(99), at(100))
}

// refusedWithin waits until a node refuses a session.
func refusedWithin(ctx context.Context, c *apiClient, id string, since time.Time) (time.Duration, error) {
	for {
		asked := time.Since(since)
		a, err := c.with(ctx, http.MethodGet, currentUser, id)
		took := time.Since(since)
		switch {
		case err != nil:
			return took, err
		case a.status == http.StatusUnauthorized:
			return took, nil
		case a.status != http.StatusOK:
			return took, unexpected("session check", a)
		case asked > reach:
			return took, fmt.Errorf("%w: the session lives %s after its end", errAnswer, asked)
		}
		select {
		case <-ctx.Done():
			return took, ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Threats T072, T115: the first call at one node, the callback at the second,
// the second call at the third, the logout at the first: refused there at once,
// and on the others within two seconds.
func TestClusterLogins(t *testing.T) {
	t.Parallel()
	logins := clusterLogins
	if testing.Short() {
		logins = 60
	}
	b := startCluster(t, clusterConfig{servers: []*redistest.Server{redistest.New(t, redistest.Config{})}, users: 10})
	var revoked durations
	numbers := make(chan int)
	var workers sync.WaitGroup
	begun := time.Now()
	for range clusterWorkers {
		workers.Go(func() {
			for n := range numbers {
				if err := b.tour(t, n, &revoked); err != nil {
					t.Errorf("login %d: %v", n, err)
				}
			}
		})
	}
	for n := range logins {
		numbers <- n
	}
	close(numbers)
	workers.Wait()
	b.alive(t)
	if got := b.spendsOnce(t); got != logins {
		t.Errorf("the simulator saw %d codes, want %d", got, logins)
	}
	t.Logf("%d logins in %s; refused by the other nodes after the logout, %s", logins, time.Since(begun).Round(time.Millisecond), &revoked)
}

// tour is one login over all nodes; the first node is another one each time.
func (b *cluster) tour(t *testing.T, n int, revoked *durations) error {
	t.Helper()
	ctx, at := t.Context(), b.client(t)
	x, y, z := at[n%3], at[(n+1)%3], at[(n+2)%3]
	id, err := signIn(ctx, b.users[n%len(b.users)], x, y, z)
	if err != nil {
		return err
	}
	for range 2 { // the second time from memory
		for _, c := range at {
			a, err := c.with(ctx, http.MethodGet, currentUser, id)
			if err != nil || a.status != http.StatusOK {
				return fmt.Errorf("%w: %w", unexpected("session check", a), err)
			}
		}
	}
	a, err := x.with(ctx, http.MethodPost, "/api/users/_logout", id)
	if err != nil || a.status != http.StatusNoContent {
		return fmt.Errorf("%w: %w", unexpected("logout", a), err)
	}
	ended := time.Now()
	if a, err := x.with(ctx, http.MethodGet, currentUser, id); err != nil || a.status != http.StatusUnauthorized {
		return fmt.Errorf("%w: %w", unexpected("session check at the node of the logout", a), err)
	}
	for _, c := range []*apiClient{y, z} {
		took, err := refusedWithin(ctx, c, id, ended)
		if err != nil {
			return err
		}
		revoked.add(took)
	}
	return nil
}

// Threat T115: what a command beside one node ends is over on all of them.
func TestClusterRevocation(t *testing.T) {
	t.Parallel()
	b := startCluster(t, clusterConfig{servers: []*redistest.Server{redistest.New(t, redistest.Config{})}, users: 2})
	at := b.client(t)
	// open signs a user in, twice at each node; every node uses each session.
	open := func(username string) (ids []string) {
		for n := range 6 {
			own := b.client(t) // a login ends the session of the same client
			id, err := signIn(t.Context(), username, own[n%3], own[(n+1)%3], own[(n+2)%3])
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
			for _, c := range at {
				if a, err := c.with(t.Context(), http.MethodGet, currentUser, id); err != nil || a.status != http.StatusOK {
					t.Fatalf("session check = %d, %v", a.status, err)
				}
			}
		}
		return ids
	}
	for _, tt := range []struct {
		name string
		args []string
		ends []string
	}{
		{"one user", []string{"sessions", "revoke", "--user", "user0", "--reason", "test", "--yes"}, []string{"user0"}},
		{"all", []string{"sessions", "revoke", "--all", "--reason", "test", "--yes"}, []string{"user0", "user1"}},
		{"reset", []string{"duo", "users", "reset", "user1", "--reason", "phone stolen", "--yes"}, []string{"user1"}},
		{"disabled", []string{"users", "disable", "user0"}, []string{"user0"}},
	} {
		sessions := map[string][]string{"user0": open("user0"), "user1": open("user1")}
		before, _ := b.duo.User("user1")
		r := runCommand(t, "", append([]string{"--config", b.nodes[0].config}, tt.args...)...)
		ended := time.Now()
		if r.code != 0 {
			t.Fatalf("%s: %v = %d %s", tt.name, tt.args, r.code, r.stderr)
		}
		var took durations
		for username, ids := range sessions {
			for _, id := range ids {
				for n, c := range at {
					if slices.Contains(tt.ends, username) {
						d, err := refusedWithin(t.Context(), c, id, ended)
						if err != nil {
							t.Errorf("%s: node %d: %v", tt.name, n, err)
						}
						took.add(d)
					} else if a, err := c.with(t.Context(), http.MethodGet, currentUser, id); err != nil || a.status != http.StatusOK {
						t.Errorf("%s: node %d: the session of another user = %d, %v", tt.name, n, a.status, err)
					}
				}
			}
		}
		t.Logf("%s: refused after the command, %s", tt.name, &took)
		b.duo.UpdateUser("user1", func(u *duotest.User) { u.Phones = before.Phones })
	}
	for n, c := range at {
		if _, _, err := c.begin(t.Context(), "user0", c); err == nil {
			t.Errorf("node %d lets a disabled user begin a login", n)
		}
	}
}

// A node that does not have the keys of the others starts nothing, says why,
// and does the others no harm.
func TestClusterKeysNotShared(t *testing.T) {
	t.Parallel()
	b := startCluster(t, clusterConfig{servers: []*redistest.Server{redistest.New(t, redistest.Config{})}, users: 1})
	at := b.client(t)
	id, err := signIn(t.Context(), "user0", at[0], at[1], at[2])
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(b.text, strconv.Quote(b.keys), strconv.Quote(filepath.Join(t.TempDir(), "own")), 1)
	stranger := b.addNode(t, own)
	begun := time.Now()
	r := runCommand(t, "", "--config", stranger.config, "serve")
	t.Logf("exit code %d after %s: %s", r.code, time.Since(begun).Round(time.Millisecond), r.stderr)
	for _, want := range []string{"sealed under another key", "keys_dir"} {
		if r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("a node with keys of its own = %d %q, want a refusal that names %q", r.code, r.stderr, want)
		}
	}
	for n, c := range at {
		if a, err := c.with(t.Context(), http.MethodGet, currentUser, id); err != nil || a.status != http.StatusOK {
			t.Errorf("node %d: session check = %d, %v", n, a.status, err)
		}
	}
	if _, err := signIn(t.Context(), "user0", at[0], at[1], at[2]); err != nil {
		t.Error(err)
	}
}
