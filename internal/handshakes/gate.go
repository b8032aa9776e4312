// Package handshakes keeps TLS handshakes from taking every processor.
//
// A handshake costs the server as much as dozens of requests, and whoever opens
// connections by the thousand asks for as many at once. So only some are worked
// on at a time, those of each source in turn, and first those of sources with few
// connections: who comes newly from elsewhere is next, however many others wait.
package handshakes

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"mfaserver/internal/connections"
)

const (
	// patience is how long a handshake waits for its turn at most.
	patience = 5 * time.Second
	// mostWaiting is how many handshakes of one source wait.
	mostWaiting = 4096
)

// ErrBusy means that a handshake got no turn.
var ErrBusy = errors.New("handshakes: too many at once")

// Gate lets some handshakes through at a time. It is safe for concurrent use.
type Gate struct {
	slots int

	mu      sync.Mutex
	running int
	waiting map[place]*source
	// modest and many are those with somebody waiting, who is next first; nobody of
	// many is while there is one of modest.
	modest, many []*source
}

// place is where a handshake stands in line.
type place struct {
	from   netip.Prefix
	modest bool
}

// source is where connections come from, and who of there waits.
type source struct {
	place place
	queue []*turn
}

// turn is one handshake that waits. gone is guarded by the mutex of the Gate.
type turn struct {
	ready chan struct{} // closed when it is there
	gone  bool
}

// New makes a Gate that leaves one processor to others, where there are two.
func New() *Gate { return NewWith(runtime.GOMAXPROCS(0) - 1) }

// NewWith makes a Gate for so many handshakes at a time, one at least.
func NewWith(slots int) *Gate {
	return &Gate{slots: max(1, slots), waiting: make(map[place]*source)}
}

// Listen returns a listener whose connections pass through the Gate. Their
// handshakes need a [tls.Config] with [Gate.Turn]. Connections of l that have a
// method Modest say by it whether their source has few, as those of
// [connections.Limiter] do.
func (g *Gate) Listen(l net.Listener) net.Listener { return &listener{Listener: l, gate: g} }

// Turn waits until the handshake may be worked on. It is to be a
// [tls.Config.GetConfigForClient], which is asked when the client has said what
// it wants, and before anything is computed; it changes no configuration. Its
// error is [ErrBusy], or that of the handshake's context.
func (g *Gate) Turn(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	return nil, g.turnOf(hello.Context(), hello.Conn)
}

// turnOf waits for the turn of a connection; one of another listener needs none.
func (g *Gate) turnOf(ctx context.Context, over net.Conn) error {
	c, ok := over.(*conn)
	if !ok {
		return nil
	}
	if err := g.enter(ctx, place{c.from, c.modest()}); err != nil {
		return err
	}
	c.inside.Store(true)
	return nil
}

// enter waits for a turn.
func (g *Gate) enter(ctx context.Context, at place) error {
	t, err := g.line(at)
	if t == nil {
		return err
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-t.ready:
		return nil
	case <-limit.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-t.ready: // it came meanwhile, and goes to somebody else
		g.next()
	default:
		t.gone = true
	}
	return err
}

// line enters at once, and returns nil, or stands in line.
func (g *Gate) line(at place) (*turn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.slots {
		g.running++
		return nil, nil //nolint:nilnil // it is in
	}
	s := g.waiting[at]
	if s == nil {
		s = &source{place: at}
		g.waiting[at] = s
		turns := g.turns(at.modest)
		*turns = append(*turns, s)
	}
	if len(s.queue) >= mostWaiting {
		return nil, ErrBusy
	}
	t := &turn{ready: make(chan struct{})}
	s.queue = append(s.queue, t)
	return t, nil
}

// leave ends a turn.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next()
}

// next hands a turn on, to the source whose turn it is. The caller holds the
// mutex.
func (g *Gate) next() {
	for len(g.modest)+len(g.many) > 0 {
		turns := g.turns(len(g.modest) > 0)
		s := (*turns)[0]
		*turns = (*turns)[1:]
		t := s.queue[0]
		if s.queue = s.queue[1:]; len(s.queue) > 0 {
			*turns = append(*turns, s)
		} else {
			delete(g.waiting, s.place)
		}
		if !t.gone {
			close(t.ready)
			return
		}
	}
	g.running--
}

func (g *Gate) turns(modest bool) *[]*source {
	if modest {
		return &g.modest
	}
	return &g.many
}

type listener struct {
	net.Listener

	gate *Gate
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, gate: l.gate, from: connections.Source(c.RemoteAddr())}, nil
}

// conn gives its turn back when the server has computed what it answers to the
// first message, which is nearly all that a handshake costs.
type conn struct {
	net.Conn

	gate   *Gate
	from   netip.Prefix
	inside atomic.Bool
}

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (int, error) {
	c.leave()
	return c.Conn.Write(b)
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// modest reports whether the connection says that its source has few; one that
// does not know counts as such.
func (c *conn) modest() bool {
	known, ok := c.Conn.(interface{ Modest() bool })
	return !ok || known.Modest()
}

func (c *conn) leave() {
	if c.inside.Load() && c.inside.CompareAndSwap(true, false) {
		c.gate.leave()
	}
}
