package siege_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// floodOrder is what a flood is told.
type floodOrder struct {
	Address string
	CA      []byte
	// Rate is in logins a second, for so long, over so many connections.
	Rate, Connections int
	Spell             time.Duration
	// Many plays a trusted proxy in front of many sources, each login of
	// another user; otherwise all come from one source.
	Many bool
	// Password is what is given as the password.
	Password string
}

// floodReport is what came of it.
type floodReport struct {
	// Statuses counts the answers, 0 those that did not come.
	Statuses map[int]int
	Took     time.Duration
	P50, P99 time.Duration
	Err      string
}

func (r floodReport) rate() float64 {
	n := 0
	for _, count := range r.Statuses {
		n += count
	}
	return float64(n) / r.Took.Seconds()
}

func (r floodReport) String() string {
	return fmt.Sprintf("%.0f/s %v, by the flood's own clock p50=%v p99=%v", r.rate(), r.Statuses, r.P50.Round(time.Microsecond), r.P99.Round(time.Microsecond))
}

// trustedProxy is an address that the server's configuration trusts.
const trustedProxy = "127.0.0.9"

// floodSource is where a flood from one source comes from.
const floodSource = "127.0.0.2"

// floodedUsers are whose passwords a flood guesses, among those of nobody.
const floodedUsers = 8

// runFlood is the role of the flood.
func runFlood() error {
	var o floodOrder
	if err := told(&o); err != nil {
		return err
	}
	f := &flood{order: o, statuses: map[int]int{}}
	return say(f.run())
}

// flood sends logins over connections that stay open. A ticket is one login:
// whoever is free takes the next.
type flood struct {
	order floodOrder
	turn  atomic.Int64

	mu       sync.Mutex
	statuses map[int]int
	took     []time.Duration
	err      error
}

func (f *flood) run() floodReport {
	tickets := make(chan struct{})
	began := time.Now()
	var all sync.WaitGroup
	for range f.order.Connections {
		all.Go(func() { f.worker(tickets) })
	}
	f.pace(tickets)
	close(tickets)
	all.Wait()
	r := floodReport{Statuses: f.statuses, Took: time.Since(began)}
	took := sorted(f.took)
	r.P50, r.P99 = took.at(0.5), took.at(0.99)
	if f.err != nil {
		r.Err = f.err.Error()
	}
	return r
}

// pace hands out the tickets. What nobody was free to take is not made up for.
func (f *flood) pace(tickets chan<- struct{}) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	began, given := time.Now(), 0
	for now := range tick.C {
		if now.Sub(began) > f.order.Spell {
			return
		}
		due := int(now.Sub(began).Seconds() * float64(f.order.Rate))
		for ; given < due; given++ {
			select {
			case tickets <- struct{}{}:
			default:
				given = due - 1
			}
		}
	}
}

func (f *flood) worker(tickets <-chan struct{}) {
	var conn net.Conn
	var reader *bufio.Reader
	for range tickets {
		if conn == nil {
			var err error
			if conn, err = f.dial(context.Background()); err != nil {
				f.note(0, 0, err)
				continue
			}
			reader = bufio.NewReaderSize(conn, 2<<10)
		}
		sent := time.Now()
		_, err := io.WriteString(conn, f.request(f.turn.Add(1)))
		status := 0
		if err == nil {
			status, err = readAnswer(reader)
		}
		f.note(status, time.Since(sent), err)
		if err != nil {
			_ = conn.Close()
			conn = nil
		}
	}
	if conn != nil {
		_ = conn.Close()
	}
}

func (f *flood) note(status int, took time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.statuses[status]++
	if err != nil {
		f.err = err
		return
	}
	f.took = append(f.took, took)
}

func (f *flood) dial(ctx context.Context) (net.Conn, error) {
	from := floodSource
	if f.order.Many {
		from = trustedProxy
	}
	return dialFrom(ctx, from, f.order.Address, f.order.CA)
}

func dialFrom(ctx context.Context, from, address string, ca []byte) (net.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return shakeHands(ctx, conn, ca)
}

// shakeHands begins TLS. The connection is closed when that fails.
func shakeHands(ctx context.Context, conn net.Conn, ca []byte) (net.Conn, error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	secure := tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12})
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// request is login number n. A quarter of the users are real.
func (f *flood) request(n int64) string {
	name := "nobody" + strconv.FormatInt(n, 10)
	if n%4 == 0 {
		name = user(int(n/4) % floodedUsers)
	}
	forwarded := ""
	if f.order.Many {
		forwarded = fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\n", byte(n>>16), byte(n>>8), byte(n))
	}
	return loginRequest(f.order.Address, name, f.order.Password, forwarded)
}

// loginRequest is a first call.
func loginRequest(address, username, password, header string) string {
	body := url.Values{"username": {username}, "password": {password}}.Encode()
	return "POST /api/users/_login HTTP/1.1\r\nHost: " + address + "\r\nX-Requested-With: siege\r\nAccept: application/xml\r\n" +
		"X-Mirth-Server-Url: https://" + address + "\r\n" + header +
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

var errAnswer = errors.New("no answer of HTTP")

// readAnswer reads an answer with a length and returns its status. It costs the
// attacker little, so that the machine is the server's.
func readAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if fields := strings.Fields(line); len(fields) < 2 {
		return 0, errAnswer
	} else if status, err = strconv.Atoi(fields[1]); err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text := textproto.TrimString(string(line))
		if text == "" {
			break
		}
		if name, value, _ := strings.Cut(text, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, err
			}
		}
	}
	_, err = r.Discard(length)
	return status, err
}
