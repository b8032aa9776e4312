package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"golang.org/x/term"
	"rsc.io/qr"
)

// quiet is the white border of a QR code, in modules.
const quiet = 2

// qrText draws a QR code with half blocks, two rows of modules a line. colour
// sets white on black, so that a terminal's own colours do not matter; without
// it the drawing is right on a dark background.
func qrText(content string, colour bool) (string, error) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		if colour {
			b.WriteString("\x1b[97;40m")
		}
		for x := -quiet; x < code.Size+quiet; x++ {
			b.WriteString(halfBlock(!code.Black(x, y), y+1 < code.Size+quiet && !code.Black(x, y+1)))
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

// printQR draws the code that activates a phone: what Duo's own picture of it
// (barcode) holds, or else the URL.
func (d *duo) printQR(barcode, activationURL string) error {
	f, ok := d.console.out.(*os.File)
	text, err := qrText(qrContent(barcode, activationURL), ok && term.IsTerminal(int(f.Fd())))
	if err != nil {
		return err
	}
	return d.say("\n%s\nScan it with Duo Mobile: Add, Use QR code.", text)
}

func qrContent(barcode, activationURL string) string {
	if u, err := url.Parse(barcode); err == nil {
		if value := u.Query().Get("value"); strings.HasPrefix(value, "duo://") {
			return value
		}
	}
	return activationURL
}
