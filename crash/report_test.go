//go:build unix

package crash_test

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// report is what a run says of itself.
func (r *rig) report(s settings, took time.Duration) string {
	c := &r.counts
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("seed %d: %d kills in %v (%d at points, %d while starting, %d of the store behind), %d SIGSTOP, %d SIGTERM, %d rotations, %d points not reached",
		s.seed, c.kills.Load(), took.Round(time.Second), c.pointKills.Load(), c.startupKills.Load(), c.backingKills.Load(),
		c.stops.Load(), c.terms.Load(), c.rotations.Load(), c.missed.Load())
	for _, p := range r.points() {
		line("  %-22s %d", p, r.deaths[p])
	}
	line("sessions: %d started, %d logged out, %d replaced, %d revoked; %d requests cut off",
		c.logins.Load(), c.logouts.Load(), c.replacements.Load(), c.revocations.Load(), c.cuts.Load())
	line("logins: %d raced, %d stolen, %d under another name, %d replayed; %d cut off and sent again, of which %d went on",
		c.raced.Load(), c.thefts.Load(), c.swaps.Load(), c.replays.Load(), c.retried.Load(), c.retriedGranted.Load())
	line("checks: %d after restarts (%d of doubtful sessions), %d in all; %d token calls at duo",
		c.verified.Load(), c.settled.Load(), c.checks.Load(), r.duo.CountCalls("token"))
	var starts []time.Duration
	for _, n := range r.nodes {
		starts = append(starts, n.started...)
	}
	slices.Sort(starts)
	if len(starts) > 0 {
		late, _ := slices.BinarySearch(starts, promptStart)
		line("ready: median %v, worst %v of %d starts, %d later than %v", starts[len(starts)/2].Round(time.Millisecond),
			starts[len(starts)-1].Round(time.Millisecond), len(starts), len(starts)-late, promptStart)
	}
	for i, t := range r.trails {
		line("trail of %s: %d lines up to sequence %d", r.nodes[i].name, t.lines, t.sequence)
	}
	line("found: %d", len(r.found.list()))
	return b.String()
}
