package mutant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// surveyLimit bounds one test by itself, surveyTries how often it may fail on a
// busy machine before it is taken for broken.
const (
	surveyLimit = 5 * time.Minute
	surveyTries = 3
)

// testCase is a test, an example or the seeds of a fuzz target.
type testCase struct {
	in   testBinary
	name string
	// took is how long it ran by itself with every check in place, the start of
	// its process included.
	took time.Duration
	// reached are the IDs of the checks that it comes by.
	reached map[int]bool
}

// Survey runs every test by itself, so many at a time, with every check in
// place, and notes which checks it comes by and how long it takes. done is
// called after each, never twice at once. A test that keeps failing is
// [ErrBaseline].
func (b *Binary) Survey(ctx context.Context, workers int, done func(surveyed, of int)) error {
	for _, t := range b.tests {
		names, err := t.list(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			b.cases = append(b.cases, testCase{in: t, name: name})
		}
	}
	var mu sync.Mutex
	var failed error
	surveyed := 0
	spread(workers, len(b.cases), func(i int) bool {
		err := b.survey(ctx, i)
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
		surveyed++
		done(surveyed, len(b.cases))
		return failed == nil
	})
	slices.SortStableFunc(b.cases, func(x, y testCase) int { return int(x.took - y.took) })
	return failed
}

// survey runs the test with the given index.
func (b *Binary) survey(ctx context.Context, i int) error {
	c := &b.cases[i]
	seen := filepath.Join(b.work, "seen"+strconv.Itoa(i))
	for try := 1; ; try++ {
		o, err := c.in.run(ctx, []string{c.name}, surveyLimit, envSeen+"="+seen)
		if err != nil {
			return err
		}
		c.took = o.took
		if o.state == passed {
			break
		}
		if try == surveyTries {
			return fmt.Errorf("%w: %s %s\n%s", ErrBaseline, c.in.dir, c.name, o.text)
		}
	}
	text, err := os.ReadFile(seen) //nolint:gosec // just written
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("mutant: %w", err)
	}
	c.reached = make(map[int]bool)
	for line := range strings.Lines(string(text)) {
		if id, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			c.reached[id] = true
		}
	}
	return nil
}

// spread calls work for every number below n, so many at a time, until one call
// returns false.
func spread(workers, n int, work func(int) bool) {
	next := make(chan int)
	stop := make(chan struct{})
	var once sync.Once
	var group sync.WaitGroup
	for range max(1, workers) {
		group.Go(func() {
			for i := range next {
				if !work(i) {
					once.Do(func() { close(stop) })
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-stop:
			break feed
		}
	}
	close(next)
	group.Wait()
}
