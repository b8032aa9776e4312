package main

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/web/browser/qr"
)

// Root is the whole tree of commands.
func Root() *cobra.Command {
	return newRoot(console{in: strings.NewReader(""), out: new(bytes.Buffer), err: new(bytes.Buffer)})
}

// QRText is what a terminal shows of a QR code.
func QRText(content string) (string, error) { return qr.Terminal(content, false) }

// QRContent is what the QR code of an activation holds.
func QRContent(barcode, activationURL string) string { return qrContent(barcode, activationURL) }

// Run is one command line in this process.
func Run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	return run(ctx, args, console{in: in, out: out, err: err})
}
