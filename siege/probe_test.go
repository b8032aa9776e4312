package siege_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// prober does one thing again and again, and notes how long it took.
type prober struct {
	every time.Duration
	// once is the thing; an error ends the measurement.
	once func(ctx context.Context) (class string, err error)
}

// measured are the figures of each class of answers.
type measured struct {
	by  map[string]figures
	err error
}

// during measures until stop. It does not start the next before the last is
// done, and keeps no schedule: what is slow is not counted twice.
func (p prober) during(ctx context.Context, stop <-chan struct{}) measured {
	took := map[string][]time.Duration{}
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	m := measured{by: map[string]figures{}}
	for m.err == nil {
		select {
		case <-stop:
			for class, all := range took {
				m.by[class] = sorted(all)
			}
			return m
		case <-tick.C:
		}
		began := time.Now()
		class, err := p.once(ctx)
		took[class] = append(took[class], time.Since(began))
		m.err = err
	}
	return m
}

// together runs the probers for a while, or until f returns.
func together(ctx context.Context, t *testing.T, f func(), probers ...prober) []measured {
	t.Helper()
	all, stop := make([]measured, len(probers)), make(chan struct{})
	var running sync.WaitGroup
	for i, p := range probers {
		running.Go(func() { all[i] = p.during(ctx, stop) })
	}
	f()
	close(stop)
	running.Wait()
	for _, m := range all {
		if m.err != nil {
			t.Fatal(m.err)
		}
	}
	return all
}

// working is a client with a session who goes on with his work: path, and the
// status that he wants for it.
func working(c *client, path string) prober {
	return prober{every: 5 * time.Millisecond, once: func(ctx context.Context) (string, error) {
		a, err := c.get(ctx, path)
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("%w: GET %s: %d %s", errLogin, path, a.status, a.body)
		}
		return "ok", err
	}}
}

// refused is somebody among those who flood, whose waiting is measured. It is
// told apart what was shed at once and what was judged.
func refused(ctx context.Context, t *testing.T, o floodOrder) prober {
	t.Helper()
	f := &flood{order: o}
	f.turn.Store(1 << 22)
	conn, err := f.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	t.Cleanup(func() { stop() })
	return prober{every: 5 * time.Millisecond, once: refusedOnce(f, conn)}
}

func refusedOnce(f *flood, conn net.Conn) func(context.Context) (string, error) {
	reader := bufio.NewReader(conn)
	return func(context.Context) (string, error) {
		if _, err := io.WriteString(conn, f.request(f.turn.Add(1))); err != nil {
			return "", err
		}
		switch status, err := readAnswer(reader); {
		case err != nil:
			return "", err
		case status == http.StatusTooManyRequests:
			return shed, nil
		case status == http.StatusUnauthorized:
			return judged, nil
		default:
			return "", fmt.Errorf("%w: %d", errLogin, status)
		}
	}
}

// Classes of refusals.
const (
	shed   = "shed"
	judged = "judged"
)
