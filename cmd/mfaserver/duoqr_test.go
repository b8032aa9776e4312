package main_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	main "mfaserver/cmd/mfaserver"
)

// The QR code holds what Duo's own picture of it holds.
func TestQRContent(t *testing.T) {
	t.Parallel()
	const link = "https://m-12345678.duosecurity.com/activate/abc"
	tests := []struct{ name, barcode, want string }{
		{"Duo's barcode", "https://api-12345678.duosecurity.com/frame/qr?value=duo%3A%2F%2Fabc-YXBp", "duo://abc-YXBp"},
		{"none", "", link},
		{"without a value", "https://api-12345678.duosecurity.com/frame/qr", link},
		{"another value", "https://api-12345678.duosecurity.com/frame/qr?value=https%3A%2F%2Fevil.example", link},
		{"no URL", "://", link},
	}
	for _, tt := range tests {
		if got := main.QRContent(tt.barcode, link); got != tt.want {
			t.Errorf("%s: QRContent = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The drawing is a square with a border and three finder patterns.
func TestQRText(t *testing.T) {
	t.Parallel()
	text, err := main.QRText("duo://abcdefghijklmnopqrst-YXBpLTEyMzQ1Njc4LmR1b3NlY3VyaXR5LmNvbQ")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	width := utf8.RuneCountInString(lines[0])
	if (width-4-17)%4 != 0 || len(lines) != (width+1)/2 {
		t.Fatalf("the drawing is %d by %d, no QR code with a border of two", width, len(lines))
	}
	for i, line := range lines {
		if utf8.RuneCountInString(line) != width {
			t.Errorf("line %d has %d modules, want %d", i, utf8.RuneCountInString(line), width)
		}
	}
	// Light on dark: a border, then the ring of a finder pattern, seven wide.
	const top, side = "██ ▄▄▄▄▄ █", "██ █   █ █"
	if lines[0] != strings.Repeat("█", width) || !strings.HasPrefix(lines[1], top) || !strings.HasPrefix(lines[2], side) {
		t.Errorf("the upper left corner is wrong:\n%s", text)
	}
	if mirrored := "█ ▄▄▄▄▄ ██"; !strings.HasSuffix(lines[1], mirrored) {
		t.Errorf("the upper right corner is wrong:\n%s", text)
	}
}
