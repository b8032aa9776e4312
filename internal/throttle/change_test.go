package throttle_test

import (
	"errors"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

// Threats T007, T171: rules that are replaced while the server runs forget no
// failure, whether the window grows or shrinks.
func TestChangeKeepsWhatWasCounted(t *testing.T) {
	t.Parallel()
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
			t.Parallel()
			clock := &clock{}
			l, err := throttle.New(throttle.Config{Account: throttle.Rule{Limit: 5, Window: time.Minute}, Now: clock.Now})
			if err != nil {
				t.Fatal(err)
			}
			who := throttle.Subject{Account: "alice"}
			for range 3 {
				clock.Advance(10 * time.Second)
				_ = l.Fail(t.Context(), who)
			}
			if err := l.Change(throttle.Config{Account: throttle.Rule{Limit: c.limit, Window: c.window}}); err != nil {
				t.Fatal(err)
			}
			for n := range c.again {
				if err := l.Check(t.Context(), who); err != nil {
					t.Fatalf("after %d more failures: %v", n, err)
				}
				_ = l.Fail(t.Context(), who)
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

// A change that makes no sense changes nothing.
func TestChangeRefused(t *testing.T) {
	t.Parallel()
	rule := throttle.Rule{Limit: 1, Window: time.Minute}
	l, err := throttle.New(throttle.Config{Account: rule})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]throttle.Config{
		"switched off":    {},
		"switched on":     {Account: rule, Source: rule},
		"negative":        {Account: throttle.Rule{Limit: -1, Window: time.Minute}},
		"negative factor": {Account: rule, Factor: -1},
	} {
		if err := l.Change(c); !errors.Is(err, throttle.ErrConfig) {
			t.Errorf("%s: %v, want %v", name, err, throttle.ErrConfig)
		}
	}
	who := throttle.Subject{Account: "alice"}
	_ = l.Fail(t.Context(), who)
	if err := l.Check(t.Context(), who); !errors.Is(err, throttle.ErrThrottled) {
		t.Errorf("the rule of before: %v, want %v", err, throttle.ErrThrottled)
	}
}
