package siege_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault R30: at a change of shifts ten times as many people sign in as usual, all
// with the right password, and whoever is told to wait comes again at once. Some
// are told so, nobody hears anything else, and whoever was let in works. When
// it is over, everybody gets in at his first try again.
func TestSurge(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	const usual = 4
	r := newRig(t, plan{users: 10 * usual})
	in, shed := r.shift(t, usual, s.seconds)
	t.Logf("usually %d got in and %d were told to wait, in %v", in, shed, s.seconds)
	if in == 0 {
		t.Fatal("nobody got in")
	}
	in, shed = r.shift(t, 10*usual, s.seconds)
	t.Logf("with ten times as many people %d got in and %d were told to wait, in %v", in, shed, s.seconds)
	if in == 0 {
		t.Error("nobody got in during the surge")
	}
	wantWell(t, r, user(0))
	began := time.Now()
	for i := range usual {
		if err := r.newClient(t, fmt.Sprintf("127.0.0.%d", 20+i)).login(t.Context(), user(i)); err != nil {
			t.Errorf("%v after the surge: %v", time.Since(began), err)
		}
	}
}

// shift lets so many people sign in, look and sign out, again and again.
func (r *rig) shift(t *testing.T, people int, spell time.Duration) (in, shed int64) {
	t.Helper()
	var got, told atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range people {
		all.Go(func() {
			c := r.newClient(t, fmt.Sprintf("127.0.0.%d", 20+i))
			for time.Since(began) < spell {
				err := c.login(t.Context(), user(i))
				switch {
				case err == nil:
					got.Add(1)
					if err := c.logout(t.Context()); err != nil {
						t.Error(err)
						return
					}
				case errors.Is(err, errLogin) && strings.Contains(err.Error(), ": 429 "):
					told.Add(1)
					time.Sleep(20 * time.Millisecond)
				default:
					t.Error(err)
					return
				}
				clear(c.cookies)
			}
		})
	}
	all.Wait()
	return got.Load(), told.Load()
}
