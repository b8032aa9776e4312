//go:build unix

package crash_test

import (
	"testing"
	"time"
)

// Faults R01, R02, R09, R10; threats T063, T070, T073, T113, T195; invariants
// I1, I2, I3, I7, I8. See the package comment.
func TestCrash(t *testing.T) {
	t.Parallel()
	s := readSettings(t)
	r := newRig(t, program(t), s, 1, nil)
	began := time.Now()
	r.run(t.Context(), t, s)
	t.Logf("one node on SQLite\n%s", r.report(s, time.Since(began)))
	for _, f := range r.found.list() {
		t.Error(f)
	}
	if r.counts.logins.Load() == 0 || r.counts.logouts.Load() == 0 || r.counts.retried.Load() == 0 {
		t.Error("too little was done: the run shows nothing")
	}
}
