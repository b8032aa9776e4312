package redis_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/store/redis/redistest"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
)

// guesser guesses at alice from one address.
var guesser = throttle.Subject{Account: "alice", Source: netip.MustParseAddr("203.0.113.7")}

func fiveAMinute(now func() time.Time) throttle.Config {
	return throttle.Config{Account: throttle.Rule{Limit: 5, Window: time.Minute}, Now: now}
}

// Threat T007: whatever is guessed at once over two nodes, no more than the
// limit is tried when something has failed before.
func TestVolleyOverNodes(t *testing.T) {
	t.Parallel()
	var all []throttle.Counters
	for _, s := range nodes(t, 2, config(t)) {
		all = append(all, countersOf(t, s, fiveAMinute(nil)))
	}
	if err := all[0].Fail(t.Context(), guesser); err != nil {
		t.Fatal(err)
	}
	var tried atomic.Int64
	var racers sync.WaitGroup
	for n := range 60 {
		racers.Go(func() {
			a, err := all[n%2].Take(t.Context(), guesser)
			if errors.Is(err, throttle.ErrThrottled) {
				return
			}
			if err != nil {
				t.Errorf("Take = %v, want nil or ErrThrottled", err)
				return
			}
			tried.Add(1)
			if err := a.Fail(t.Context()); err != nil {
				t.Errorf("Fail = %v", err)
			}
		})
	}
	racers.Wait()
	if tried.Load() != 4 {
		t.Errorf("%d guesses were tried after one failure, want 4", tried.Load())
	}
}

// What a node that was killed had reserved comes free by itself.
func TestReservationsLapse(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	l := countersOf(t, newStore(t), throttle.Config{Account: throttle.Rule{Limit: 2, Window: time.Hour}, Now: now})
	if err := l.Fail(t.Context(), guesser); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take(t.Context(), guesser); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Take(t.Context(), guesser); !errors.Is(err, throttle.ErrThrottled) {
		t.Fatalf("Take beside a reservation = %v, want ErrThrottled", err)
	}
	ahead.Store(int64(2 * time.Minute))
	if _, err := l.Take(t.Context(), guesser); err != nil {
		t.Errorf("Take two minutes later = %v, want nil", err)
	}
}

// Faults R21, R24: without the server nothing is counted, and so nobody may
// try, no phone is asked and no code is made.
func TestNoCountsNoLeave(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	s := open(t, configOf(t, server))
	l := countersOf(t, s, fiveAMinute(nil))
	server.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, taken := l.Take(ctx, guesser)
	for what, err := range map[string]error{"Check": l.Check(ctx, guesser), "Take": taken, "Fail": l.Fail(ctx, guesser)} {
		if !errors.Is(err, throttle.ErrUnavailable) || errors.Is(err, throttle.ErrThrottled) {
			t.Errorf("%s = %v, want ErrUnavailable", what, err)
		}
	}
	err := s.Pauses().Change(ctx, mfa.Braked{DuoUsername: "alice"}, begun, func(*mfa.Pause) error { t.Error("changed"); return nil })
	if !errors.Is(err, mfa.ErrUnavailable) {
		t.Errorf("Change = %v, want ErrUnavailable", err)
	}
	if within, err := s.Quota("codes").Take(ctx, "helen", 1, 5, begun); within || err == nil {
		t.Errorf("Take of a quota = %t, %v, want an error", within, err)
	}
}

// Threats T121, T117: the server forgets counts by itself, knows nobody's name,
// and a count that was changed is noticed.
func TestCountsOnTheServer(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := open(t, c)
	l := countersOf(t, s, throttle.Config{Account: throttle.Rule{Limit: 5, Window: time.Minute}, KnownFor: time.Hour})
	who := throttle.Subject{Account: "canary-user", Source: netip.MustParseAddr("203.0.113.7")}
	_, quotaErr := s.Quota("codes").Take(t.Context(), "canary-actor", 1, 5, time.Now())
	err := errors.Join(quotaErr, l.Succeed(t.Context(), who), l.Fail(t.Context(), throttle.Subject{Account: "canary-user"}),
		s.Pauses().Change(t.Context(), mfa.Braked{DuoUsername: "canary-user"}, time.Now(), func(p *mfa.Pause) error {
			p.Until = time.Now().Add(time.Minute)
			return nil
		}))
	if err != nil {
		t.Fatal(err)
	}
	dump := string(dumpAll(t, c.Prefix))
	for _, canary := range []string{"canary", "203.0.113.7", "until"} {
		if strings.Contains(dump, canary) {
			t.Errorf("the server holds %q", canary)
		}
	}
	for _, kind := range []string{"f:", "fk:", "h:"} {
		raw, err := shared.Do(t.Context(), "keys", c.Prefix+kind+"*")
		keys, _ := raw.([]any)
		if err != nil || len(keys) == 0 {
			t.Fatalf("no keys %s: %v", kind, err)
		}
		for _, k := range keys {
			if ms, err := shared.Do(t.Context(), "pttl", k); err != nil || ms.(int64) < 1 || ms.(int64) > (25*time.Hour).Milliseconds() {
				t.Errorf("%v lives for %v ms, %v, want an end", k, ms, err)
			}
			if kind != "fk:" {
				if _, err := shared.Do(t.Context(), "set", k, "1;x"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := l.Check(t.Context(), throttle.Subject{Account: "canary-user"}); !errors.Is(err, throttle.ErrUnavailable) {
		t.Errorf("Check of a changed count = %v, want ErrUnavailable", err)
	}
	err = s.Pauses().Change(t.Context(), mfa.Braked{DuoUsername: "canary-user"}, time.Now(), func(*mfa.Pause) error { return nil })
	if !errors.Is(err, mfa.ErrUnavailable) {
		t.Errorf("Change of a changed pause = %v, want ErrUnavailable", err)
	}
}
