package chart

import (
	"math"
	"slices"
)

// legend names the series, each with what it looks like.
func (c *canvas) legend() {
	c.WriteString(`<ul class="legend">`)
	for j := range c.p.Series {
		s := &c.p.Series[j]
		c.WriteString(`<li><svg class="swatch" width="28" height="14" aria-hidden="true" focusable="false">`)
		if c.lines {
			c.printf(`<path class="line %s" stroke-dasharray="%s" d="M0 7h28"/><svg class="dot %s" x="14" y="7">%s</svg>`, s.Tone, dash(j), s.Tone, shape(j))
		} else {
			c.printf(`<rect fill="url(#%s-p%d)" x="2" y="0" width="24" height="14" rx="2"/>`, esc(c.p.ID), j)
		}
		c.printf(`</svg>%s`, esc(s.Name))
		if c.p.Totals {
			c.printf(` <strong>%s</strong>`, esc(c.p.write(c.p.total(j))))
		}
		c.WriteString(`</li>`)
	}
	c.WriteString(`</ul>`)
}

func (p *Plot) total(j int) float64 {
	sum := 0.0
	for i := range p.Times {
		if v := p.Series[j].at(i); !math.IsNaN(v) {
			sum += v
		}
	}
	return sum
}

// table holds the same numbers, the newest first.
func (c *canvas) table() {
	c.printf(`<details><summary>%s</summary><div class="scroll" tabindex="0" role="region" aria-label="%s"><table><thead><tr><th scope="col">%s</th>`,
		esc(words().Numbers), esc(c.p.Title), esc(words().Time))
	for j := range c.p.Series {
		c.printf(`<th scope="col" class="number">%s</th>`, esc(c.p.Series[j].Name))
	}
	c.WriteString(`</tr></thead><tbody>`)
	for i, at := range slices.Backward(c.p.Times) {
		c.printf(`<tr><th scope="row">%s</th>`, esc(at.UTC().Format(c.p.Row)))
		for j := range c.p.Series {
			c.printf(`<td class="number">%s</td>`, esc(c.p.write(c.p.Series[j].at(i))))
		}
		c.WriteString(`</tr>`)
	}
	c.WriteString(`</tbody></table></div></details>`)
}
