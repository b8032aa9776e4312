package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"mfaserver/internal/loadgen"
)

// benchProgress says once a second how far a run is, from the third one on. The
// function that it returns ends that.
func (g *globals) benchProgress(generator *loadgen.Generator) (stop func()) {
	over := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		began := now()
		next := time.NewTimer(patience)
		defer next.Stop()
		for {
			select {
			case <-over:
				return
			case <-next.C:
			}
			took := now().Sub(began)
			played, succeeded := generator.Progress()
			g.console.complain("%v: %d logins, %.0f a second, %d failed\n",
				took.Round(time.Second), played, float64(played)/took.Seconds(), played-succeeded)
			next.Reset(time.Second)
		}
	})
	return func() {
		close(over)
		telling.Wait()
	}
}

// benchView is a report as JSON has it. All durations are milliseconds.
type benchView struct {
	Server      string         `json:"server"`
	Users       int            `json:"users"`
	Clients     int            `json:"clients"`
	Rate        float64        `json:"rate,omitempty"`
	Seconds     float64        `json:"seconds"`
	Logins      int            `json:"logins"`
	Succeeded   int            `json:"succeeded"`
	PerSecond   float64        `json:"per_second"`
	Interrupted bool           `json:"interrupted"`
	Legs        []legView      `json:"legs"`
	Outcomes    []benchOutcome `json:"outcomes"`
}

type legView struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

type benchOutcome struct {
	Name    string `json:"name"`
	Logins  int    `json:"logins"`
	Example string `json:"example,omitempty"`
}

func (g *globals) printBench(r *loadgen.Report) error {
	if g.output == "json" {
		return printJSON(g.console.out, newBenchView(r))
	}
	pace := "as many as they manage"
	if r.Rate > 0 {
		pace = strconv.FormatFloat(r.Rate, 'g', -1, 64) + " a second"
	}
	if _, err := fmt.Fprintf(g.console.out, "%d logins in %.1f s: %.1f a second by %d clients (%s), users: %d, at %s\n\n",
		r.Logins, r.Took.Seconds(), r.PerSecond, r.Clients, pace, r.Users, r.Server); err != nil {
		return err
	}
	rows := make([][]string, len(r.Legs))
	for i, l := range r.Legs {
		rows[i] = []string{l.Name, strconv.Itoa(l.Count)}
		for _, d := range []time.Duration{l.Mean, l.P50, l.P90, l.P99, l.P999, l.Max} {
			rows[i] = append(rows[i], strconv.FormatFloat(milliseconds(d), 'f', 1, 64))
		}
	}
	if err := table(g.console.out, []string{"PART", "COUNT", "MEAN MS", "P50", "P90", "P99", "P99.9", "MAX"}, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(g.console.out); err != nil {
		return err
	}
	rows = rows[:0]
	for _, o := range newBenchView(r).Outcomes {
		rows = append(rows, []string{o.Name, strconv.Itoa(o.Logins), o.Example})
	}
	return table(g.console.out, []string{"OUTCOME", "LOGINS", "FOR EXAMPLE"}, rows)
}

func newBenchView(r *loadgen.Report) benchView {
	v := benchView{
		Server: r.Server, Users: r.Users, Clients: r.Clients, Rate: r.Rate, Seconds: r.Took.Seconds(), Logins: r.Logins,
		Succeeded: r.Succeeded, PerSecond: r.PerSecond, Interrupted: r.Interrupted, Legs: []legView{}, Outcomes: []benchOutcome{},
	}
	for _, l := range r.Legs {
		v.Legs = append(v.Legs, legView{
			l.Name, l.Count, milliseconds(l.Mean), milliseconds(l.P50), milliseconds(l.P90), milliseconds(l.P99), milliseconds(l.P999), milliseconds(l.Max),
		})
	}
	for _, o := range r.Outcomes {
		one := benchOutcome{Name: string(o.Outcome), Logins: o.Logins}
		if o.Example != nil {
			one.Example = sentence(o.Example)
		}
		v.Outcomes = append(v.Outcomes, one)
	}
	return v
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
