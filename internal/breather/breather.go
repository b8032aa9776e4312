// Package breather keeps long work in the background from making others wait.
//
// Go looks for news from the network when a processor has nothing to run, and
// otherwise every ten milliseconds. Work that goes on and on therefore delays
// every request by milliseconds, and runtime.Gosched does not help: whoever calls
// it is next again. Work that sleeps for a moment does.
package breather

import "time"

const (
	// longest is how long work goes on at a stretch, pause how long it then
	// sleeps, about.
	longest = 300 * time.Microsecond
	pause   = 100 * time.Microsecond
)

// Breather belongs to one goroutine. The zero value is ready.
type Breather struct{ since time.Time }

// Breathe returns at once, or after a moment when there was no pause for a
// while. Call it after each small piece of work.
func (b *Breather) Breathe() {
	now := time.Now() //nolint:forbidigo // it measures, and decides nothing
	if b.since.IsZero() {
		b.since = now
		return
	}
	if now.Sub(b.since) < longest {
		return
	}
	time.Sleep(pause)
	b.since = time.Now() //nolint:forbidigo // as above
}
