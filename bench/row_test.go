package bench_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// row is one line of the table: a figure taken in several rounds.
type row struct {
	name string // short, for ROWS and the CSV
	what string
	unit string
	bar  bar
	// rounds are the figures; the median counts.
	rounds []float64
	// context says what stands behind the figure: both sides, in absolute terms.
	context string
}

// bar is what a median is held to.
type bar struct {
	kind  barKind
	limit float64
}

type barKind int

const (
	noBar barKind = iota
	atMost
	atLeast
)

func (b bar) met(v float64) bool {
	switch b.kind {
	case atMost:
		return v <= b.limit
	case atLeast:
		return v >= b.limit
	default:
		return true
	}
}

func (b bar) text(unit string) string {
	switch b.kind {
	case atMost:
		return "at most " + number(b.limit, unit)
	case atLeast:
		return "at least " + number(b.limit, unit)
	default:
		return "none"
	}
}

// number writes a figure with three digits and its unit.
func number(v float64, unit string) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	if math.Abs(v) < 100 {
		text = strconv.FormatFloat(v, 'g', 3, 64)
	}
	if unit == "" {
		return text
	}
	return text + " " + unit
}

func (r *row) median() float64 { return median(r.rounds) }

func (r *row) verdict() string {
	switch {
	case !r.bar.met(r.median()):
		return "falls short"
	case r.bar.kind == noBar:
		return "-"
	default:
		return "pass"
	}
}

// spread is where half of the rounds lie.
func (r *row) spread() string {
	low, high := quantile(r.rounds, 0.25), quantile(r.rounds, 0.75)
	return number(low, "") + " to " + number(high, "")
}

func median(all []float64) float64 { return quantile(all, 0.5) }

// quantile interpolates between the two nearest of all.
func quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// ratios divides two lists pair by pair: both sides of a round stood next to
// each other.
func ratios(ours, bare []float64) []float64 {
	all := make([]float64, len(ours))
	for i := range ours {
		all[i] = ours[i] / bare[i]
	}
	return all
}

// turns runs both sides in each round, each side first in half of the rounds.
func turns(rounds int, ours, bare func() error) error {
	for i := range rounds {
		sides := []func() error{ours, bare}
		if i%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return err
			}
		}
	}
	return nil
}

// both says in words what the two sides of a ratio were.
func both(what string, ours, bare []float64, unit string) string {
	return fmt.Sprintf("%s beside %s (%s)", number(median(ours), unit), number(median(bare), unit), what)
}
