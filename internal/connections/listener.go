package connections

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// listener has only connections for which there is a place.
type listener struct {
	net.Listener

	limiter *Limiter
	// ready and closed are guarded by the mutex of the Limiter.
	ready  []net.Conn
	closed bool
	// news holds one item when there may be something in ready.
	news   chan struct{}
	faults chan error
	done   chan struct{}
	close  func() error
}

// Listen returns a listener whose connections are counted until they are closed.
// It takes them from inner from now on. Its Close also closes those that wait.
func (l *Limiter) Listen(inner net.Listener) net.Listener {
	to := &listener{Listener: inner, limiter: l, news: make(chan struct{}, 1), faults: make(chan error), done: make(chan struct{})}
	to.close = sync.OnceValue(to.end)
	go to.receive()
	return to
}

// receive takes connections until the listener is closed. After a fault it goes on
// when the caller of Accept has heard of it, who may want to wait a while.
func (l *listener) receive() {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			l.limiter.arrive(c, l)
			continue
		}
		select {
		case l.faults <- err:
		case <-l.done:
			return
		}
	}
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	for {
		if c := l.next(); c != nil {
			return c, nil
		}
		select {
		case <-l.news:
		case err := <-l.faults:
			return nil, err
		case <-l.done:
			return nil, net.ErrClosed
		}
	}
}

func (l *listener) next() net.Conn {
	l.limiter.mu.Lock()
	defer l.limiter.mu.Unlock()
	if len(l.ready) == 0 {
		return nil
	}
	c := l.ready[0]
	if l.ready = l.ready[1:]; len(l.ready) > 0 {
		l.tell()
	}
	return c
}

// hand is called with the mutex of the Limiter.
func (l *listener) hand(c net.Conn) {
	l.ready = append(l.ready, c)
	l.tell()
}

func (l *listener) tell() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// Close implements [net.Listener].
func (l *listener) Close() error { return l.close() }

func (l *listener) end() error {
	close(l.done)
	err := l.Listener.Close()
	for _, c := range l.limiter.abandon(l) {
		_ = c.Close()
	}
	return err
}

// conn gives its place back.
type conn struct {
	net.Conn

	limiter *Limiter
	source  *source
	closed  atomic.Bool
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.limiter.leave(c.source)
	}
	return err
}

// Modest reports whether its source has few connections: what it wants may come
// before what others want.
func (c *conn) Modest() bool {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	return c.source.shared || c.source.open <= few
}

// address is that of a peer; it is not valid for one that has none of IP's.
func address(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// Source is where a connection comes from: the address of its peer, and of IPv6
// the network of one customer, a /64. It is the zero Prefix for an address that is
// none of IP's.
func Source(a net.Addr) netip.Prefix {
	addr := address(a)
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
