package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/web/gateway"
)

// kib is an answer of 1 KiB with the headers of the engine.
func kib(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Credentials", "false")
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, PUT")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Content-Security-Policy", "frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", "1024")
	_, _ = w.Write(oneKiB)
}

var oneKiB = bytes.Repeat([]byte{'x'}, 1<<10)

// BenchmarkGet compares a GET of 1 KiB through the gateway, its session found
// and watched, with the same through a bare proxy with the same transport, in
// rounds that alternate. It reports the medians of the gateway's throughput
// and of its 99th percentile, each over that of the bare proxy.
func BenchmarkGet(b *testing.B) {
	w := newWire(b, kib)
	transport := engineTransport()
	b.Cleanup(transport.CloseIdleConnections)
	h := newHouse(b, func(c *gateway.Config) { c.Target, c.Transport = w.URL, transport })
	_, cookie := h.signIn(b, "alice", canary)
	bare := newFront(b, &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(w.URL)
			p.SetXForwarded()
		},
		Transport: transport,
	})
	var speed, tail []float64
	for b.Loop() {
		plainTime, plainTail := round(b, h.Client, bare.URL, cookie)
		ourTime, ourTail := round(b, h.Client, h.URL, cookie)
		speed = append(speed, float64(plainTime)/float64(ourTime))
		tail = append(tail, float64(ourTail)/float64(plainTail))
	}
	slices.Sort(speed)
	slices.Sort(tail)
	b.ReportMetric(speed[len(speed)/2], "of-bare")
	b.ReportMetric(tail[len(tail)/2], "p99-of-bare")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCost is what one request costs, for profiles.
func BenchmarkCost(b *testing.B) {
	w := newWire(b, kib)
	h := newHouse(b, to(w))
	_, cookie := h.signIn(b, "alice", canary)
	b.ReportAllocs()
	for b.Loop() {
		ask(b, h.Client, h.URL, cookie)
	}
}

const (
	clients  = 8
	requests = 50 // of each client in a round
)

// round returns how long all requests took, and the 99th percentile.
func round(b *testing.B, client *http.Client, url string, cookie *http.Cookie) (all, tail time.Duration) {
	b.Helper()
	took := make([]time.Duration, clients*requests)
	started := time.Now()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range requests {
				at := time.Now()
				ask(b, client, url, cookie)
				took[c*requests+i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	all = time.Since(started)
	slices.Sort(took)
	return all, took[len(took)*99/100]
}

func ask(b *testing.B, client *http.Client, url string, cookie *http.Cookie) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/api/channels", http.NoBody)
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("X-Requested-With", "bench")
	r.Header.Set("Accept", "application/xml")
	r.AddCookie(cookie)
	res, err := client.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	if n, err := io.Copy(io.Discard, res.Body); n != 1<<10 || err != nil || res.StatusCode != http.StatusOK {
		b.Errorf("answer %d of %d bytes: %v", res.StatusCode, n, err)
	}
	_ = res.Body.Close()
}
