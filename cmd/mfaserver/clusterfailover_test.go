package main_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
)

// failoverWithin bounds the time without service when the primary is lost.
const failoverWithin = 10 * time.Second

// claim is login data that was redeemed.
type claim struct{ user, data string }

// history is what clients were told before, during and after a failover.
type history struct {
	mu          sync.Mutex
	ended, kept []string // sessions that were logged out, and others
	claimed     []claim
	logins      int
	refused     atomic.Int64
}

// Threat T120, fault R22: under load the primary is killed and the replica that
// is not behind promoted. No acknowledged logout is undone, also not for a node
// that remembers nothing; nothing is claimed twice; logins work again within
// ten seconds.
func TestClusterPromotion(t *testing.T) {
	t.Parallel()
	servers := redistest.NewGroup(t, 2, redistest.Config{Persistent: true})
	b := startCluster(t, clusterConfig{servers: servers, replicas: 1, gateway: true, users: 12})
	h := &history{}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for worker := range 6 {
		load.Go(func() {
			for n := worker; ; n += 6 {
				select {
				case <-stop:
					return
				default:
					b.loginAndOut(t, h, n)
				}
			}
		})
	}
	loginsReach(t, h, 40)
	servers[0].Kill()
	killed := time.Now()
	promoteFurthest(t, servers[1:])
	promoted := time.Since(killed)
	var back time.Duration
	for n := range b.nodes {
		for {
			asked, at := time.Since(killed), b.client(t)
			_, err := signIn(t.Context(), b.users[0], at[n], at[(n+1)%3], at[(n+2)%3])
			if err == nil {
				back = max(back, time.Since(killed))
				break
			}
			if asked > failoverWithin {
				close(stop)
				load.Wait()
				t.Fatalf("%s after the primary was lost: %v", asked, err)
			}
			pauseFor(t.Context(), 20*time.Millisecond)
		}
	}
	loginsReach(t, h, h.count()+20)
	close(stop)
	load.Wait()
	b.alive(t)
	// A node that remembers nothing.
	b.nodes[2].kill(t)
	b.nodes[2].transport.CloseIdleConnections()
	b.nodes[2].serve(t)
	lost := b.undone(t, h)
	codes := b.spendsOnce(t)
	t.Logf("promotion after %s, logins at every node after %s; %d logins, %d refusals; %d logouts hold, %d of %d sessions lost, %d codes spent once",
		promoted.Round(time.Millisecond), back.Round(time.Millisecond), h.logins, h.refused.Load(), len(h.ended), lost, len(h.kept), codes)
}

func (h *history) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.logins
}

func loginsReach(t *testing.T, h *history, n int) {
	t.Helper()
	eventually(t, "there are logins", func() bool { return h.count() >= n })
}

// loginAndOut is one login whose second call two nodes get at once, and mostly
// a logout.
func (b *cluster) loginAndOut(t *testing.T, h *history, n int) {
	t.Helper()
	ctx, user, at := t.Context(), b.users[n%len(b.users)], b.client(t)
	data, _, err := at[rand.IntN(3)].begin(ctx, user, at[rand.IntN(3)])
	if err != nil {
		h.fail(t, err)
		return
	}
	var ids [2]string
	var redeeming sync.WaitGroup
	begin := rand.IntN(3)
	for i := range ids {
		c := b.client(t)[(begin+i)%3]
		redeeming.Go(func() {
			a, err := c.redeem(ctx, user, data)
			if err != nil {
				t.Errorf("second call: %v", err)
			} else if a.status == http.StatusOK {
				ids[i] = sessionIn(a)
			}
		})
	}
	redeeming.Wait()
	id := ids[0] + ids[1]
	switch {
	case ids[0] != "" && ids[1] != "":
		t.Errorf("a login was redeemed twice")
	case id == "":
		h.fail(t, errAnswer)
		return
	}
	h.mu.Lock()
	h.logins++
	h.claimed = append(h.claimed, claim{user, data})
	h.mu.Unlock()
	if n%4 == 0 {
		h.note(&h.kept, id)
		return
	}
	a, err := at[rand.IntN(3)].with(ctx, http.MethodPost, "/api/users/_logout", id)
	switch {
	case err == nil && a.status == http.StatusNoContent:
		h.note(&h.ended, id)
	case err == nil && a.status != http.StatusServiceUnavailable:
		t.Error(unexpected("logout", a))
	default:
		h.fail(t, errors.Join(errAnswer, err))
	}
}

func (h *history) note(list *[]string, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*list = append(*list, id)
}

// fail counts what a node refused; everything else it may not do.
func (h *history) fail(t *testing.T, err error) {
	t.Helper()
	h.refused.Add(1)
	if !errors.Is(err, errAnswer) {
		t.Error(err)
	}
	pauseFor(t.Context(), 20*time.Millisecond)
}

var replicaOffset = regexp.MustCompile(`slave_repl_offset:(\d+)`)

// promoteFurthest promotes the replica that has the most, and lets the other
// one follow it.
func promoteFurthest(t *testing.T, replicas []*redistest.Server) {
	t.Helper()
	offset := func(s *redistest.Server) int {
		info, err := s.Do(t.Context(), "info", "replication")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := info.(string)
		found := replicaOffset.FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no replica: %s", text)
		}
		n, _ := strconv.Atoi(found[1])
		return n
	}
	best, other := replicas[0], replicas[1]
	if offset(other) > offset(best) {
		best, other = other, best
	}
	if err := errors.Join(best.Promote(t.Context()), other.Follow(context.WithoutCancel(t.Context()), best)); err != nil {
		t.Fatal(err)
	}
}

// undone looks for logouts and claims that came back, at all nodes. It gives
// the number of sessions that were lost, which costs a new login and no more.
func (b *cluster) undone(t *testing.T, h *history) int {
	t.Helper()
	const most = 150
	ctx, lost := t.Context(), 0
	for n, c := range b.client(t) {
		for _, id := range h.ended {
			if a, err := c.with(ctx, http.MethodGet, currentUser, id); err != nil || a.status != http.StatusUnauthorized {
				t.Errorf("node %d: a session after its logout = %d, %v", n, a.status, err)
			}
		}
		for _, one := range h.claimed[max(0, len(h.claimed)-most):] {
			if a, err := b.client(t)[n].redeem(ctx, one.user, one.data); err != nil || a.status == http.StatusOK {
				t.Errorf("node %d: a login that was redeemed = %d, %v", n, a.status, err)
			}
		}
		for _, id := range h.kept {
			a, err := c.with(ctx, http.MethodGet, currentUser, id)
			switch {
			case err != nil || a.status != http.StatusOK && a.status != http.StatusUnauthorized:
				t.Errorf("node %d: a session = %d, %v", n, a.status, err)
			case n == 0 && a.status == http.StatusUnauthorized:
				lost++
			}
		}
	}
	return lost
}
