package siege_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
)

// bad is 300 ms there and back, 5 % lost, and small packets.
func bad(seed uint64) *badRoad {
	return &badRoad{delay: 150 * time.Millisecond, packet: 536, loss: 0.05, resend: 350 * time.Millisecond, random: rand.New(rand.NewPCG(seed, 29))}
}

// Fault R29: with a bad network between all of them, clients, server, engine and
// Duo, everything is only slower.
func TestBadNetwork(t *testing.T) {
	t.Parallel()
	s := readSettings(t)
	road := bad(1)
	r := newRig(t, plan{gateway: true, users: 4, between: func(address string) string { return road.relay(t, address) }})
	overBadNetwork(t, s, r)
}

// Fault R29: and between the server and its store. Each step of a login asks the
// store, so here the road is a third as long; a turn to hash lasts longer, too, and
// of those who come at once some are told to wait a second.
func TestBadNetworkToTheStore(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("there is no redis-server")
	}
	s := readSettings(t)
	road := bad(2)
	road.delay, road.resend = road.delay/3, road.resend/3
	store := redistest.New(t, redistest.Config{})
	r := newRig(t, plan{users: 4, extra: fmt.Sprintf("store: {redis: {addresses: [%q], replicas: 0}}\n", road.relay(t, store.Addr))})
	overBadNetwork(t, s, r)
}

// overBadNetwork lets four people sign in, work, sign out and mistype at the same
// time.
func overBadNetwork(t *testing.T, s settings, r *rig) {
	t.Helper()
	turns := 1
	if s.long {
		turns = 10
	}
	var people sync.WaitGroup
	began := time.Now()
	for i := range 4 {
		people.Go(func() {
			c := r.newClient(t, fmt.Sprintf("127.0.0.%d", 20+i))
			c.patient = true
			for range turns {
				if err := visit(t, c, user(i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	people.Wait()
	r.alive(t)
	t.Logf("four people and %d turns took %v", turns, time.Since(began).Round(time.Millisecond))
}

// visit is one person: a wrong password, the right one with the prompt, work, and
// the end of the session.
func visit(t *testing.T, c *client, username string) error {
	t.Helper()
	a, err := c.first(t.Context(), username, "not the password")
	if err != nil || a.status != http.StatusUnauthorized || c.cookies["mfa_binding"] != "" {
		return fmt.Errorf("%w: a wrong password: %d %s, %w", errLogin, a.status, a.body, err)
	}
	if err := c.login(t.Context(), username); err != nil {
		return err
	}
	old := c.cookies["JSESSIONID"]
	for _, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		if a, err := c.get(t.Context(), "/api/users/current"); err != nil || a.status != want {
			return fmt.Errorf("%w: users/current: %d, %w; want %d", errLogin, a.status, err, want)
		}
		if want == http.StatusUnauthorized {
			break
		}
		if err := c.logout(t.Context()); err != nil {
			return err
		}
		c.cookies["JSESSIONID"] = old // it opens nothing any more
	}
	clear(c.cookies)
	return nil
}
