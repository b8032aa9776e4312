package redis_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/redis/redistest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// begun is the time of most tests: the store's own clock is the real one.
var begun = time.Now().UTC().Truncate(time.Second)

// nodes opens n stores that share data.
func nodes(t *testing.T, n int, c redis.Config) []*redis.Store {
	t.Helper()
	all := make([]*redis.Store, n)
	for i := range all {
		all[i] = open(t, c)
	}
	return all
}

// busy is how many times longer than promised things may take on a machine
// that runs all tests at once.
const busy = 4

// eventually waits for what has to come true within a time, and returns how
// long it took.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > busy*within {
			t.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(start)
}

func create(t *testing.T, s *redis.Store, all ...session.Session) {
	t.Helper()
	for _, n := range all {
		if _, err := s.Sessions().Create(t.Context(), n, 0, n.CreatedAt); err != nil {
			t.Fatalf("Create = %v", err)
		}
	}
}

func lives(ctx context.Context, s *redis.Store, k session.Key) bool {
	_, err := s.Sessions().Find(ctx, k, begun)
	return err == nil
}

func gone(ctx context.Context, s *redis.Store, k session.Key) bool {
	_, err := s.Sessions().Find(ctx, k, begun)
	return errors.Is(err, session.ErrNotFound)
}

// Threat T115: three nodes, 100 sessions each; what one ends is dead on it at
// once and on the others within two seconds, by every way of ending.
func TestRevocationReachesAllNodes(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*redis.Store, session.Session) error{
		"delete": func(s *redis.Store, v session.Session) error {
			_, err := s.Sessions().Delete(t.Context(), v.Key)
			return err
		},
		"user": func(s *redis.Store, v session.Session) error {
			_, err := s.Sessions().DeleteUser(t.Context(), v.Username)
			return err
		},
		"user before": func(s *redis.Store, v session.Session) error {
			_, err := s.Sessions().DeleteBefore(t.Context(), v.Username, v.CreatedAt.Add(1))
			return err
		},
		"all before": func(s *redis.Store, v session.Session) error {
			_, err := s.Sessions().DeleteBefore(t.Context(), "", v.CreatedAt.Add(1))
			return err
		},
		"limit": func(s *redis.Store, v session.Session) error {
			n := sessiontest.NewSession("the one too many of "+v.Username, v.Username, begun.Add(time.Second))
			_, err := s.Sessions().Create(t.Context(), n, 1, begun)
			return err
		},
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := nodes(t, 3, config(t))
			var sessions []session.Session
			for i := range 300 {
				v := sessiontest.NewSession(fmt.Sprint("s", i), fmt.Sprint("user ", i), begun.Add(time.Duration(i)*time.Millisecond-time.Second))
				create(t, all[i%3], v)
				sessions = append(sessions, v)
			}
			for _, v := range sessions {
				for _, s := range all { // into every cache
					if !lives(t.Context(), s, v.Key) {
						t.Fatal("a session is not found on every node")
					}
				}
			}
			var slowest time.Duration
			for i, v := range sessions {
				if err := end(all[i%3], v); err != nil {
					t.Fatalf("end = %v", err)
				}
				if lives(t.Context(), all[i%3], v.Key) {
					t.Fatal("the session lives on the node that ended it")
				}
				for _, s := range all {
					took := eventually(t, 2*time.Second, "the session is dead everywhere", func() bool { return gone(t.Context(), s, v.Key) })
					slowest = max(slowest, took)
				}
			}
			t.Logf("slowest revocation: %s", slowest)
		})
	}
}

// Threats T070, T071: of racers on three nodes one claims, for each of many
// logins; and the code of one login is spent once.
func TestOneClaimInTheCluster(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, config(t))
	errTaken := errors.New("taken")
	const logins, racers = 30, 30
	for n := range logins {
		tx := mfatest.Transaction(n, begun)
		if _, err := all[n%3].Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun); err != nil {
			t.Fatalf("Insert = %v", err)
		}
		var claimed, spent atomic.Int32
		var wg sync.WaitGroup
		for r := range racers {
			wg.Go(func() {
				_, err := all[r%3].Transactions().Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error {
					if tx.Phase != mfa.Pending {
						return errTaken
					}
					tx.Phase = mfa.Claimed
					return nil
				})
				if err == nil {
					claimed.Add(1)
				} else if !errors.Is(err, errTaken) {
					t.Errorf("Update = %v", err)
				}
				fresh, err := all[r%3].Codes().Spend(t.Context(), sha256.Sum256(fmt.Appendf(nil, "code %d", n)), begun.Add(time.Minute), begun)
				if err != nil {
					t.Errorf("Spend = %v", err)
				}
				if fresh {
					spent.Add(1)
				}
			})
		}
		wg.Wait()
		if claimed.Load() != 1 || spent.Load() != 1 {
			t.Fatalf("login %d was claimed %d times, its code spent %d times; want once", n, claimed.Load(), spent.Load())
		}
	}
}

// Threat T072: what one node begins another goes on with: 1,000 logins, each
// step on another node.
func TestEveryStepOnAnotherNode(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, config(t))
	for n := range 1000 {
		a, b, c := all[n%3], all[(n+1)%3], all[(n+2)%3]
		tx := mfatest.Transaction(n, begun)
		if _, err := a.Transactions().Insert(t.Context(), tx, mfa.Limits{PerClient: 5, PerUser: 20, Total: 50_000}, begun); err != nil {
			t.Fatalf("Insert = %v", err)
		}
		if _, err := b.Transactions().Find(t.Context(), tx.Key); err != nil {
			t.Fatalf("Find = %v", err)
		}
		for i, p := range []mfa.Phase{mfa.Claimed, mfa.Redeemed} {
			if _, err := all[(n+i)%3].Transactions().Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error { tx.Phase = p; return nil }); err != nil {
				t.Fatalf("Update = %v", err)
			}
		}
		v := sessiontest.NewSession(fmt.Sprint(n), "alice", begun.Add(time.Duration(n)))
		if _, err := c.Sessions().Create(t.Context(), v, 20, begun); err != nil {
			t.Fatalf("Create = %v", err)
		}
		if !lives(t.Context(), a, v.Key) || !lives(t.Context(), b, v.Key) {
			t.Fatal("the session is not found on another node")
		}
		if _, err := a.Sessions().Delete(t.Context(), v.Key); err != nil {
			t.Fatalf("Delete = %v", err)
		}
		if lives(t.Context(), a, v.Key) {
			t.Fatal("the session outlives its logout")
		}
		eventually(t, 2*time.Second, "dead on B and C", func() bool { return gone(t.Context(), b, v.Key) && gone(t.Context(), c, v.Key) })
	}
}

// An activity on one node keeps the session alive on another one that has it
// in memory as it was before.
func TestActivityCountsOnAllNodes(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2, config(t))
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, all[0], v)
	for _, s := range all {
		if !lives(t.Context(), s, v.Key) {
			t.Fatal("the session is not found")
		}
	}
	later := begun.Add(v.IdleTimeout - time.Second)
	if err := all[0].Sessions().Touch(t.Context(), v.Key, later); err != nil {
		t.Fatalf("Touch = %v", err)
	}
	if _, err := all[1].Sessions().Find(t.Context(), v.Key, begun.Add(v.IdleTimeout)); err != nil {
		t.Errorf("Find on the other node = %v, want the session", err)
	}
	if err := all[1].Sessions().Touch(t.Context(), v.Key, begun.Add(time.Second)); err != nil {
		t.Errorf("Touch on the other node = %v", err)
	}
	if got, err := all[0].Sessions().Find(t.Context(), v.Key, later); err != nil || !got.LastActive.Equal(later) {
		t.Errorf("Find = %v, %v, want the later activity %v", got.LastActive, err, later)
	}
}

// Without the subscription nothing is answered from memory, and nothing is
// missed.
func TestWithoutSubscriptionTheServerIsAsked(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	c := configOf(t, server)
	all := nodes(t, 2, c)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, all[0], v)
	for range 20 {
		if !lives(t.Context(), all[1], v.Key) {
			t.Fatal("the session is not found")
		}
		if _, err := server.Do(t.Context(), "client", "kill", "type", "pubsub"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if _, err := all[0].Sessions().Delete(t.Context(), v.Key); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	eventually(t, 2*time.Second, "dead on the other node", func() bool { return gone(t.Context(), all[1], v.Key) })
}
