//go:build failpoint && unix

package failpoint

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// trigger is an armed point.
type trigger struct {
	Arm
	left atomic.Int64
}

// armed reads the environment once, at the first point reached.
var armed = sync.OnceValue(func() map[Point]*trigger {
	all, err := Parse(os.Getenv(Variable))
	if err != nil {
		panic(err)
	}
	triggers := make(map[Point]*trigger, len(all))
	for _, a := range all {
		t := &trigger{Arm: a}
		t.left.Store(int64(a.At))
		triggers[a.Point] = t
	}
	return triggers
})

// Hit kills or stops the process when p is armed and it is time.
func Hit(p Point) {
	t := armed()[p]
	if t == nil || t.left.Add(-1) != 0 {
		return
	}
	signal := syscall.SIGKILL
	if t.Action == Stop {
		signal = syscall.SIGSTOP
	}
	_, _ = fmt.Fprintf(os.Stderr, "failpoint %s: %s\n", p, t.Action)
	if err := syscall.Kill(os.Getpid(), signal); err != nil {
		panic(err)
	}
	if t.Action == Kill {
		select {} // the signal is on its way; go no further
	}
}
