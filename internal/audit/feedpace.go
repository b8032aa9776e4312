package audit

import (
	"sync/atomic"
	"time"

	"mfaserver/internal/breather"
)

const (
	// floodFrom is how many records a second are a flood, during which the index
	// can wait; judged every paceEvery.
	floodFrom = 200
	paceEvery = 250 * time.Millisecond
	// mostBehind is how many records the index may be behind for that: so many lines
	// of the files are read in less than a second.
	mostBehind = 100_000
)

// feedPace is how fast the index is told. During a flood of records, which is one
// of requests as well, nearly all of the machine is the requests'.
type feedPace struct {
	air breather.Breather
	// durable and told are the last records that may be told of, and that were.
	// hurry is set when somebody waits for the end.
	durable, told atomic.Uint64
	hurry         atomic.Bool

	since time.Time
	seen  uint64
	flood bool
}

// rest is called after each small piece of work, by one goroutine.
func (p *feedPace) rest() {
	if p.hurry.Load() {
		return
	}
	now := time.Now() //nolint:forbidigo // it measures, and decides nothing but a pace
	if took := now.Sub(p.since); took >= paceEvery {
		durable := p.durable.Load()
		pace := paceAt(float64(durable-p.seen)/took.Seconds(), durable-p.told.Load())
		p.air.Keep(pace)
		p.since, p.seen, p.flood = now, durable, pace == breather.Unhurried()
	}
	p.air.Breathe()
}

// restInFlood is called instead where the work has a pace of its own.
func (p *feedPace) restInFlood() {
	if p.flood {
		p.rest()
	}
}

// paceAt is the pace at so many records a second, when the index is so many
// behind.
func paceAt(rate float64, behind uint64) breather.Pace {
	if rate >= floodFrom && behind < mostBehind {
		return breather.Unhurried()
	}
	return breather.Gentle()
}
