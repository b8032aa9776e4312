// Package handshakes keeps TLS handshakes from taking every processor.
//
// A handshake costs the server as much as dozens of requests, and whoever opens
// connections by the thousand asks for as many at once. So only some are worked
// on at a time, those of each source in turn: who comes newly from elsewhere is
// next, however many others wait from one place.
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
	waiting map[netip.Prefix]*source
	turns   []*source // those with somebody waiting, who is next first
}

// source is where connections come from, and who of there waits.
type source struct {
	from  netip.Prefix
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
	return &Gate{slots: max(1, slots), waiting: make(map[netip.Prefix]*source)}
}

// Listen returns a listener whose connections pass through the Gate. Their
// handshakes need a [tls.Config] with [Gate.Turn].
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
	if err := g.enter(ctx, c.from); err != nil {
		return err
	}
	c.inside.Store(true)
	return nil
}

// enter waits for a turn.
func (g *Gate) enter(ctx context.Context, from netip.Prefix) error {
	t, err := g.line(from)
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
func (g *Gate) line(from netip.Prefix) (*turn, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.slots {
		g.running++
		return nil, nil //nolint:nilnil // it is in
	}
	s := g.waiting[from]
	if s == nil {
		s = &source{from: from}
		g.waiting[from] = s
		g.turns = append(g.turns, s)
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
	for len(g.turns) > 0 {
		s := g.turns[0]
		g.turns = g.turns[1:]
		t := s.queue[0]
		if s.queue = s.queue[1:]; len(s.queue) > 0 {
			g.turns = append(g.turns, s)
		} else {
			delete(g.waiting, s.from)
		}
		if !t.gone {
			close(t.ready)
			return
		}
	}
	g.running--
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
	return &conn{Conn: c, gate: l.gate, from: sourceOf(c.RemoteAddr())}, nil
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

func (c *conn) leave() {
	if c.inside.Load() && c.inside.CompareAndSwap(true, false) {
		c.gate.leave()
	}
}

// sourceOf is the address of a peer, and of IPv6 the network of one customer.
func sourceOf(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	addr := ap.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
