package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/web/gateway"
)

// letters is a body of n bytes that is nowhere in memory.
type letters struct{ n, at int64 }

func (l *letters) Read(p []byte) (int, error) {
	if l.at == l.n {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), l.n-l.at)]
	for i := range p {
		p[i] = byte('a' + (l.at+int64(i))%26)
	}
	l.at += int64(len(p))
	return len(p), nil
}

// peak measures by how much the heap in use grows while f runs.
func peak(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapInuse)
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return most - min(most, before.HeapInuse)
}

// Threats T149, T181: bodies stream in both directions at once, byte for byte,
// whatever their size and encoding, in memory that does not grow with them.
func TestStreaming(t *testing.T) { //nolint:paralleltest // it measures memory
	size := int64(5 << 30)
	if testing.Short() || !*large {
		size = 96 << 20
	}
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex()
		rw.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		rw.Header().Set("Content-Encoding", r.Header.Get("Content-Encoding"))
		if r.ContentLength > 0 {
			rw.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
		}
		sum := sha256.New()
		_, _ = io.Copy(sum, r.Body)
		_, _ = io.Copy(rw, &letters{n: size})
	})
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Limits.MaxRequest = size
	})
	_, cookie := h.signIn(t, "alice", canary)
	for _, known := range []bool{true, false} {
		grown := peak(func() {
			r := h.request(t, http.MethodPost, "/api/server/configuration", &letters{n: size}, cookie)
			if known {
				r.ContentLength = size
			}
			r.Header.Set("Content-Type", "application/octet-stream")
			r.Header.Set("Content-Encoding", "gzip") // which it is not: nobody looks
			res, err := h.Client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer closing(res.Body)
			got, want := sha256.New(), sha256.New()
			n, err := io.Copy(got, res.Body)
			if _, e := io.Copy(want, &letters{n: size}); e != nil {
				t.Fatal(e)
			}
			if err != nil || n != size || !same(got, want) || res.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("%d bytes came back (%v), want %d alike", n, err, size)
			}
		})
		if grown > 32<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
	}
}

func same(a, b hash.Hash) bool { return bytes.Equal(a.Sum(nil), b.Sum(nil)) }

// Threat T149: an answer shows as it comes, be it slow.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = rw.Write([]byte{'x'})
			_ = http.NewResponseController(rw).Flush()
			<-next
		}
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(res.Body)
	for range 3 {
		if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		next <- struct{}{}
	}
}

// Threat T149: the server's deadlines for short exchanges do not end long ones
// in which something moves or the engine thinks.
func TestLongerThanTheServerAllows(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "think") {
			time.Sleep(serverTimeout + time.Second)
		}
		for range 8 {
			if _, err := rw.Write(make([]byte, 100)); err != nil {
				return
			}
			_ = http.NewResponseController(rw).Flush()
			if strings.HasSuffix(r.URL.Path, "drip") {
				time.Sleep(serverTimeout / 6)
			}
		}
	})
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary)
	for _, path := range []string{"/api/think", "/api/drip", "/api/upload"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var body io.Reader = http.NoBody
			if path == "/api/upload" {
				body = &slow{left: 8, every: serverTimeout / 6}
			}
			res, got := h.do(t, h.request(t, http.MethodPost, path, body, cookie))
			if res.StatusCode != http.StatusOK || len(got) != 800 {
				t.Errorf("POST = %d with %d bytes, want 200 with 800", res.StatusCode, len(got))
			}
		})
	}
}

// slow is a body that comes byte by byte.
type slow struct {
	left  int
	every time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.every)
	s.left--
	p[0] = 'x'
	return 1, nil
}

// Threat T149: what stands still is cut, on each side and in each direction.
func TestIdle(t *testing.T) {
	t.Parallel()
	idle := func(w *wire) func(*gateway.Config) {
		return func(c *gateway.Config) {
			to(w)(c)
			c.Limits.Idle = 300 * time.Millisecond
		}
	}
	t.Run("the engine stops in its answer", func(t *testing.T) {
		t.Parallel()
		over := make(chan struct{}, 1)
		w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
			_, _ = rw.Write([]byte("begun"))
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
			over <- struct{}{}
		})
		h := newHouse(t, idle(w))
		_, cookie := h.signIn(t, "alice", canary)
		res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
		if err != nil {
			t.Fatal(err)
		}
		defer closing(res.Body)
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Error("the answer ended well, want it cut")
		}
		within(t, 2*time.Second, over, "the engine's end")
	})
	t.Run("the client stops in its request", func(t *testing.T) {
		t.Parallel()
		over := make(chan struct{}, 1)
		w := newWire(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			over <- struct{}{}
		})
		h := newHouse(t, idle(w))
		_, cookie := h.signIn(t, "alice", canary)
		answer := h.raw(t, "POST /api/channels HTTP/1.1\r\nHost: x\r\nX-Requested-With: t\r\nContent-Length: 100\r\nCookie: "+
			cookie.Name+"="+cookie.Value+"\r\n\r\nbegun")
		if code := statusOf(answer); code != http.StatusRequestTimeout {
			t.Errorf("POST = %d, want 408", code)
		}
		within(t, 2*time.Second, over, "the engine's end")
	})
	t.Run("the client stops reading", func(t *testing.T) {
		t.Parallel()
		over := make(chan struct{}, 1)
		w := newWire(t, endless(over))
		h := newHouse(t, idle(w))
		_, cookie := h.signIn(t, "alice", canary)
		res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
		if err != nil {
			t.Fatal(err)
		}
		defer closing(res.Body)
		within(t, 5*time.Second, over, "the engine's end")
	})
}

// Threat T149: a body over the limit is refused, before anything of it crosses
// where its length is known, and never comes to an end for the engine
// otherwise.
func TestRequestLimit(t *testing.T) {
	t.Parallel()
	var whole atomic.Int64
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err == nil {
			whole.Store(n)
		}
		rw.WriteHeader(http.StatusNoContent)
	})
	const limit = 1 << 20
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Limits.MaxRequest = limit
	})
	_, cookie := h.signIn(t, "alice", canary)
	post := func(n int64, known bool) int {
		r := h.request(t, http.MethodPost, "/api/channels", &letters{n: n}, cookie)
		if known {
			r.ContentLength = n
		}
		res, err := h.Client.Do(r)
		if err != nil {
			return 0 // cut while it was still sending
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for _, known := range []bool{true, false} {
		if code := post(limit, known); code != http.StatusNoContent || whole.Swap(0) != limit {
			t.Errorf("at the limit: %d, want 204", code)
		}
	}
	before := w.count.Load()
	if code := post(limit+1, true); code != http.StatusRequestEntityTooLarge || w.count.Load() != before {
		t.Errorf("over the limit: %d, want 413 and nothing at the engine", code)
	}
	if code := post(limit+1, false); code != http.StatusRequestEntityTooLarge {
		t.Errorf("over the limit in chunks: %d, want 413", code)
	}
	if n := whole.Load(); n != 0 {
		t.Errorf("the engine took %d bytes for a whole body", n)
	}
}

// Threat T149: an answer that the engine breaks off breaks off for the client
// too, whether or not its length was known.
func TestTruncatedAnswer(t *testing.T) {
	t.Parallel()
	for _, framing := range []string{"Content-Length: 100\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n64\r\n"} {
		w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
			c, buf, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				panic(err)
			}
			defer closing(c)
			_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + framing + strings.Repeat("x", 50))
			_ = buf.Flush()
		})
		h := newHouse(t, to(w))
		_, cookie := h.signIn(t, "alice", canary)
		res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			_ = res.Body.Close()
		}
		if err == nil {
			t.Errorf("with %q the answer ended well, want it cut", framing)
		}
	}
}

// Threat T149, fault R28: a client that leaves is gone for the engine within a second, in
// each stage.
func TestClientLeaves(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]bool{"thinking": false, "answering": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, over := make(chan struct{}), make(chan struct{}, 1)
			w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
				if answer {
					_, _ = rw.Write([]byte("begun"))
					_ = http.NewResponseController(rw).Flush()
				}
				close(begun)
				<-r.Context().Done()
				over <- struct{}{}
			})
			h := newHouse(t, to(w))
			_, cookie := h.signIn(t, "alice", canary)
			ctx, cancel := context.WithCancel(t.Context())
			left := make(chan struct{})
			r := h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie).WithContext(ctx)
			go func() {
				defer close(left)
				res, err := h.Client.Do(r)
				if err == nil {
					_, err = io.ReadAll(res.Body)
					_ = res.Body.Close()
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the request ended with %v", err)
				}
			}()
			within(t, 5*time.Second, begun, "the request")
			cancel()
			within(t, time.Second, over, "the engine's end")
			<-left
		})
	}
}
