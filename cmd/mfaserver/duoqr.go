package main

import (
	"net/url"
	"os"
	"strings"

	"golang.org/x/term"

	"mfaserver/web/browser/qr"
)

// printQR draws the code that activates a phone: what Duo's own picture of it
// (barcode) holds, or else the URL.
func (d *duo) printQR(barcode, activationURL string) error {
	f, ok := d.console.out.(*os.File)
	text, err := qr.Terminal(qrContent(barcode, activationURL), ok && term.IsTerminal(int(f.Fd())))
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
