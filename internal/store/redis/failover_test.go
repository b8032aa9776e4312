package redis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/redis/redistest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// quick fails the test when f takes longer than the bound of all calls.
func quick(t *testing.T, what string, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if took := time.Since(start); took > redis.MaxTimeout+2*time.Second {
		t.Errorf("%s took %s, want no more than %s", what, took, redis.MaxTimeout)
	}
}

// refusesAll checks that a store without its server lets nothing in.
func refusesAll(t *testing.T, s *redis.Store, v session.Session) {
	t.Helper()
	calls := map[string]func() error{
		"Find": func() error { _, err := s.Sessions().Find(t.Context(), v.Key, begun); return err },
		"Create": func() error {
			_, err := s.Sessions().Create(t.Context(), sessiontest.NewSession("late", "alice", begun), 0, begun)
			return err
		},
		"Touch": func() error { return s.Sessions().Touch(t.Context(), v.Key, begun.Add(time.Hour)) },
	}
	for name, call := range calls {
		quick(t, name, func() {
			if err := call(); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s without the server = %v, want ErrUnavailable", name, err)
			}
		})
	}
	quick(t, "Update", func() {
		_, err := s.Transactions().Update(t.Context(), mfa.KeyOf("x"), func(*mfa.Transaction) error { return nil })
		if !errors.Is(err, mfa.ErrUnavailable) {
			t.Errorf("Update without the server = %v, want ErrUnavailable", err)
		}
	})
	quick(t, "Insert", func() {
		if _, err := s.Transactions().Insert(t.Context(), mfatest.Transaction(99, begun), mfa.Limits{}, begun); !errors.Is(err, mfa.ErrUnavailable) {
			t.Errorf("Insert without the server = %v, want ErrUnavailable", err)
		}
	})
	if err := s.Check(t.Context()); err == nil {
		t.Error("Check without the server = nil")
	}
}

// Threat T119: killed, stopped or gone, nothing is let in within two seconds;
// back, everything works within five without a restart.
func TestServerGoneAndBack(t *testing.T) {
	t.Parallel()
	for name, befall := range map[string]struct{ down, up func(*redistest.Server) error }{
		"kill -9 and restart": {
			func(s *redistest.Server) error { s.Kill(); return nil },
			func(s *redistest.Server) error { return s.Restart(context.WithoutCancel(t.Context())) },
		},
		"SIGSTOP and SIGCONT": {
			func(s *redistest.Server) error { s.Pause(); return nil },
			func(s *redistest.Server) error { s.Resume(); return nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.New(t, redistest.Config{Persistent: true})
			c := configOf(t, server)
			s := open(t, c)
			v, ended := sessiontest.NewSession("a", "alice", begun), sessiontest.NewSession("b", "alice", begun)
			create(t, s, v, ended)
			eventually(t, 2*time.Second, "the session is found", func() bool { return lives(t.Context(), s, v.Key) })
			if err := befall.down(server); err != nil {
				t.Fatal(err)
			}
			eventually(t, 2*time.Second, "nothing is let in", func() bool { return !lives(t.Context(), s, v.Key) })
			refusesAll(t, s, v)
			// A logout that could not be done: dead here, and done later.
			if _, err := s.Sessions().Delete(t.Context(), ended.Key); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Delete without the server = %v, want ErrUnavailable", err)
			}
			if err := befall.up(server); err != nil {
				t.Fatal(err)
			}
			took := eventually(t, 5*time.Second, "everything works", func() bool {
				_, err := s.Sessions().Find(t.Context(), v.Key, begun)
				if errors.Is(err, session.ErrNotFound) {
					t.Fatal("an acknowledged session is lost")
				}
				return err == nil
			})
			t.Logf("back after %s", took)
			if !gone(t.Context(), s, ended.Key) {
				t.Error("the session that was logged out lives")
			}
			other := open(t, c)
			eventually(t, 2*time.Second, "the logout is made up for", func() bool { return gone(t.Context(), other, ended.Key) })
			refreshed := sessiontest.NewSession("new", "alice", begun)
			create(t, s, refreshed)
		})
	}
}

// Fault R21: a server that comes back empty: everybody logs in again.
func TestServerBackEmpty(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	c := configOf(t, server)
	all := nodes(t, 2, c)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, all[0], v)
	server.Kill()
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		eventually(t, 5*time.Second, "the session is gone", func() bool { return gone(t.Context(), s, v.Key) })
	}
	again := sessiontest.NewSession("b", "alice", begun)
	create(t, all[0], again)
	// Both hash names with the same key again.
	list, err := all[1].Sessions().List(t.Context(), "alice", begun)
	if err != nil || len(list) != 1 || list[0].Key != again.Key {
		t.Errorf("List on the other node = %d sessions, %v, want the new one", len(list), err)
	}
}

// group starts a primary with two replicas, and a store on them.
func group(t *testing.T, replicas int) ([]*redistest.Server, redis.Config) {
	t.Helper()
	servers := redistest.NewGroup(t, 2, redistest.Config{})
	c := configOf(t, servers...)
	c.Replicas = replicas
	return servers, c
}

// Threat T120, fault R22: the primary is killed and a replica promoted. What was
// acknowledged holds: claims, logouts and sessions.
func TestPromotionLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	servers, c := group(t, 2)
	s := open(t, c)
	var live, dead []session.Key
	for i := range 200 {
		v := sessiontest.NewSession(fmt.Sprint(i), "alice", begun)
		create(t, s, v)
		if i%2 == 0 {
			live = append(live, v.Key)
			continue
		}
		if _, err := s.Sessions().Delete(t.Context(), v.Key); err != nil {
			t.Fatalf("Delete = %v", err)
		}
		dead = append(dead, v.Key)
	}
	tx := mfatest.Transaction(1, begun)
	if _, err := s.Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun); err != nil {
		t.Fatalf("Insert = %v", err)
	}
	if _, err := s.Transactions().Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error { tx.Phase = mfa.Claimed; return nil }); err != nil {
		t.Fatalf("Update = %v", err)
	}
	servers[0].Kill()
	if err := errors.Join(servers[1].Promote(t.Context()), servers[2].Follow(t.Context(), servers[1])); err != nil {
		t.Fatal(err)
	}
	// Two replicas are asked for and one is left: nothing is acknowledged.
	eventually(t, 3*time.Second, "refused", func() bool {
		return errors.Is(s.Check(t.Context()), redis.ErrReplicas)
	})
	refusesAll(t, s, session.Session{Key: live[0]})
	// The old primary comes back, empty, as a replica.
	if err := servers[0].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := servers[0].Follow(t.Context(), servers[1]); err != nil {
		t.Fatal(err)
	}
	took := eventually(t, 10*time.Second, "works again", func() bool { return s.Check(t.Context()) == nil })
	t.Logf("works %s after the old primary came back", took)
	fresh := open(t, c) // a node that remembers nothing
	for _, node := range []*redis.Store{s, fresh} {
		for _, k := range live {
			if !lives(t.Context(), node, k) {
				t.Fatal("an acknowledged session is lost")
			}
		}
		for _, k := range dead {
			if !gone(t.Context(), node, k) {
				t.Fatal("an acknowledged logout is undone")
			}
		}
		got, err := node.Transactions().Find(t.Context(), tx.Key)
		if err != nil || got.Phase != mfa.Claimed {
			t.Errorf("the claimed login is %s, %v", got.Phase, err)
		}
	}
}

// With one of two replicas asked for, a promotion is followed at once.
func TestPromotionIsFollowed(t *testing.T) {
	t.Parallel()
	servers, c := group(t, 1)
	s := open(t, c)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, s, v)
	if err := servers[0].Synced(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	servers[0].Kill()
	eventually(t, 2*time.Second, "the primary is missed", func() bool { return s.Check(t.Context()) != nil })
	if err := errors.Join(servers[1].Promote(t.Context()), servers[2].Follow(t.Context(), servers[1])); err != nil {
		t.Fatal(err)
	}
	took := eventually(t, 10*time.Second, "the promotion is followed", func() bool { return lives(t.Context(), s, v.Key) })
	t.Logf("followed after %s", took)
}

// Threat T120: a replica that was cut off is promoted, and has not heard of a
// claim, a logout and an epoch. The nodes that have do not let them come back.
func TestPromotionOfALaggard(t *testing.T) {
	t.Parallel()
	servers, c := group(t, 1)
	all := nodes(t, 2, c)
	logout, before, kept := sessiontest.NewSession("a", "alice", begun), sessiontest.NewSession("b", "bob", begun.Add(-time.Hour)), sessiontest.NewSession("c", "carol", begun)
	create(t, all[0], logout, before, kept)
	tx := mfatest.Transaction(1, begun)
	if _, err := all[0].Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun); err != nil {
		t.Fatalf("Insert = %v", err)
	}
	if err := servers[0].Synced(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	// It follows nobody from now on.
	if _, err := servers[1].Do(t.Context(), "replicaof", "127.0.0.1", "1"); err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].Sessions().Delete(t.Context(), logout.Key); err != nil {
		t.Fatalf("Delete = %v", err)
	}
	if _, err := all[0].Sessions().DeleteBefore(t.Context(), "bob", begun); err != nil {
		t.Fatalf("DeleteBefore = %v", err)
	}
	if _, err := all[0].Transactions().Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error { tx.Phase = mfa.Claimed; return nil }); err != nil {
		t.Fatalf("Update = %v", err)
	}
	for _, s := range all {
		mark := s.Clock()
		eventually(t, 2*time.Second, "both nodes have heard", func() bool { return s.HeardSince(mark) && s.Buried(logout.Key) })
	}
	servers[0].Kill()
	if err := errors.Join(servers[1].Promote(t.Context()), servers[2].Follow(t.Context(), servers[1])); err != nil {
		t.Fatal(err)
	}
	if n := countKeys(t, servers[1], c.Prefix+"s:*"); n != 3 {
		t.Fatalf("the promoted replica has %d sessions, want 3: it is no laggard", n)
	}
	for i, s := range all {
		eventually(t, 10*time.Second, "works again", func() bool { return lives(t.Context(), s, kept.Key) })
		if !gone(t.Context(), s, logout.Key) || !gone(t.Context(), s, before.Key) {
			t.Errorf("node %d: a session that was ended is back", i)
		}
		if list, err := s.Sessions().List(t.Context(), "", begun); err != nil || len(list) != 1 {
			t.Errorf("node %d: List = %d sessions, %v, want the one that was not ended", i, len(list), err)
		}
		got, err := s.Transactions().Find(t.Context(), tx.Key)
		if err != nil || got.Phase == mfa.Pending {
			t.Errorf("node %d: the claimed login is %s, %v", i, got.Phase, err)
		}
		_, err = s.Transactions().Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error {
			if tx.Phase == mfa.Pending {
				t.Errorf("node %d: a claimed login is claimed again", i)
			}
			return errors.New("no")
		})
		if err == nil {
			t.Errorf("node %d: Update = nil", i)
		}
	}
}

func countKeys(t *testing.T, s *redistest.Server, pattern string) int {
	t.Helper()
	keys, err := s.Do(t.Context(), "keys", pattern)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := keys.([]any)
	return len(list)
}

// Fault R23: a primary that was cut off from its replicas is not believed.
func TestPrimaryWithoutReplicasIsNotBelieved(t *testing.T) {
	t.Parallel()
	servers, c := group(t, 1)
	s := open(t, c)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, s, v)
	servers[1].Pause()
	servers[2].Pause()
	// What is not acknowledged by a replica is not acknowledged at all.
	quick(t, "Delete", func() {
		if _, err := s.Sessions().Delete(t.Context(), v.Key); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, redis.ErrReplicas) {
			t.Errorf("Delete that no replica has = %v, want ErrUnavailable and ErrReplicas", err)
		}
	})
	if lives(t.Context(), s, v.Key) {
		t.Error("the session lives on the node that ended it")
	}
	eventually(t, 10*time.Second, "the primary is not believed", func() bool {
		return errors.Is(s.Check(t.Context()), redis.ErrReplicas)
	})
	servers[1].Resume()
	servers[2].Resume()
	eventually(t, 10*time.Second, "works again", func() bool { return s.Check(t.Context()) == nil })
	if !gone(t.Context(), s, v.Key) {
		t.Error("the session is back")
	}
}
