package main

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// generation is what one configuration made: every request is served by one
// alone, from its beginning to its end (threat T171).
type generation struct {
	app     *app
	handler http.Handler
	// users are the requests under way, and one while it is in force.
	users atomic.Int64
	empty chan struct{} // closed when there are none any more
	once  sync.Once
}

func newGeneration(a *app, handler http.Handler) *generation {
	g := &generation{app: a, handler: handler, empty: make(chan struct{})}
	g.users.Store(1)
	return g
}

func (g *generation) leave() {
	if g.users.Add(-1) == 0 {
		g.once.Do(func() { close(g.empty) })
	}
}

// drained waits until nobody is in it, or until everything is over.
func (g *generation) drained(over <-chan struct{}) {
	select {
	case <-g.empty:
	case <-over:
	}
}

// front hands every request to the generation in force.
type front struct{ current atomic.Pointer[generation] }

// enter returns the generation in force; leave it once.
func (f *front) enter() *generation {
	for {
		g := f.current.Load()
		g.users.Add(1)
		if f.current.Load() == g {
			return g
		}
		g.leave() // it was replaced between the two: it may be closed already
	}
}

// replace puts next in force and returns the one of before.
func (f *front) replace(next *generation) *generation {
	before := f.current.Swap(next)
	before.leave()
	return before
}

// ServeHTTP implements [http.Handler].
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := f.enter()
	defer g.leave()
	g.handler.ServeHTTP(w, r)
}
