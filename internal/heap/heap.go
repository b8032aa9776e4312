// Package heap says how much garbage may pile up before the collector runs.
//
// Go lets as much pile up as is in use. With the few megabytes that this server
// has in use most of the time the collector would run several times a second as
// soon as there is much to do, and each time somebody waits for it; with many
// sessions it would leave half of a large heap unused. So the heap may grow to
// [Size] while there is much to do, and by half of what is in use in any case;
// by as much again where more than that is in use and there is much to do.
package heap

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// Size is how many bytes the heap has, garbage included, before the collector
	// runs while there is much to do: under a flood of logins the collector is then
	// at work for less than one hundredth of the time.
	Size = 96 << 20
	// busyCycles in one [every] is much to do; after calmRounds without a cycle
	// there is not.
	busyCycles = 2
	calmRounds = 10
	every      = time.Second

	// The bounds of the collector's percentage (GOGC), and what it is with more in
	// use than Size: there a round of the collector is long.
	calmPercent, mostPercent, largePercent = 50, 800, 100
)

// Tend sets the collector's percentage until ctx ends, once a second at most. Call
// it in one place of a process, and only where GOGC is not set.
func Tend(ctx context.Context) {
	before := debug.SetGCPercent(calmPercent)
	defer debug.SetGCPercent(before)
	tick := time.NewTicker(every)
	defer tick.Stop()
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	var k keeper
	percent := calmPercent
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(samples)
		next := k.percent(samples[0].Value.Uint64(), samples[1].Value.Uint64())
		// The world stops for a change: a small one is not worth it.
		if next > percent+percent/8 || next < percent-percent/8 {
			debug.SetGCPercent(next)
			percent = next
		}
	}
}

// keeper judges by how often the collector ran.
type keeper struct {
	cycles uint64
	busy   bool
	calm   int
}

// percent is called once a round, with how many cycles there were since the start
// of the process and how many bytes are in use.
func (k *keeper) percent(cycles, live uint64) int {
	switch ran := cycles - k.cycles; {
	case ran >= busyCycles:
		k.busy, k.calm = true, 0
	case ran > 0:
		k.calm = 0
	default:
		if k.calm++; k.calm >= calmRounds {
			k.busy = false
		}
	}
	k.cycles = cycles
	if !k.busy || live == 0 {
		return calmPercent
	}
	if live >= Size {
		return largePercent
	}
	return int(min(max((Size-live)*100/live, calmPercent), mostPercent))
}
