package gateway

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// freshFor is how long an answer of the engine is good for everybody
	// (threat T143).
	freshFor = 30 * time.Second
	// failedFor is how long a failure is: nobody can make us ask a silent
	// engine more often.
	failedFor = time.Second
	// fetchWithin bounds a question to the engine.
	fetchWithin = 30 * time.Second
)

// cached is something of the engine's that is the same for everybody, asked
// for by one caller at a time.
type cached[T any] struct {
	now   func() time.Time
	fetch func(context.Context) (T, error)
	turn  chan struct{}
	last  atomic.Pointer[fetched[T]]
}

type fetched[T any] struct {
	value T
	err   error
	until time.Time
}

func newCached[T any](now func() time.Time, fetch func(context.Context) (T, error)) *cached[T] {
	return &cached[T]{now: now, fetch: fetch, turn: make(chan struct{}, 1)}
}

// get returns what was fetched not long ago, or fetches. A caller that leaves
// does not end the fetch that others wait for.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	if f := c.fresh(); f != nil {
		return f.value, f.err
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	defer func() { <-c.turn }()
	if f := c.fresh(); f != nil {
		return f.value, f.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchWithin)
	defer cancel()
	f := &fetched[T]{}
	f.value, f.err = c.fetch(ctx)
	f.until = c.now().Add(freshFor)
	if f.err != nil {
		f.until = c.now().Add(failedFor)
	}
	c.last.Store(f)
	return f.value, f.err
}

// fresh returns what is good still, or nil. A clock that was set back keeps
// nothing for longer than it was good.
func (c *cached[T]) fresh() *fetched[T] {
	f := c.last.Load()
	if f == nil {
		return nil
	}
	if left := f.until.Sub(c.now()); left <= 0 || left > freshFor {
		return nil
	}
	return f
}
