package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// answers is an engine that says the same to every request: so cheap that what
// stands before it is measured, and not the engine.
func answers(tb testing.TB, response string) (url string) {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var serving sync.WaitGroup
	ctx, cancel := context.WithCancel(tb.Context())
	tb.Cleanup(func() {
		cancel()
		_ = listener.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			serving.Go(func() {
				defer stop()
				defer func() { _ = conn.Close() }() // the peer is gone
				say(conn, response)
			})
		}
	})
	return "http://" + listener.Addr().String()
}

// say answers requests without a body until the peer is gone.
func say(conn net.Conn, response string) {
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if _, err := io.WriteString(conn, response); err != nil {
				return
			}
		}
	}
}

// asker is a client on one connection that costs next to nothing: it writes
// prepared bytes, and reads as many as the first answer had.
type asker struct {
	conn    net.Conn
	request []byte
	answer  []byte
}

var errAnswer = errors.New("unexpected answer")

// newAsker connects, asks once, and keeps what came as the measure of others.
func newAsker(ctx context.Context, dial func(context.Context) (net.Conn, error), request string) (*asker, error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	a := &asker{conn: conn, request: []byte(request)}
	if _, err := conn.Write(a.request); err != nil {
		return nil, err
	}
	var whole bytes.Buffer
	resp, err := http.ReadResponse(bufio.NewReaderSize(io.TeeReader(conn, &whole), 64<<10), nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(body)) {
		return nil, fmt.Errorf("%w: HTTP %d, %d bytes: %w", errAnswer, resp.StatusCode, len(body), err)
	}
	a.answer = whole.Bytes()
	return a, nil
}

// ask sends the request once more. Date apart the answer is the same.
func (a *asker) ask(scratch []byte) error {
	if _, err := a.conn.Write(a.request); err != nil {
		return err
	}
	got := scratch[:len(a.answer)]
	if _, err := io.ReadFull(a.conn, got); err != nil {
		return err
	}
	if !bytes.HasPrefix(got, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("%w: %.40q", errAnswer, got)
	}
	return nil
}

// flood asks with all askers at a time, each so many times.
type flood struct {
	askers []*asker
	each   int
	took   []time.Duration // of every question of the last run
}

func newFlood(tb testing.TB, clients, each int, url, request string) *flood {
	tb.Helper()
	f := &flood{each: each, took: make([]time.Duration, clients*each)}
	address := strings.TrimPrefix(url, "http://")
	for range clients {
		a, err := newAsker(tb.Context(), func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}, request)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = a.conn.Close() })
		f.askers = append(f.askers, a)
	}
	return f
}

// run returns how many questions a second were answered, and the 99th
// percentile of their times in seconds.
func (f *flood) run() (rate, p99 float64, err error) {
	var asking sync.WaitGroup
	errs := make([]error, len(f.askers))
	began := time.Now()
	for i, a := range f.askers {
		asking.Go(func() {
			scratch := make([]byte, len(a.answer))
			last := time.Now()
			for n := range f.each {
				if errs[i] = a.ask(scratch); errs[i] != nil {
					return
				}
				at := time.Now()
				f.took[i*f.each+n] = at.Sub(last)
				last = at
			}
		})
	}
	asking.Wait()
	all := time.Since(began)
	slices.Sort(f.took)
	return float64(len(f.took)) / all.Seconds(), f.took[len(f.took)*99/100].Seconds(), errors.Join(errs...)
}
