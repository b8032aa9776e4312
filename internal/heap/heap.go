// Package heap says how much garbage may pile up before the collector runs.
//
// Go lets as much pile up as is in use. With the few megabytes that this server
// has in use most of the time the collector would run several times a second as
// soon as there is much to do, and each time somebody waits for it; with many
// sessions it would leave half of a large heap unused. So the heap may grow to
// [Size] while there is much to do, and by half of what is in use in any case.
package heap

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// Size is how many bytes the heap has, garbage included, before the collector
	// runs while there is much to do. Some ten thousand sessions in use and half of
	// it again are as much.
	Size = 40 << 20
	// busyCycles in one [every] is much to do; after calmRounds without a cycle
	// there is not.
	busyCycles = 2
	calmRounds = 10
	every      = time.Second
	// looks is how often in that time what is in use is looked at.
	looks = 10

	// The bounds of the collector's percentage (GOGC).
	calmPercent, mostPercent = 50, 800
)

// Tend sets the collector's percentage until ctx ends. Call it in one place of a
// process, and only where GOGC is not set.
func Tend(ctx context.Context) {
	before := debug.SetGCPercent(calmPercent)
	defer debug.SetGCPercent(before)
	tick := time.NewTicker(every / looks)
	defer tick.Stop()
	samples := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	var k keeper
	percent := calmPercent
	for round := 1; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		whole := round%looks == 0
		if !whole && !k.busy {
			continue
		}
		metrics.Read(samples)
		if whole {
			k.judge(samples[0].Value.Uint64())
		}
		next := k.percent(samples[1].Value.Uint64())
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

// judge is called once in [every], with how many cycles there were since the start
// of the process.
func (k *keeper) judge(cycles uint64) {
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
}

// percent is for so many bytes in use. What is in use may grow fast, and with it
// what a percentage allows: while there is much to do it is asked ten times as
// often.
func (k *keeper) percent(live uint64) int {
	if !k.busy || live == 0 {
		return calmPercent
	}
	if live >= Size {
		return calmPercent
	}
	return int(min(max((Size-live)*100/live, calmPercent), mostPercent))
}
