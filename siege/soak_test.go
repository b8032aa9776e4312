package siege_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// state is what must not grow.
type state struct {
	goroutines, descriptors, threads int
	// live is the heap after a collection, resident what the process has, in MiB.
	live, resident int
	took, p50      time.Duration
}

func (s state) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d threads, %d MiB of live heap, %d MiB resident; it took %v, half of the visits less than %v",
		s.goroutines, s.descriptors, s.threads, s.live, s.resident, s.took, s.p50)
}

// Fault R31: after many logins, with their sessions, calls and ends, there is no
// more of anything than after few. SIEGE_SOAK says how many; an hour of them is
// SIEGE_SOAK=100000.
func TestNothingGrows(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	few, many := soak(t, max(s.soak/10, 20)), soak(t, s.soak)
	t.Logf("after few: %v\nafter %d: %v", few, s.soak, many)
	for _, row := range []struct {
		what      string
		few, many int
		// more is what may be there besides a tenth.
		more int
	}{
		{"goroutines", few.goroutines, many.goroutines, 10},
		{"descriptors", few.descriptors, many.descriptors, 16},
		{"MiB of live heap", few.live, many.live, 8},
		{"MiB resident", few.resident, many.resident, 32},
	} {
		if row.many > row.few*11/10+row.more {
			t.Errorf("%d %s after %d logins, %d after few", row.many, row.what, s.soak, row.few)
		}
	}
}

// soak starts a server, lets so many logins pass, and looks at what is left when
// everybody is gone.
func soak(t *testing.T, logins int) state {
	t.Helper()
	const people = 8
	r := newRig(t, plan{gateway: true, users: people, environment: []string{"GODEBUG=gctrace=1", "GOTRACEBACK=all"}})
	var all sync.WaitGroup
	took := make([][]time.Duration, people)
	began := time.Now()
	for i := range people {
		all.Go(func() {
			c := r.newClient(t, fmt.Sprintf("127.0.0.%d", 20+i))
			for range (logins + people - 1) / people {
				since := time.Now()
				if err := oneVisit(t, c, user(i)); err != nil {
					t.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(since))
			}
			c.http.CloseIdleConnections()
		})
	}
	all.Wait()
	st := state{took: time.Since(began).Round(time.Millisecond), resident: r.resident(t), threads: r.status(t, "Threads")}
	var each []time.Duration
	for _, one := range took {
		each = append(each, one...)
	}
	st.p50 = sorted(each).at(0.5).Round(time.Millisecond)
	r.alive(t)
	time.Sleep(time.Second) // logouts at the engine go on after the answer
	st.descriptors, st.live = r.descriptors(t), r.liveHeap()
	st.goroutines = r.goroutines(t)
	return st
}

func oneVisit(t *testing.T, c *client, username string) error {
	t.Helper()
	if err := c.login(t.Context(), username); err != nil {
		return err
	}
	if _, err := c.get(t.Context(), "/api/echo/bytes/1024"); err != nil {
		return err
	}
	defer clear(c.cookies)
	return c.logout(t.Context())
}

// liveHeap is the heap after the last collection, in MiB, as the runtime told it
// (gctrace: "4->5->3 MB").
func (s *server) liveHeap() int {
	live := 0
	for _, line := range s.lines() {
		if !strings.HasPrefix(line, "gc ") {
			continue
		}
		if before, _, ok := strings.Cut(line, " MB,"); ok {
			if n, err := strconv.Atoi(before[strings.LastIndexByte(before, '>')+1:]); err == nil {
				live = n
			}
		}
	}
	return live
}

// goroutines ends the server with SIGQUIT, at which the runtime tells of every
// goroutine, and counts them.
func (s *server) goroutines(t *testing.T) int {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-s.ended:
	case <-time.After(startTimeout):
		t.Fatal("the server did not end")
	}
	n := 0
	for _, line := range s.lines() {
		if strings.HasPrefix(line, "goroutine ") && strings.HasSuffix(line, ":") {
			n++
		}
	}
	if n == 0 {
		t.Fatalf("the server told of no goroutine:\n%s", s.tail())
	}
	return n
}
