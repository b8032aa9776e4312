package bench_test

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The picture, in points.
const (
	drawWidth, drawHeight  = 640, 300
	drawLeft, drawRight    = 70, 170
	drawAbove, drawBeneath = 40, 40
)

// colours are told apart by people who see few colours too; the markers of the
// lines are labelled besides.
var colours = []string{"#1b4f9c", "#c2571a", "#3d7d3d"}

// draw writes some columns of a curve as a picture: the quantity from left to
// right in steps as they were measured, the figures from zero upwards.
func draw(tb testing.TB, folder, name, title string, c *curve, columns ...string) {
	tb.Helper()
	picture := c.picture(title, columns)
	if err := os.WriteFile(filepath.Join(folder, name+".svg"), []byte(picture), 0o644); err != nil {
		tb.Fatal(err)
	}
}

func (c *curve) picture(title string, columns []string) string {
	top := 0.0
	for _, column := range columns {
		for _, row := range c.rows {
			top = max(top, row[c.index(column)])
		}
	}
	top = roundUp(top)
	x := func(i int) float64 {
		return drawLeft + float64(drawWidth-drawLeft-drawRight)*(float64(i)+0.5)/float64(max(1, len(c.rows)))
	}
	y := func(v float64) float64 {
		return drawHeight - drawBeneath - v/top*float64(drawHeight-drawAbove-drawBeneath)
	}
	var b strings.Builder
	out := func(format string, a ...any) { _, _ = fmt.Fprintf(&b, format+"\n", a...) }
	out(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="12">`, drawWidth, drawHeight)
	out(`<title>%[1]s</title><rect width="100%%" height="100%%" fill="#fff"/><text x="%[2]d" y="22" font-size="14">%[1]s</text>`, html.EscapeString(title), drawLeft)
	for i := range 5 {
		v := top * float64(i) / 4
		out(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			drawLeft, drawWidth-drawRight, y(v), y(v), drawLeft-8, y(v)+4, short(v))
	}
	for i, row := range c.rows {
		out(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x(i), drawHeight-drawBeneath+20, short(row[0]))
	}
	for n, column := range columns {
		colour, points := colours[n%len(colours)], make([]string, len(c.rows))
		for i, row := range c.rows {
			points[i] = fmt.Sprintf("%.1f,%.1f", x(i), y(row[c.index(column)]))
		}
		out(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(points, " "), colour)
		for i, row := range c.rows {
			v := row[c.index(column)]
			out(`<circle cx="%.1f" cy="%.1f" r="4" fill="%s"><title>%s: %s</title></circle>`, x(i), y(v), colour, html.EscapeString(column), short(v))
		}
		out(`<text x="%d" y="%d" fill="%s">%s</text>`, drawWidth-drawRight+10, drawAbove+20+18*n, colour, html.EscapeString(strings.ReplaceAll(column, "_", " ")))
	}
	out(`</svg>`)
	return b.String()
}

// index is where a column stands in a row.
func (c *curve) index(column string) int { return slices.Index(c.columns, column) + 1 }

// roundUp is the next of 1, 2, 4 and 8 times a power of ten.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 4, 8} {
		if v <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// short writes a figure as people do: 1.5k, 2M.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	default:
		if v >= 1e3 {
			return strconv.FormatFloat(v, 'f', 0, 64)
		}
		return fmt.Sprintf("%.3g", v)
	}
}
