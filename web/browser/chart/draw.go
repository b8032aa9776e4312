package chart

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// The plot is as wide as the page, so x is in percent; y is in pixels.
const (
	height = 200.0
	// above leaves room for half a figure at the top of the axis.
	above = 10.0
	// below is for the times.
	below = 26.0
	// hits is how many intervals have a text of their own under the mouse.
	hits = 200
	// labels is how many times stand below the plot. Every second one is left
	// out on a small screen.
	labels = 9
)

// canvas is where a plot is drawn. Everything that is not a figure is escaped
// on its way in.
type canvas struct {
	strings.Builder

	p *Plot
	// top is the value at the upper end of the axis. lines is set where the
	// legend shows lines.
	top   float64
	lines bool
}

type drawing func(c *canvas)

func draw(p *Plot, body drawing, top float64) template.HTML {
	for j := range p.Series {
		if p.Series[j].Tone == "" {
			p.Series[j].Tone = []Tone{One, Two, Three, Four, Five, Six}[j%6]
		}
	}
	p.layouts()
	ticks := ticksTo(top, p.Format == nil && p.whole())
	c := &canvas{p: p, top: ticks[len(ticks)-1]}
	c.open(ticks)
	if p.any() {
		body(c)
	} else {
		c.printf(`<text class="none" x="50%%" y="%s" text-anchor="middle">%s</text>`, px(above+height/2), esc(words().NoNumbers))
	}
	c.times()
	c.hits()
	c.WriteString("</svg></div>")
	c.legend()
	c.table()
	c.WriteString("</figure>")
	return template.HTML(c.String()) //nolint:gosec // see canvas
}

func (c *canvas) printf(format string, a ...any) {
	_, _ = fmt.Fprintf(c, format, a...) // a builder takes everything
}

// open draws everything around the values: titles, patterns, the axis of
// values.
func (c *canvas) open(ticks []float64) {
	id := esc(c.p.ID)
	c.printf(`<figure class="chart" id="%s">`, id)
	if !c.p.Bare {
		c.printf(`<h2>%s</h2>`, esc(c.p.Title))
	}
	c.printf(`<div class="plot"><svg class="values" width="%d" height="%s" aria-hidden="true" focusable="false">`, c.margin(ticks), px(above+height+below))
	for _, t := range ticks {
		c.printf(`<text x="100%%" dx="-8" y="%s" text-anchor="end" dominant-baseline="middle">%s</text>`, px(c.y(t)), esc(c.p.write(t)))
	}
	c.printf(`</svg><svg class="area" role="img" width="100%%" height="%s" aria-labelledby="%s-title" aria-describedby="%s-desc">`, px(above+height+below), id, id)
	c.printf(`<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, id, esc(c.p.Title), id, esc(c.p.Desc))
	c.patterns()
	for i, t := range ticks {
		class := "grid-line"
		if i == 0 {
			class = "axis"
		}
		c.printf(`<line class="%s" x1="0" x2="100%%" y1="%s" y2="%s"/>`, class, px(c.y(t)), px(c.y(t)))
	}
}

// margin is room for the longest value of the axis, in pixels.
func (c *canvas) margin(ticks []float64) int {
	longest := 0
	for _, t := range ticks {
		longest = max(longest, len([]rune(c.p.write(t))))
	}
	return 14 + 7*longest
}

// patterns are the fillings, one for each series: on top of its colour, so that
// the series differ without it.
func (c *canvas) patterns() {
	c.WriteString("<defs>")
	for j := range c.p.Series {
		c.printf(`<pattern id="%s-p%d" class="%s" width="8" height="8" patternUnits="userSpaceOnUse"><path class="fill" d="M0 0h8v8H0z"/>`, esc(c.p.ID), j, c.p.Series[j].Tone)
		if mark := []string{"", "M-2 2 2-2M-2 10 10-2M6 10l4-4", "M2 2h2v2H2zM6 6h2v2H6z", "M0 2h8M0 6h8", "M0 0l8 8M8 0 0 8", "M2 0v8M6 0v8"}[j%6]; mark != "" {
			c.printf(`<path class="mark" d="%s"/>`, mark)
		}
		c.WriteString("</pattern>")
	}
	c.WriteString("</defs>")
}

// times stand below the middle of their intervals.
func (c *canvas) times() {
	n := len(c.p.Times)
	if n == 0 {
		return
	}
	step := max(1, (n+labels-1)/labels)
	for k, i := 0, 0; i < n; k, i = k+1, i+step {
		class := ""
		if k%2 == 1 {
			class = ` class="minor"`
		}
		x := (float64(i) + .5) / float64(n) * 100
		c.printf(`<text%s x="%s" y="%s" text-anchor="middle">%s</text>`, class, pc(x), px(above+height+18), esc(c.p.Times[i].UTC().Format(c.p.Axis)))
	}
}

// hits show the numbers of an interval under the mouse.
func (c *canvas) hits() {
	n := len(c.p.Times)
	if n > hits {
		return
	}
	for i, t := range c.p.Times {
		var said []string
		for j := range c.p.Series {
			said = append(said, c.p.Series[j].Name+" "+c.p.write(c.p.Series[j].at(i)))
		}
		c.printf(`<rect class="hit" x="%s" y="0" width="%s" height="%s"><title>%s</title></rect>`,
			pc(float64(i)/float64(n)*100), pc(100/float64(n)), px(above+height), esc(t.UTC().Format(c.p.Row)+": "+strings.Join(said, ", ")))
	}
}

// y is where a value stands.
func (c *canvas) y(v float64) float64 { return above + height - v/c.top*height }

// layouts picks those of times by what the plot spans.
func (p *Plot) layouts() {
	axis, row := "15:04", "15:04 UTC"
	if n := len(p.Times); n > 1 && p.Times[n-1].Sub(p.Times[0]) > 48*time.Hour {
		axis, row = "2 Jan", "2 Jan 2006"
		if p.Times[1].Sub(p.Times[0]) < 24*time.Hour {
			row = "2 Jan 2006, 15:04 UTC"
		}
	}
	if p.Axis == "" {
		p.Axis = axis
	}
	if p.Row == "" {
		p.Row = row
	}
}

// any reports whether there is a value at all.
func (p *Plot) any() bool {
	for j := range p.Series {
		for i := range p.Times {
			if !math.IsNaN(p.Series[j].at(i)) && p.Series[j].at(i) != 0 {
				return true
			}
		}
	}
	return false
}

// whole reports whether all values are whole numbers.
func (p *Plot) whole() bool {
	for j := range p.Series {
		for _, v := range p.Series[j].Values {
			if v != math.Trunc(v) {
				return false
			}
		}
	}
	return true
}

// write is a value for people.
func (p *Plot) write(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case p.Format != nil:
		return p.Format(v)
	default:
		return grouped(strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64))
	}
}

// grouped puts a comma before each third figure of a number.
func grouped(s string) string {
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

// ticksTo are round numbers from zero to at least so much, in at most five
// steps.
func ticksTo(least float64, whole bool) []float64 {
	if least <= 0 {
		least = 4
	}
	least = max(least, 1e-9) // so that a step is more than nothing
	step := math.Pow(10, math.Floor(math.Log10(least/4)))
	for _, by := range []float64{1, 2, 2.5, 5, 10} {
		if step*by*5 >= least {
			step *= by
			break
		}
	}
	if whole {
		step = max(1, math.Ceil(step))
	}
	ticks := []float64{0}
	for i := 1; ticks[len(ticks)-1] < least; i++ {
		ticks = append(ticks, float64(i)*step)
	}
	return ticks
}

func esc(s string) string { return template.HTMLEscapeString(s) }

func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func pc(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) + "%" }
