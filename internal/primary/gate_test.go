package primary_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
)

// Threat T176, fault R30: whoever would wait longer than one waits is told so
// at once, and whoever is let wait gets his turn: a surge makes nobody wait in
// vain. It is over when it is over.
func TestNobodyWaitsInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, unlimited, realTime, func(c *primary.LocalConfig, _ *throttle.Config) { c.MaxConcurrentHashes = 1 })
		s.add(t, "alice", primary.RoleUser)
		s.hasher.took = 100 * time.Millisecond
		for range 20 { // what a hash takes is learned
			s.wantRefused(t, "alice", wrong, home, primary.ReasonWrongPassword)
		}
		var mu sync.Mutex
		counts := map[string]int{}
		var surge sync.WaitGroup
		for i := range 100 {
			surge.Go(func() {
				began := time.Now()
				_, _, err := s.try(t, fmt.Sprint("nobody", i), wrong, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
				took := time.Since(began)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case busy(err) && took == 0:
					counts["shed"]++
				case errors.Is(err, primary.ErrRefused) && took <= 1100*time.Millisecond:
					counts["judged"]++
				default:
					t.Errorf("%v after %v, want busy at once or a verdict within a second", err, took)
				}
			})
		}
		surge.Wait()
		if counts["judged"] < 9 || counts["judged"] > 12 {
			t.Errorf("%v, want about ten that fit into a second", counts)
		}
		s.wantOK(t, "alice", right, home)
	})
}

// Threats T008, T176: an address of past success finds a place where strangers
// have filled theirs.
func TestKnownAddressesHaveTheirOwnPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, realTime, func(c *primary.LocalConfig, l *throttle.Config) {
			c.MaxConcurrentHashes, c.MaxQueuedHashes = 1, 4
			l.Account, l.Source, l.Global = throttle.Rule{}, throttle.Rule{}, throttle.Rule{}
			l.KnownFor = time.Hour
		})
		s.add(t, "alice", primary.RoleUser)
		if err := s.NoteLogin(t.Context(), "alice", home); err != nil {
			t.Fatal(err)
		}
		s.hasher.took = 100 * time.Millisecond
		var strangers sync.WaitGroup
		for range 50 {
			strangers.Go(func() { _, _, _ = s.try(t, "nobody", wrong, evil) })
		}
		synctest.Wait()
		if _, _, err := s.try(t, "alice", right, evil); !busy(err) {
			t.Errorf("alice from elsewhere = %v, want busy", err)
		}
		s.wantOK(t, "alice", right, home)
		strangers.Wait()
	})
}

// realTime lets the directory live on the clock of the bubble.
func realTime(c *primary.LocalConfig, l *throttle.Config) { c.Now, l.Now = time.Now, time.Now }
