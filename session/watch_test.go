package session_test

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"mfaserver/session"
)

// Threats T113, T152: whoever serves a session for long is told of its end,
// whatever ended it.
func TestWatch(t *testing.T) {
	t.Parallel()
	//nolint:thelper // what ends the session is the case, not a helper
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, f *fixture, s session.Session, cookie string) error
	}{
		{"logout", func(t *testing.T, f *fixture, _ session.Session, cookie string) error {
			_, err := f.End(t.Context(), httptest.NewRecorder(), request(cookie))
			return err
		}},
		{"revocation", func(t *testing.T, f *fixture, s session.Session, _ string) error {
			_, err := f.Revoke(t.Context(), s.Key, "test")
			return err
		}},
		{"revocation of the user", func(t *testing.T, f *fixture, s session.Session, _ string) error {
			_, err := f.EndUser(t.Context(), s.Username, "test")
			return err
		}},
		{"a login that replaces it", func(t *testing.T, f *fixture, _ session.Session, cookie string) error {
			f.start(t, alice(), cookie)
			return nil
		}},
		{"the limit", func(t *testing.T, f *fixture, _ session.Session, _ string) error {
			f.clock.Add(time.Second)
			f.start(t, alice())
			f.start(t, alice())
			return nil
		}},
		{"the sweep", func(t *testing.T, f *fixture, _ session.Session, _ string) error {
			f.clock.Add(session.DefaultIdle)
			_, err := f.Sweep(t.Context())
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(c *session.Config) { c.PerUser = 2 })
			s, cookie := f.start(t, alice())
			first, stop := f.Watch(t.Context(), s.Key)
			defer stop()
			second, stopSecond := f.Watch(t.Context(), s.Key)
			stopSecond()
			stopSecond()
			if closed(first) || closed(second) {
				t.Fatal("told of an end before there was one")
			}
			if err := tt.end(t, f, s, cookie); err != nil {
				t.Fatalf("end: %v", err)
			}
			if !closed(first) {
				t.Error("not told of the end")
			}
			if late, stop := f.Watch(t.Context(), s.Key); !closed(late) {
				t.Error("a watch begun after the end was not told")
				stop()
			}
		})
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A watch begun while the session ends is told in any case.
func TestWatchRaces(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 200 {
		s, cookie := f.start(t, alice())
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := f.End(t.Context(), httptest.NewRecorder(), request(cookie)); err != nil {
				t.Errorf("End: %v", err)
			}
		})
		both.Go(func() {
			ended, stop := f.Watch(t.Context(), s.Key)
			defer stop()
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Error("the end was missed")
			}
		})
		both.Wait()
	}
}
