package connections_test

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/connections"
)

// patience is how long a connection waits for a place.
const patience = 5 * time.Second

// peer is a connection of somebody, over which nothing is said.
type peer struct {
	net.Conn

	addr   string
	mu     sync.Mutex // guards closed
	closed bool
}

func (p *peer) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(p.addr)) }

func (p *peer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

func (p *peer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// door listens for the connections and faults that it is given.
type door struct {
	arrivals chan any // *peer or error
	closing  chan struct{}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case a := <-d.arrivals:
		if err, ok := a.(error); ok {
			return nil, err
		}
		return a.(*peer), nil
	case <-d.closing:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	close(d.closing)
	return nil
}

func (*door) Addr() net.Addr { return &net.TCPAddr{} }

// house is a limiter, its listener, and what that has let in.
type house struct {
	t       *testing.T
	limiter *connections.Limiter
	door    *door
	inner   net.Listener
	inside  []net.Conn
}

// open makes a house inside a bubble. What comes is accepted at once.
func open(t *testing.T, limits connections.Limits) *house {
	t.Helper()
	h := &house{t: t, limiter: connections.New(limits), door: &door{arrivals: make(chan any), closing: make(chan struct{})}}
	h.inner = h.limiter.Listen(h.door)
	go func() {
		for {
			c, err := h.inner.Accept()
			if err != nil {
				return
			}
			h.inside = append(h.inside, c)
		}
	}()
	t.Cleanup(func() { _ = h.inner.Close() })
	return h
}

// come has so many connections arrive from an address.
func (h *house) come(addr string, n int) []*peer {
	h.t.Helper()
	peers := make([]*peer, n)
	for i := range peers {
		peers[i] = &peer{addr: addr}
		h.door.arrivals <- peers[i]
	}
	synctest.Wait()
	return peers
}

// leave closes the first n of those inside.
func (h *house) leave(n int) {
	h.t.Helper()
	gone := h.inside[:n]
	h.inside = h.inside[n:]
	for _, c := range gone {
		if err := c.Close(); err != nil {
			h.t.Error(err)
		}
		_ = c.Close() // a second time changes nothing
	}
	h.settle()
}

// settle lets everybody in who may.
func (h *house) settle() {
	h.t.Helper()
	time.Sleep(100 * time.Millisecond)
	synctest.Wait()
}

func (h *house) want(open, waiting int, refused uint64) {
	h.t.Helper()
	if got, want := h.limiter.Figures(), (connections.Figures{Open: open, Waiting: waiting, Refused: refused}); got != want || len(h.inside) != open {
		h.t.Errorf("figures = %+v, %d accepted, want %+v", got, len(h.inside), want)
	}
}

// Threat T177: a source has its number of connections and not one more; the next
// waits for one to end, or until its patience is over. Others do not notice.
func TestPerSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, connections.Limits{PerSource: 20, Total: 1000})
		h.come("192.0.2.1:1", 20)
		h.want(20, 0, 0)
		late := h.come("192.0.2.1:2", 2)
		h.want(20, 2, 0)
		h.come("192.0.2.2:1", 1)
		h.want(21, 2, 0)
		h.leave(1)
		h.want(21, 1, 0)
		time.Sleep(patience - 100*time.Millisecond - time.Nanosecond)
		synctest.Wait()
		h.want(21, 1, 0)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		h.want(21, 0, 1)
		if late[0].isClosed() || !late[1].isClosed() {
			t.Errorf("closed: first %t, second %t, want the second alone", late[0].isClosed(), late[1].isClosed())
		}
		h.leave(21)
		h.want(0, 0, 1)
	})
}

// A source is an address, and of IPv6 a /64.
func TestSource(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.1:1":            "192.0.2.1/32",
		"[::ffff:192.0.2.1]:1":   "192.0.2.1/32",
		"[2001:db8:1:2:3::4]:1":  "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1":       "fe80::/64",
		"[2001:db8:1:2::]:65535": "2001:db8:1:2::/64",
	} {
		if got := connections.Source(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))); got != netip.MustParsePrefix(want) {
			t.Errorf("source of %s = %s, want %s", addr, got, want)
		}
	}
	if got := connections.Source(&net.UnixAddr{Name: "/run/x", Net: "unix"}); got.IsValid() {
		t.Errorf("source of a socket = %s, want none", got)
	}
}

// Threats T177, T178: when a quarter of all places are taken, those sources alone
// get another that have few, up to the end; and when places come free, they come
// first.
func TestCrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, connections.Limits{PerSource: 50, Total: 100})
		h.come("192.0.2.1:1", 25)
		h.want(25, 0, 0)
		h.come("192.0.2.1:1", 1) // it has more than a few
		h.want(25, 1, 0)
		for _, addr := range []string{"192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1", "192.0.2.5:1"} {
			h.come(addr, 16)
		}
		h.want(89, 1, 0)
		h.come("192.0.2.2:1", 1)
		h.want(89, 2, 0)
		h.come("192.0.2.6:1", 11)
		h.want(100, 2, 0)
		h.come("192.0.2.7:1", 1) // there is no place at all
		h.want(100, 3, 0)
		h.leave(1)
		h.want(100, 2, 0)
		if got := h.inside[99].RemoteAddr().String(); got != "192.0.2.7:1" {
			t.Errorf("%s came in, want the source that had none", got)
		}
	})
}

// Sources that wait for the same get places in turn.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, connections.Limits{PerSource: 1000, Total: 400})
		h.come("192.0.2.9:1", 100)
		for _, addr := range []string{"192.0.2.1:1", "192.0.2.2:1"} {
			h.come(addr, 16)
		}
		h.come("192.0.2.1:1", 3)
		h.come("192.0.2.2:1", 1)
		h.want(132, 4, 0)
		h.leave(36) // 96 are left of 132: four places until it is a crowd again
		h.want(100, 0, 0)
		var order []string
		for _, c := range h.inside[96:] {
			order = append(order, c.RemoteAddr().String())
		}
		if order[0] != "192.0.2.1:1" || order[1] != "192.0.2.2:1" {
			t.Errorf("came in = %q, want the sources in turn", order)
		}
	})
}

// Twice as many wait as there are places; who comes then is refused at once. Places
// that come free go to those who wait.
func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, connections.Limits{PerSource: 4, Total: 8})
		peers := h.come("192.0.2.1:1", 21)
		h.want(4, 16, 1)
		if !peers[20].isClosed() || peers[19].isClosed() {
			t.Error("want those beyond what may wait closed, and nobody else")
		}
	})
}

// An address that stands for many has no number of its own, and each of a
// network of them counts for itself; the limit of all holds for it too. What is
// shared can change.
func TestShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy := netip.MustParseAddr("2001:db8::1")
		limits := connections.Limits{PerSource: 20, Total: 100, Shared: func(a netip.Addr) bool { return a == proxy }}
		h := open(t, limits)
		h.come("[2001:db8::1]:1", 100)
		h.want(100, 0, 0)
		h.come("[2001:db8::1]:1", 1)
		h.want(100, 1, 0)
		h.leave(60)
		h.want(41, 0, 0)
		h.come("[2001:db8::2]:1", 17) // of the same network, which is no proxy's
		h.want(57, 1, 0)
		limits.Shared, limits.Total = nil, 1000
		h.limiter.Set(limits)
		h.settle()
		h.want(58, 0, 0)
		h.come("192.0.2.1:1", 21)
		h.want(78, 1, 0)
	})
}

// Without limits everybody comes in.
func TestNoLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, connections.Limits{})
		h.come("192.0.2.1:1", 3000)
		h.want(3000, 0, 0)
	})
}

// A fault of the listener is told once for each call that asks, and what comes
// after it is taken.
func TestFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := connections.New(connections.Limits{})
		d := &door{arrivals: make(chan any), closing: make(chan struct{})}
		listener := l.Listen(d)
		fault := errors.New("too many open files")
		go func() {
			d.arrivals <- fault
			d.arrivals <- &peer{addr: "192.0.2.1:1"}
		}()
		if _, err := listener.Accept(); !errors.Is(err, fault) {
			t.Errorf("first = %v, want the fault", err)
		}
		if c, err := listener.Accept(); err != nil || c.RemoteAddr().String() != "192.0.2.1:1" {
			t.Errorf("second = %v, %v, want the connection", c, err)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end = %v, want that it is closed", err)
		}
	})
}

// The end of a listener is the end of whoever waits for it; those inside stay.
func TestEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := connections.New(connections.Limits{PerSource: 16, Total: 1000})
		d := &door{arrivals: make(chan any), closing: make(chan struct{})}
		listener := l.Listen(d)
		peers := make([]*peer, 20)
		for i := range peers {
			peers[i] = &peer{addr: "192.0.2.1:1"}
			d.arrivals <- peers[i]
		}
		c, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		for i, p := range peers {
			if want := i > 0; p.isClosed() != want {
				t.Errorf("connection %d closed = %t, want %t", i, p.isClosed(), want)
			}
		}
		if got := l.Figures(); got.Open != 1 || got.Waiting != 0 {
			t.Errorf("figures = %+v, want one open", got)
		}
		_ = c.Close()
		if got := l.Figures(); got.Open != 0 {
			t.Errorf("figures = %+v, want none open", got)
		}
	})
}
