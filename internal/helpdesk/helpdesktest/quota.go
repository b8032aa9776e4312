// Package helpdesktest is the conformance suite of [helpdesk.Quota].
package helpdesktest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/helpdesk"
)

// start is the suite's clock: quotas must go by the times they are given.
var start = time.Date(2031, time.March, 4, 5, 6, 7, 8, time.UTC)

// TestQuota checks a quota against its contract. newQuota returns one in which
// nothing was counted.
func TestQuota(t *testing.T, newQuota func(t *testing.T) helpdesk.Quota) {
	t.Helper()
	q := newQuota(t)
	for _, step := range []struct {
		actor  string
		n      int
		after  time.Duration
		within bool
	}{
		{"helen", 6, 0, false},
		{"helen", 3, 0, true},
		{"helen", 2, time.Hour, true},
		{"helen", 1, time.Hour, false},
		{"harry", 5, time.Hour, true},
		{"helen", 1, helpdesk.Day - time.Millisecond, false},
		{"helen", 3, helpdesk.Day, true},
		{"helen", 1, helpdesk.Day, false},
		{"helen", 2, helpdesk.Day + time.Hour, true},
		{"helen", 1, time.Minute, false}, // the clock was put back
	} {
		within, err := q.Take(t.Context(), step.actor, step.n, 5, start.Add(step.after))
		if err != nil || within != step.within {
			t.Errorf("Take(%s, %d) after %s = %t, %v, want %t, nil", step.actor, step.n, step.after, within, err, step.within)
		}
	}
	// Threat T158: of many at once no more than the limit.
	var got atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			within, err := q.Take(t.Context(), "hasty", 1, 10, start)
			if err != nil {
				t.Errorf("Take by many at once = %v, want nil", err)
			}
			if within {
				got.Add(1)
			}
		})
	}
	all.Wait()
	if got.Load() != 10 {
		t.Errorf("%d of 50 at once stay within a limit of 10", got.Load())
	}
}
