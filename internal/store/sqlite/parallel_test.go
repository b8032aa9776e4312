package sqlite_test

import (
	"sync"
	"sync/atomic"
)

// inParallel calls f for 0 to count-1 from so many goroutines.
func inParallel(goroutines, count int, f func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	group.Wait()
}
