// Package qr draws QR codes: for pages and for terminals.
package qr

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quiet is the white border in modules: the standard's for pages, less where
// the terminal has a border of its own.
const (
	quiet         = 4
	quietTerminal = 2
)

// SVG is a QR code as an image for a page, black on white in any scheme, with
// label as its name. A content that is too long is an error.
func SVG(content, label string) (template.HTML, error) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return "", fmt.Errorf("qr: %w", err)
	}
	side := strconv.Itoa(code.Size + 2*quiet)
	var b strings.Builder
	b.WriteString(`<svg class="qr" role="img" viewBox="0 0 ` + side + ` ` + side + `" width="240" height="240" shape-rendering="crispEdges" aria-label="` +
		template.HTMLEscapeString(label) + `"><path fill="#fff" d="M0 0h` + side + `v` + side + `H0z"/><path fill="#000" d="`)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), nil //nolint:gosec // figures, and a label that is escaped
}

// Terminal is a QR code in half blocks, two rows of modules a line. colour sets
// white on black, so that a terminal's own colours do not matter; without it
// the drawing is right on a dark background.
func Terminal(content string, colour bool) (string, error) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return "", fmt.Errorf("qr: %w", err)
	}
	var b strings.Builder
	for y := -quietTerminal; y < code.Size+quietTerminal; y += 2 {
		if colour {
			b.WriteString("\x1b[97;40m")
		}
		for x := -quietTerminal; x < code.Size+quietTerminal; x++ {
			b.WriteString(halfBlock(!code.Black(x, y), y+1 < code.Size+quietTerminal && !code.Black(x, y+1)))
		}
		if colour {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// halfBlock is two modules, one above the other.
func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	default:
		return " "
	}
}
