// Package chart draws numbers over time as inline SVG: lines, bars, and bars on
// top of one another. A plot has a title and a description, axes, a legend in
// which each series has a pattern or a shape beside its colour, and the same
// numbers as a table for whoever would rather read. The style of package
// browser colours it, in light and dark.
package chart

import (
	"html/template"
	"math"
	"time"

	"mfaserver/web/text"
)

// Tone is the colour of a series.
type Tone string

// The tones. Without one the series of a plot take One to Six in their order.
const (
	One   Tone = "one"
	Two   Tone = "two"
	Three Tone = "three"
	Four  Tone = "four"
	Five  Tone = "five"
	Six   Tone = "six"
	// Good and Bad are for what is as it should be and for what is not.
	Good Tone = "three"
	Bad  Tone = "seven"
)

// Series is one row of numbers. NaN is a gap; so is what is missing at the
// end, and what is beyond 10 to the power of 12.
type Series struct {
	Name   string
	Values []float64
	Tone   Tone
}

// Plot is what is to be drawn.
type Plot struct {
	// ID is unlike that of any other element of the page; ids of parts begin
	// with it.
	ID string
	// Title is the heading of the plot, at level 2 unless Bare leaves it to the
	// page. Desc says in a sentence what there is to see.
	Title, Desc string
	Bare        bool
	// Times are the beginnings of the intervals that the values belong to, in
	// order.
	Times  []time.Time
	Series []Series
	// Format writes a value for people; nil writes whole numbers, and others
	// with at most two decimals.
	Format func(float64) string
	// Axis and Row are layouts of times below the plot and in the table; empty
	// means days where the plot spans more than two, else the clock.
	Axis, Row string
	// Totals adds to the legend the sum of each series.
	Totals bool
}

// Lines draws each series as a line with marks.
func Lines(p Plot) template.HTML { return draw(&p, drawLines, largest(&p)) }

// Bars draws the series side by side.
func Bars(p Plot) template.HTML { return draw(&p, drawBars, largest(&p)) }

// Stacked draws the series on top of one another: for parts of a whole. Values
// below zero count as gaps.
func Stacked(p Plot) template.HTML { return draw(&p, drawStacked, highest(&p)) }

// most is beyond anything that is counted or measured; sums stay exact enough
// below it.
const most = 1e12

// at is a value of a series, or a gap.
func (s *Series) at(i int) float64 {
	if i >= len(s.Values) || math.Abs(s.Values[i]) > most {
		return math.NaN()
	}
	return s.Values[i]
}

// largest is the largest value, highest the highest pile of them.
func largest(p *Plot) float64 {
	top := 0.0
	for i := range p.Times {
		for j := range p.Series {
			top = max(top, orZero(p.Series[j].at(i)))
		}
	}
	return top
}

func highest(p *Plot) float64 {
	top := 0.0
	for i := range p.Times {
		sum := 0.0
		for j := range p.Series {
			sum += orZero(p.Series[j].at(i))
		}
		top = max(top, sum)
	}
	return top
}

// orZero is v where it is more than nothing.
func orZero(v float64) float64 {
	if v > 0 {
		return v
	}
	return 0
}

// words are those of all pages.
func words() text.Common { return text.English.Common }
