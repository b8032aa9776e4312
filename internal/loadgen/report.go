package loadgen

import (
	"slices"
	"strings"
	"time"
)

// Report is what a run showed.
type Report struct {
	Server  string
	Users   int
	Clients int
	// Rate is the one asked for; 0: as many as the clients managed.
	Rate float64
	// Took is from the first login's begin to the last one's end.
	Took time.Duration
	// Logins is how many were played, whatever came of them, and Succeeded how
	// many of them gave a session and, where asked for, ended it.
	Logins, Succeeded int
	// PerSecond is Succeeded over Took.
	PerSecond float64
	// Interrupted: the context ended before the run did.
	Interrupted bool
	// Legs are those that were played, in the order of a login; the whole
	// login, from when it was due to its session, comes last.
	Legs []Leg
	// Outcomes are those that came up, most often first.
	Outcomes []Count
}

// Leg is how long one part of the logins took.
type Leg struct {
	Name                           string
	Count                          int
	Mean, P50, P90, P99, P999, Max time.Duration
}

// Count is one outcome. Example is the first error of its kind; nil for [OK].
type Count struct {
	Outcome Outcome
	Logins  int
	Example error
}

func (g *Generator) report(t *tally, took time.Duration) *Report {
	r := &Report{
		Server: g.c.Server, Users: len(g.c.Users), Clients: g.c.Clients, Rate: g.c.Rate, Took: took,
		Succeeded: t.outcomes[OK],
	}
	for o, n := range t.outcomes {
		r.Logins += n
		r.Outcomes = append(r.Outcomes, Count{Outcome: o, Logins: n, Example: t.examples[o]})
	}
	slices.SortFunc(r.Outcomes, func(a, b Count) int {
		if a.Logins != b.Logins {
			return b.Logins - a.Logins
		}
		return strings.Compare(string(a.Outcome), string(b.Outcome))
	})
	if took > 0 {
		r.PerSecond = float64(r.Succeeded) / took.Seconds()
	}
	for i := range t.legs {
		if h := &t.legs[i]; h.Count() > 0 {
			r.Legs = append(r.Legs, Leg{
				Name: leg(i).String(), Count: h.Count(), Mean: h.Mean(), Max: h.Max(),
				P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), P999: h.Quantile(0.999),
			})
		}
	}
	return r
}
