package throttle_test

import (
	"errors"
	"testing"
	"time"

	"mfaserver/internal/throttle"
)

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
