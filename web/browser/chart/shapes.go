package chart

import (
	"fmt"
	"math"
	"strings"
)

// marks is how many points of a line have a mark at most.
const marks = 40

// drawLines draws what is between gaps as one line. The path is stretched to
// the width of the page, the marks are not.
func drawLines(c *canvas) {
	c.lines = true
	n := len(c.p.Times)
	every := max(1, (n+marks-1)/marks)
	c.printf(`<svg x="0" y="0" width="100%%" height="%s" viewBox="0 0 1000 %s" preserveAspectRatio="none">`, px(above+height), px(above+height))
	for j := range c.p.Series {
		var d strings.Builder
		pen := "M"
		for i := range c.p.Times {
			v := c.p.Series[j].at(i)
			if math.IsNaN(v) {
				pen = "M"
				continue
			}
			fmt.Fprintf(&d, "%s%s %s", pen, px((float64(i)+.5)/float64(n)*1000), px(c.y(v)))
			pen = "L"
		}
		c.printf(`<path class="line %s" vector-effect="non-scaling-stroke" stroke-dasharray="%s" d="%s"/>`, c.p.Series[j].Tone, dash(j), d.String())
	}
	c.WriteString("</svg>")
	for j := range c.p.Series {
		for i := range c.p.Times {
			v := c.p.Series[j].at(i)
			if math.IsNaN(v) || i%every != 0 && !c.p.alone(j, i) {
				continue
			}
			c.printf(`<svg class="dot %s" x="%s" y="%s">%s</svg>`, c.p.Series[j].Tone, pc((float64(i)+.5)/float64(n)*100), px(c.y(v)), shape(j))
		}
	}
}

// alone reports whether a value has gaps on both sides, so that no line shows
// it.
func (p *Plot) alone(j, i int) bool {
	s := &p.Series[j]
	return (i == 0 || math.IsNaN(s.at(i-1))) && math.IsNaN(s.at(i+1))
}

// dash and shape tell lines apart without colour.
func dash(j int) string { return []string{"none", "7 4", "2 4", "10 3 2 3", "14 4", "4 2"}[j%6] }

func shape(j int) string {
	return []string{
		`<circle r="3.5"/>`, `<path d="M-3.5-3.5h7v7h-7z"/>`, `<path d="M0-4.5 4.5 3.5h-9z"/>`,
		`<path d="M0-4.5 4.5 0 0 4.5-4.5 0z"/>`, `<path d="M0 4.5 4.5-3.5h-9z"/>`, `<path d="M-1.5-4.5h3v9h-3z"/>`,
	}[j%6]
}

// drawBars draws the series of an interval side by side.
func drawBars(c *canvas) {
	n, m := float64(len(c.p.Times)), float64(len(c.p.Series))
	slot := 100 / n
	wide := slot * .8 / m
	for i := range c.p.Times {
		for j := range c.p.Series {
			c.bar(j, float64(i)*slot+slot*.1+float64(j)*wide, wide*.94, 0, orZero(c.p.Series[j].at(i)))
		}
	}
}

// drawStacked draws the series of an interval on top of one another.
func drawStacked(c *canvas) {
	slot := 100 / float64(len(c.p.Times))
	for i := range c.p.Times {
		sum := 0.0
		for j := range c.p.Series {
			v := orZero(c.p.Series[j].at(i))
			c.bar(j, float64(i)*slot+slot*.12, slot*.76, sum, sum+v)
			sum += v
		}
	}
}

// bar is a bar from one value to another. What is there can be seen, however
// little it is.
func (c *canvas) bar(series int, x, wide, from, to float64) {
	if to <= from {
		return
	}
	y, foot := c.y(to), c.y(from)
	c.printf(`<rect class="bar" fill="url(#%s-p%d)" x="%s" y="%s" width="%s" height="%s"/>`,
		esc(c.p.ID), series, pc(x), px(min(y, foot-1)), pc(wide), px(max(1, foot-y)))
}
