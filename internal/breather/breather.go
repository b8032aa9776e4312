// Package breather keeps long work in the background from making others wait.
//
// Go looks for news from the network when a processor has nothing to run, and
// otherwise every ten milliseconds. Work that goes on and on therefore delays
// every request by milliseconds, and runtime.Gosched does not help: whoever calls
// it is next again. Work that sleeps for a moment does.
package breather

import "time"

// Pace is how long work goes on at a stretch, and how long it then sleeps, about.
type Pace struct{ Longest, Pause time.Duration }

// Steady is for work that somebody waits for, and the pace of the zero Breather.
func Steady() Pace { return Pace{Longest: 300 * time.Microsecond, Pause: 100 * time.Microsecond} }

// Gentle is for work that nobody waits for: it takes a quarter of a processor.
func Gentle() Pace { return Pace{Longest: 100 * time.Microsecond, Pause: 300 * time.Microsecond} }

// Unhurried is for work that has hours while others have milliseconds: it takes a
// thirtieth of a processor.
func Unhurried() Pace { return Pace{Longest: 100 * time.Microsecond, Pause: 3 * time.Millisecond} }

// Breather belongs to one goroutine. The zero value is ready.
type Breather struct {
	pace  Pace
	since time.Time
}

// New returns a Breather of another pace.
func New(p Pace) Breather { return Breather{pace: p} }

// Keep changes the pace.
func (b *Breather) Keep(p Pace) { b.pace = p }

// Breathe returns at once, or after a moment when there was no pause for a
// while. Call it after each small piece of work.
func (b *Breather) Breathe() {
	now := time.Now() //nolint:forbidigo // it measures, and decides nothing
	if b.since.IsZero() {
		b.since = now
		if b.pace == (Pace{}) {
			b.pace = Steady()
		}
		return
	}
	if now.Sub(b.since) < b.pace.Longest {
		return
	}
	time.Sleep(b.pace.Pause)
	b.since = time.Now() //nolint:forbidigo // as above
}
