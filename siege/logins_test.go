package siege_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Connections of a flood. The many are enough that those who wait at the server
// keep nobody from sending; the few are what a machine can serve that runs other
// tests too.
const manyConnections, fewConnections = 192, 32

// round is one comparison.
type round struct {
	idle, flooded   figures
	bare, refusals  figures
	judged          figures
	rate, bareRate  float64
	peak            int
	share           float64
	recovered       time.Duration
	recoveredRatio  float64
	duringBareFlood figures
}

// Threat T176, fault R30: a flood of logins, from one source and from many, in
// front of users of our own and of an engine. Whoever has a session works on;
// what is refused is refused at once; memory is bounded; and when it is over
// it is over.
func TestLoginFlood(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	for _, front := range []struct {
		name string
		plan plan
		path string
	}{
		{"gateway", plan{gateway: true, users: floodedUsers + 1, slowHash: 30 * time.Millisecond}, "/api/echo/bytes/1024"},
		{"own users", plan{users: floodedUsers + 1}, "/api/users/current"},
	} {
		for _, many := range []bool{false, true} {
			name := front.name + " one source"
			if many {
				name = front.name + " many sources"
			}
			t.Run(name, func(t *testing.T) {
				var rounds []round
				for range s.rounds {
					rounds = append(rounds, floodRound(t, s, front.plan, front.path, many))
				}
				judgeFlood(t, s, rounds)
			})
		}
	}
}

// floodRound starts everything anew, so that each flood finds empty counts.
func floodRound(t *testing.T, s settings, p plan, path string, many bool) round {
	t.Helper()
	r := newRig(t, p)
	ctx := t.Context()
	worker := r.signedIn(t, user(0), "127.0.0.20")
	known := r.signedIn(t, user(1), "127.0.0.21")
	warm(t, worker, path)
	bareServer := attack(t, roleBare, r.certificate())
	var bareAddress string
	bareServer.hear(t, &bareAddress)
	order := floodOrder{
		Address: bareAddress, CA: r.duo.CA().CertPEM(), Rate: s.rate, Connections: s.connections,
		Spell: s.seconds, Many: many, Password: "wrong",
	}
	var out round
	// On both sides of the other flood, so that both floods have idleness beside
	// them.
	idle := func() figures {
		return together(ctx, t, func() { time.Sleep(s.seconds / 2) }, working(worker, path))[0].by["ok"]
	}
	before := idle()

	var report floodReport
	bare := together(ctx, t, func() { report = r.flood(t, order) }, working(worker, path), refused(ctx, t, order))
	out.duringBareFlood, out.bare, out.bareRate = bare[0].by["ok"], bare[1].by[shed], report.rate()

	out.idle = sorted(slices.Concat(before, idle()))

	order.Address = r.listen
	used, began := r.processor(t), time.Now()
	flooded := together(ctx, t, func() { report = r.flood(t, order) }, working(worker, path), refused(ctx, t, order))
	out.share = (r.processor(t) - used).Seconds() / time.Since(began).Seconds()
	out.flooded, out.refusals, out.judged, out.rate = flooded[0].by["ok"], flooded[1].by[shed], flooded[1].by[judged], report.rate()
	out.peak = r.peak(t)
	wantRefusedAll(t, report)
	out.recovered = recovery(t, r, known, worker, path, out.idle.at(0.5), &out.recoveredRatio)
	t.Logf("idle %v\n  during a flood of another server %v\n  during a flood of ours %v\n  bare handler %v at %.0f/s\n  shed %v\n  judged %v\n  %v\n  peak %d MiB, %.2f processors, recovered in %v",
		out.idle, out.duringBareFlood, out.flooded, out.bare, out.bareRate, out.refusals, out.judged, report, out.peak, out.share, out.recovered.Round(time.Millisecond))
	r.alive(t)
	return out
}

func warm(t *testing.T, c *client, path string) {
	t.Helper()
	for range 50 {
		if a, err := c.get(t.Context(), path); err != nil || a.status != http.StatusOK {
			t.Fatalf("GET %s = %d, %v", path, a.status, err)
		}
	}
}

// flood attacks and waits for the end.
func (r *rig) flood(t *testing.T, o floodOrder) floodReport {
	t.Helper()
	var report floodReport
	attack(t, roleFlood, o).hear(t, &report)
	if report.Err != "" {
		t.Errorf("the flood met %s; answers %v", report.Err, report.Statuses)
	}
	return report
}

// wantRefusedAll: nobody got in, and nothing was answered but refusals.
func wantRefusedAll(t *testing.T, r floodReport) {
	t.Helper()
	refused := r.Statuses[http.StatusTooManyRequests] + r.Statuses[http.StatusUnauthorized]
	for status, n := range r.Statuses {
		if status != http.StatusTooManyRequests && status != http.StatusUnauthorized {
			t.Errorf("%d logins were answered %d, want refusals alone", n, status)
		}
	}
	if refused == 0 {
		t.Errorf("nothing was refused: %v", r)
	}
}

// recoveryTime is how soon it must be over.
const recoveryTime = 5 * time.Second

// recovery is how long after a flood a right password works again, for somebody
// known and for somebody from a new address, and calls take as long as before.
func recovery(t *testing.T, r *rig, known, worker *client, path string, idle time.Duration, left *float64) time.Duration {
	t.Helper()
	began := time.Now()
	// The guesses have locked the accounts that were attacked, but not for their
	// owners' addresses, and no others.
	for name, c := range map[string]*client{user(1): known, user(floodedUsers): r.newClient(t, "127.0.0.22")} {
		until(t, began, "a right password works", func() bool {
			err := c.login(t.Context(), name)
			if err != nil && !errors.Is(err, errLogin) {
				t.Fatal(err)
			}
			return err == nil
		})
	}
	until(t, began, "calls take as long as before", func() bool {
		m := together(t.Context(), t, func() { time.Sleep(300 * time.Millisecond) }, working(worker, path))
		*left = ratio(idle, m[0].by["ok"].at(0.5))
		return *left < 2
	})
	return time.Since(began)
}

// until waits for something that comes back by itself.
func until(t *testing.T, began time.Time, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%v after the flood it is not so: %s", time.Since(began), what)
		}
	}
}

// boundedMemory is what a server with few sessions may take under any flood, in
// MiB: 13 hashes at once, and as much again.
const boundedMemory = 512

// judgeFlood holds the rounds to the bars.
func judgeFlood(t *testing.T, s settings, rounds []round) {
	t.Helper()
	var calls, refusals []float64
	for _, r := range rounds {
		calls = append(calls, ratio(r.idle.at(0.99), r.flooded.at(0.99)))
		refusals = append(refusals, ratio(r.bare.at(0.99), r.refusals.at(0.99)))
		if r.peak > boundedMemory {
			t.Errorf("the server took %d MiB, want %d at most", r.peak, boundedMemory)
		}
		if r.recovered > recoveryTime {
			t.Errorf("recovery took %v, want %v at most", r.recovered, recoveryTime)
		}
	}
	t.Logf("p99 of calls %.2f x idle, p99 of refusals %.2f x the bare handler's (%d rounds)", median(calls), median(refusals), len(rounds))
	if !s.long {
		return
	}
	const most = 2
	if got := median(calls); got > most {
		t.Errorf("p99 of calls is %.2f times that without a flood, want %d at most; rounds %.2f", got, most, calls)
	}
	if got := median(refusals); got > most {
		t.Errorf("p99 of refusals is %.2f times a bare handler's, want %d at most; rounds %.2f", got, most, refusals)
	}
}
