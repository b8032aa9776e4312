package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Everything at once, for the race detector: in the end every session that
// started has ended once, and none lives.
func TestManagerConcurrently(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	ends := map[session.Key]int{}
	f := newFixture(t, func(c *session.Config) {
		c.PerUser = 3
		c.OnEnd = func(_ context.Context, s session.Session) {
			mu.Lock()
			defer mu.Unlock()
			ends[s.Key]++
		}
	})
	var all sync.WaitGroup
	started := make([]map[session.Key]bool, 8)
	for w := range started {
		started[w] = map[session.Key]bool{}
		all.Go(func() {
			s := alice()
			s.Username = fmt.Sprint("user ", w%2)
			s.Kind = session.KindAPI
			if w%4 == 3 {
				s.Kind = session.KindPage
			}
			cookie := ""
			for i := range 50 {
				rec := httptest.NewRecorder()
				got, err := f.Start(t.Context(), rec, request(cookie), s)
				if err != nil {
					t.Errorf("Start: %v", err)
					return
				}
				started[w][got.Key] = true
				set := rec.Result().Cookies()[0]
				cookie = set.Name + "=" + set.Value
				f.clock.Add(time.Second)
				load, end := f.Load, f.End
				if s.Kind == session.KindPage {
					load, end = f.LoadPage, f.EndPage
				}
				if _, err := load(request(cookie)); err != nil && !errors.Is(err, session.ErrNotFound) {
					t.Errorf("Load: %v", err)
				}
				switch i % 10 {
				case 3:
					_, err = end(t.Context(), httptest.NewRecorder(), request(cookie))
				case 6:
					_, err = f.EndUser(t.Context(), s.Username, "test")
				case 9:
					_, err = f.Sweep(t.Context())
				}
				if err != nil && !errors.Is(err, session.ErrNotFound) {
					t.Errorf("round %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
	for _, name := range []string{"user 0", "user 1"} {
		if _, err := f.EndUser(t.Context(), name, "last"); err != nil {
			t.Errorf("EndUser: %v", err)
		}
	}
	total := 0
	for _, keys := range started {
		total += len(keys)
		for k := range keys {
			if ends[k] != 1 {
				t.Errorf("session %s ended %d times, want once", k.Handle(), ends[k])
			}
		}
	}
	if len(ends) != total || len(f.live(t)) != 0 {
		t.Errorf("%d sessions started, %d ended, %d live", total, len(ends), len(f.live(t)))
	}
}
