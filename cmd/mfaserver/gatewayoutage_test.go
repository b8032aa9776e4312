package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Fault R20, threat T151: the engine is killed and restarted under load. Calls fail
// with 502 or 503 while it is down and only then, and no POST reaches it twice.
func TestEngineRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	value := b.createToken(t, "--user", "alice")
	c := b.client(t)
	c.http.Transport.(*http.Transport).MaxIdleConnsPerHost = 16
	post := func(id string) (int, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server+"/api/echo/body", strings.NewReader(id))
		if err != nil {
			return 0, err
		}
		r.Header.Set("Authorization", "Bearer "+value)
		r.Header.Set("Content-Type", "text/plain")
		resp, err := c.http.Do(r)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	if code, err := post("first"); err != nil || code != http.StatusOK {
		t.Fatalf("POST through the gateway = %d, %v", code, err)
	}
	// up is false from before the kill until the restart is done.
	var up atomic.Bool
	up.Store(true)
	var count, failed atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	for worker := range 8 {
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				before := up.Load()
				code, err := post(fmt.Sprintf("post-%d-%d", worker, i))
				after := up.Load()
				count.Add(1)
				switch {
				case err != nil:
					t.Errorf("POST: %v", err)
				case code == http.StatusOK:
				case code != http.StatusBadGateway && code != http.StatusServiceUnavailable:
					t.Errorf("POST = %d, want 200, 502 or 503", code)
				case before && after:
					t.Errorf("POST = %d while the engine was up", code)
				default:
					failed.Add(1)
				}
			}
		})
	}
	for range 3 {
		wait(t, &count, 40)
		up.Store(false)
		b.engine.Kill()
		wait(t, &failed, 20)
		if err := b.engine.Restart(); err != nil {
			t.Fatal(err)
		}
		// The session of the token is gone at the engine; the first calls
		// find that out and open another.
		eventually(t, "calls get through again", func() bool { code, err := post("probe"); return err == nil && code == http.StatusOK })
		drain(t, &count)
		up.Store(true)
	}
	close(stop)
	load.Wait()
	seen := map[string]int{}
	for _, r := range b.engine.Requests() {
		if body := string(r.Body); strings.HasPrefix(body, "post-") {
			seen[body]++
		}
	}
	for body, n := range seen {
		if n > 1 {
			t.Errorf("%s reached the engine %d times", body, n)
		}
	}
	if len(seen) < 100 || failed.Load() < 60 {
		t.Errorf("%d posts arrived and %d failed; that shows too little", len(seen), failed.Load())
	}
}

// wait waits until a counter has grown by n.
func wait(t *testing.T, counter *atomic.Int64, n int64) {
	t.Helper()
	until := counter.Load() + n
	eventually(t, "the load goes on", func() bool { return counter.Load() >= until })
}

// drain waits until the calls that were under way are answered.
func drain(t *testing.T, count *atomic.Int64) {
	t.Helper()
	wait(t, count, 16)
}
