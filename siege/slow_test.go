package siege_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// slowOrder is what slow clients are told.
type slowOrder struct {
	Address     string
	CA          []byte
	Connections int
	// Sources are how many addresses they come from.
	Sources int
}

// slowReport is how many connections are open at a time, those included that the
// server has not said a word on.
type slowReport struct{ Open int64 }

// runSlow is the role of clients that say nothing, or not enough, or one byte a
// second. Who is cut off comes again.
func runSlow() error {
	var o slowOrder
	if err := told(&o); err != nil {
		return err
	}
	var open atomic.Int64
	for i := range o.Connections {
		go func() {
			for {
				slowOnce(o, i, &open)
				time.Sleep(time.Duration(10+i%90) * time.Millisecond)
			}
		}()
	}
	for began := time.Now(); int(open.Load()) < o.Connections*95/100 && time.Since(began) < 2*time.Minute; {
		time.Sleep(50 * time.Millisecond)
	}
	if err := say(slowReport{open.Load()}); err != nil {
		return err
	}
	return errors.Join(untilClosed(), say(slowReport{open.Load()}))
}

// slowOnce is the life of connection i, of one of four kind.
func slowOnce(o slowOrder, i int, open *atomic.Int64) {
	kind := i / o.Sources % 4
	from := net.IPv4(127, 0, 3, byte(1+i%o.Sources))
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(context.Background(), "tcp", o.Address)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	open.Add(1)
	defer open.Add(-1)
	if kind != 0 { // the others do not even begin the handshake
		secure, err := shakeHands(context.Background(), conn, o.CA)
		if err != nil {
			return
		}
		conn = secure
	}
	drip := ""
	switch kind {
	case 1: // a header without an end
		drip = "x"
		_, err = io.WriteString(conn, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-")
	case 2: // a body that drips in
		drip = "a"
		_, err = io.WriteString(conn, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\n"+
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\nusername=")
	case 3: // one request, and nothing more
		_, err = io.WriteString(conn, "GET /api/server/status HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\n\r\n")
	}
	if err != nil {
		return
	}
	if drip != "" {
		go dripInto(conn, drip)
	}
	_, _ = io.Copy(io.Discard, conn)
}

func dripInto(conn net.Conn, text string) {
	for {
		time.Sleep(time.Second)
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

// Threat T178: thousands of slow connections, of which every one that is cut off
// is made again, and normal clients do not notice: neither those who are there
// nor those who come.
func TestSlowConnections(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if most := int(limit.Max) - 500; s.slow > most {
		t.Logf("this machine allows %d connections, not %d", most, s.slow)
		s.slow = most
	}
	// The server itself makes use of all that it may: it is started with less.
	wrap := func(binary string, args ...string) []string {
		return append([]string{"sh", "-c", `ulimit -Sn 256; exec "$0" "$@"`, binary}, args...)
	}
	for name, sources := range map[string]int{"one source": 1, "many sources": 40} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // it measures
			var p99s []float64
			for range s.rounds {
				r := newRig(t, plan{gateway: true, users: 1, wrap: wrap})
				if soft, hard := r.limit(t, "Max open files"); soft < hard-1 { // the runtime leaves one
					t.Errorf("the server has a limit of %d descriptors, and could have %d", soft, hard)
				}
				p99s = append(p99s, slowRound(t, s, r, sources))
			}
			if got := median(p99s); s.long && got > 2 {
				t.Errorf("p99 of normal clients is %.2f times that without slow ones, want 2 at most; rounds %.2f", got, p99s)
			}
		})
	}
}

// slowRound returns how many times as long the slowest normal calls take.
func slowRound(t *testing.T, s settings, r *rig, sources int) float64 {
	t.Helper()
	const path = "/api/echo/bytes/1024"
	worker := r.signedIn(t, user(0), "127.0.0.20")
	warm(t, worker, path)
	normal := []prober{working(worker, path), arriving(r)}
	without := together(t.Context(), t, func() { time.Sleep(s.seconds) }, normal...)
	slow := attack(t, roleSlow, slowOrder{r.listen, r.duo.CA().CertPEM(), s.slow, sources})
	var report slowReport
	slow.hear(t, &report)
	if report.Open < int64(s.slow)*9/10 {
		t.Errorf("%d slow connections are open, want %d", report.Open, s.slow)
	}
	used, began := r.processor(t), time.Now()
	with := together(t.Context(), t, func() { time.Sleep(s.seconds) }, normal...)
	t.Logf("%d slow connections, %d MiB, %.2f processors\n  with a session %v, before %v\n  newly come %v, before %v", report.Open, r.resident(t),
		(r.processor(t)-used).Seconds()/time.Since(began).Seconds(), with[0].by["ok"], without[0].by["ok"], with[1].by["ok"], without[1].by["ok"])
	if got := r.resident(t); got > boundedMemory {
		t.Errorf("the server takes %d MiB, want %d at most", got, boundedMemory)
	}
	slow.leave()
	r.alive(t)
	if err := worker.login(t.Context(), user(0)); err != nil {
		t.Error(err)
	}
	worst := 0.0
	for i := range with {
		worst = max(worst, ratio(without[i].by["ok"].at(0.99), with[i].by["ok"].at(0.99)))
	}
	return worst
}

// arriving is a client that makes a new connection for each call.
func arriving(r *rig) prober {
	return prober{every: 20 * time.Millisecond, once: func(ctx context.Context) (string, error) {
		transport := &http.Transport{TLSClientConfig: r.tlsConfig(), DisableKeepAlives: true}
		defer transport.CloseIdleConnections()
		c := &client{rig: r, http: &http.Client{Transport: transport, Timeout: requestTimeout}, cookies: map[string]string{}}
		a, err := c.get(ctx, "/api/server/status")
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("%w: status: %d", errLogin, a.status)
		}
		return "ok", err
	}}
}
