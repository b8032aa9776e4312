// Package tokentest checks that stores keep the promises that package token
// asks of them, and holds complete records for tests of stores.
package tokentest

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Racers is how many goroutines the suites let loose on one record.
const Racers = 32

// start is the suites' clock: stores go by the times they are given. It needs
// its nanoseconds.
var start = time.Date(2031, time.March, 4, 5, 6, 7, 123456789, time.UTC)

// check is one promise.
type check[S any] struct {
	name string
	run  func(t *testing.T, s S)
}

// run runs every check in parallel, each on a store of its own.
func run[S any](t *testing.T, newStore func(t *testing.T) S, checks []check[S]) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, newStore(t))
		})
	}
}

// race calls f from many goroutines that begin together.
func race(f func(racer int) error) []error {
	errs := make([]error, Racers)
	gate := make(chan struct{})
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			<-gate
			errs[i] = f(i)
		})
	}
	close(gate)
	group.Wait()
	return errs
}

// won counts the racers without an error; the others must have the one given.
func won(t *testing.T, errs []error, others error) int {
	t.Helper()
	n := 0
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, others):
			t.Errorf("a racer got %v, want nil or %v", err, others)
		}
	}
	return n
}

// same compares what a store returned; empty and nil are one.
func same[T any](t *testing.T, what string, got T, err error, want T, opts ...cmp.Option) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	opts = append(opts, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}))
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func fails(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

func works(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
