package loadgen

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Generator plays logins.
type Generator struct {
	c         Config
	transport *http.Transport
	played    atomic.Int64
	succeeded atomic.Int64
}

// New checks c; nothing is sent. Errors match [ErrConfig].
func New(c Config) (*Generator, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Generator{c: c, transport: newTransport(c.CA, c.Clients)}, nil
}

// Progress is how many logins were played so far, and how many of them
// succeeded. It may be called while Run runs.
func (g *Generator) Progress() (played, succeeded int) {
	return int(g.played.Load()), int(g.succeeded.Load())
}

// Run plays one login to see that it works, and then those of the run. When
// the first one fails, its error is returned and there is no run: a wrong
// password is not tried again and again. Call Run once.
//
// When ctx ends, logins under way are cut off and not counted, sessions that
// were opened are ended, and the report tells of what was played until then.
func (g *Generator) Run(ctx context.Context) (*Report, error) {
	defer g.transport.CloseIdleConnections()
	if err := g.player().play(ctx, g.c.Users[0], g.c.Now()); err != nil {
		return nil, fmt.Errorf("loadgen: the first login failed: %w", err)
	}
	began := g.c.Now()
	all := g.crowd(ctx, began)
	r := g.report(&all, g.c.Now().Sub(began))
	r.Interrupted = ctx.Err() != nil
	return r, nil
}

func (g *Generator) player() *player {
	return &player{c: &g.c, transport: g.transport, browser: newBrowser(g.transport), tally: newTally()}
}

// turn is a login to be played.
type turn struct {
	user User
	due  time.Time
}

// crowd lets all clients play.
func (g *Generator) crowd(ctx context.Context, began time.Time) tally {
	turns := make(chan turn)
	players := make([]*player, g.c.Clients)
	var playing sync.WaitGroup
	for i := range players {
		p := g.player()
		players[i] = p
		playing.Go(func() {
			for t := range turns {
				if t.due.IsZero() {
					t.due = g.c.Now()
				}
				err := p.play(ctx, t.user, t.due)
				if ctx.Err() == nil || err == nil {
					g.played.Add(1)
				}
				if err == nil {
					g.succeeded.Add(1)
				}
			}
		})
	}
	g.hand(ctx, began, turns)
	close(turns)
	playing.Wait()
	all := newTally()
	for _, p := range players {
		all.merge(&p.tally)
	}
	return all
}

// hand gives the turns out: to whoever is free, or at the rate that was asked
// for.
func (g *Generator) hand(ctx context.Context, began time.Time, turns chan<- turn) {
	if g.c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.c.Duration)
		defer cancel()
	}
	wait := time.NewTimer(0)
	defer wait.Stop()
	for n := 0; g.c.Logins == 0 || n < g.c.Logins; n++ {
		t := turn{user: g.c.Users[n%len(g.c.Users)]}
		if g.c.Rate > 0 {
			t.due = began.Add(time.Duration(float64(n) / g.c.Rate * float64(time.Second)))
			wait.Reset(t.due.Sub(g.c.Now()))
			select {
			case <-wait.C:
			case <-ctx.Done():
				return
			}
		}
		select {
		case turns <- t:
		case <-ctx.Done():
			return
		}
	}
}
