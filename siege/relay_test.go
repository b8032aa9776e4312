package siege_test

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// badRoad is a network as TCP shows it to those who use it: what is lost comes
// again later, and whatever was sent after it waits.
type badRoad struct {
	// delay is one way's, packet the largest part that goes at once.
	delay  time.Duration
	packet int
	// loss is the share of packets that have to be sent again, after resend.
	loss   float64
	resend time.Duration
	random *rand.Rand
	mu     sync.Mutex
}

// relay puts the road before an address and returns where it begins.
func (b *badRoad) relay(t *testing.T, address string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close() })
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go b.carry(near, address)
		}
	})
	return listener.Addr().String()
}

// carry joins both ways of one connection.
func (b *badRoad) carry(near net.Conn, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		_ = near.Close()
		return
	}
	go b.way(far, near)
	b.way(near, far)
}

// parcel is a packet with the time when it arrives.
type parcel struct {
	data []byte
	due  time.Time
}

// way carries one direction, and its end.
func (b *badRoad) way(from, to net.Conn) {
	parcels := make(chan parcel, 1024)
	go func() {
		defer close(parcels)
		for {
			data := make([]byte, b.packet)
			n, err := from.Read(data)
			if n > 0 {
				parcels <- parcel{data[:n], time.Now().Add(b.travel())}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range parcels {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			_ = from.Close()
			for range parcels { // what is under way is lost
			}
			break
		}
	}
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	} else {
		_ = to.(io.Closer).Close()
	}
}

// travel is how long one packet takes.
func (b *badRoad) travel() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	took := b.delay
	for b.random.Float64() < b.loss {
		took += b.resend
	}
	return took
}
