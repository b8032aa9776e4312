package throttletest

import (
	"errors"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

// Threats T007, T171: rules that are replaced while the server runs forget no
// failure, whether the window grows or shrinks.
func (s suite) changeKeepsWhatWasCounted(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		name   string
		limit  int
		window time.Duration
		again  int // failures that are left
	}{
		{"the same", 5, time.Minute, 2},
		{"a lower limit", 4, time.Minute, 1},
		{"a higher limit", 8, time.Minute, 5},
		{"a longer window", 5, time.Hour, 2},
		{"a shorter window", 5, 15 * time.Second, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, clock := s.counters(t, throttle.Config{Account: throttle.Rule{Limit: 5, Window: time.Minute}})
			who := throttle.Subject{Account: "alice"}
			for range 3 {
				clock.Advance(10 * time.Second)
				fail(t, l, who, 1)
			}
			if err := l.Change(throttle.Config{Account: throttle.Rule{Limit: c.limit, Window: c.window}}); err != nil {
				t.Fatal(err)
			}
			for n := range c.again {
				if err := l.Check(t.Context(), who); err != nil {
					t.Fatalf("after %d more failures: %v", n, err)
				}
				fail(t, l, who, 1)
			}
			if err := l.Check(t.Context(), who); !errors.Is(err, throttle.ErrThrottled) {
				t.Errorf("after %d more failures: %v, want %v", c.again, err, throttle.ErrThrottled)
			}
			clock.Advance(3 * c.window)
			if err := l.Check(t.Context(), who); err != nil {
				t.Errorf("after calm windows: %v", err)
			}
		})
	}
}
