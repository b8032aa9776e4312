package main

import (
	"fmt"
	"io"
	"time"
)

// progressEvery is how often a line says how far it is.
const progressEvery = 5 * time.Second

// progress says how far a target is; its caller serializes the calls.
type progress struct {
	to      io.Writer
	target  string
	started time.Time
	last    time.Time
	asked   int
}

func (p *progress) say(now time.Time, format string, args ...any) {
	if now.Sub(p.last) < progressEvery {
		return
	}
	p.last = now
	_, _ = fmt.Fprintf(p.to, "%-10s %s\n", p.target, fmt.Sprintf(format, args...))
}

// judged says how many checks were judged. Those that the journal knew do not
// tell how long the others will take.
func (p *progress) judged(now time.Time, r result, of int, remembered bool) {
	if !remembered {
		p.asked++
	}
	left := "?"
	if p.asked > 0 {
		left = (now.Sub(p.started) / time.Duration(p.asked) * time.Duration(of-r.checks)).Round(time.Second).String()
	}
	p.say(now, "%d of %d checks, %d not noticed, about %s left", r.checks, of, len(r.survivors), left)
}
