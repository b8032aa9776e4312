package siege_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// starve lets the server run for a tenth of the time, until stop: ten
// milliseconds of a hundred.
func (s *server) starve(stop <-chan struct{}) {
	const run, rest = 10 * time.Millisecond, 90 * time.Millisecond
	for {
		_ = s.cmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(rest)
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		select {
		case <-stop:
			return
		case <-time.After(run):
		}
	}
}

// answerWithin is the longest of the server's own deadlines: a password and what
// follows it.
const answerWithin = 34 * time.Second

// Fault R14: with a tenth of a processor everything is answered within its
// deadline, as it should be or with a plea to come back; nobody gets in wrongly;
// and with a processor again all is as before.
func TestATenthOfAProcessor(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	r := newRig(t, plan{users: 4})
	workers := []*client{r.signedIn(t, user(0), "127.0.0.20"), r.signedIn(t, user(1), "127.0.0.21")}
	stop := make(chan struct{})
	var starving, working sync.WaitGroup
	starving.Go(func() { r.starve(stop) })
	began := time.Now()
	counts := make([]map[int]int, 3)
	spell := 2 * s.seconds
	for i, once := range []func() (answer, error){
		func() (answer, error) { return workers[0].get(t.Context(), "/api/users/current") },
		func() (answer, error) {
			return r.newClient(t, "").first(t.Context(), user(2), "not the password")
		},
		func() (answer, error) { return workers[1].first(t.Context(), user(1), password) },
	} {
		counts[i] = map[int]int{}
		working.Go(func() {
			for time.Since(began) < spell {
				asked := time.Now()
				a, err := once()
				if took := time.Since(asked); err != nil || took > answerWithin {
					t.Errorf("%d, %v after %v", a.status, err, took)
					return
				}
				counts[i][a.status]++
			}
		})
	}
	working.Wait()
	close(stop)
	starving.Wait()
	t.Logf("for %v with a tenth of a processor: calls %v, wrong passwords %v, right ones %v", spell, counts[0], counts[1], counts[2])
	if counts[0][http.StatusOK] == 0 {
		t.Error("nobody with a session was served")
	}
	for i, allowed := range [][]int{
		{http.StatusOK, http.StatusServiceUnavailable},
		{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable},
		{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	} {
		wantOnly(t, counts[i], allowed...)
	}
	wantWell(t, r, user(3))
}

func wantOnly(t *testing.T, counts map[int]int, allowed ...int) {
	t.Helper()
	for _, status := range allowed {
		delete(counts, status)
	}
	if len(counts) > 0 {
		t.Errorf("answers %v besides %v", counts, allowed)
	}
}

// wantWell: within five seconds somebody new gets in, and out.
func wantWell(t *testing.T, r *rig, username string) {
	t.Helper()
	r.alive(t)
	began := time.Now()
	c := r.newClient(t, "127.0.0.40")
	until(t, began, "a right password works", func() bool {
		err := c.login(t.Context(), username)
		if err != nil && !errors.Is(err, errLogin) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		return err == nil
	})
	if took := time.Since(began); took > recoveryTime {
		t.Errorf("a login works after %v, want %v at most", took, recoveryTime)
	}
	if err := c.logout(t.Context()); err != nil {
		t.Error(err)
	}
}

// Threat T176: hashing leaves a processor to others: all but one are used for
// it, and half of the only one.
func TestHashingLeavesAProcessor(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	for processors, most := range map[string]float64{"1": 0.5, "2": 1} {
		r := newRig(t, plan{users: 1, environment: []string{"GOMAXPROCS=" + processors}})
		order := floodOrder{Address: r.listen, CA: r.duo.CA().CertPEM(), Rate: 40, Connections: 64, Spell: s.seconds, Many: true, Password: "wrong"}
		// What the requests themselves cost is not hashing: it is measured where
		// nobody's password is looked at.
		var hashed floodReport
		used := r.processor(t)
		began := time.Now()
		hashed = r.flood(t, order)
		share := (r.processor(t) - used).Seconds() / time.Since(began).Seconds()
		t.Logf("of %s processors hashing and all that belongs to it takes %.2f, want %.1f and a little; %v", processors, share, most, hashed)
		wantRefusedAll(t, hashed)
		if hashed.Statuses[http.StatusUnauthorized] == 0 {
			t.Error("nothing was hashed")
		}
		// Requests, records and the collector of the memory come on top.
		if share > most+0.25 {
			t.Errorf("hashing takes %.2f of %s processors, want %.1f at most", share, processors, most)
		}
	}
}
