package qr_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	encoder "rsc.io/qr"

	"mfaserver/web/browser/qr"
)

// The picture has each module of the code, on a white border of four.
func TestSVG(t *testing.T) {
	t.Parallel()
	const content = "duo://abcdefghijklmnopqrst-YXBpLTEyMzQ1Njc4LmR1b3NlY3VyaXR5LmNvbQ"
	svg, err := qr.SVG(content, `a "label" <b>`)
	if err != nil {
		t.Fatal(err)
	}
	code, err := encoder.Encode(content, encoder.M)
	if err != nil {
		t.Fatal(err)
	}
	if side := fmt.Sprint(code.Size + 8); !strings.Contains(string(svg), `viewBox="0 0 `+side+` `+side+`"`) {
		t.Errorf("no field of %s in %.200s", side, svg)
	}
	if !strings.Contains(string(svg), `aria-label="a &#34;label&#34; &lt;b&gt;"`) {
		t.Errorf("label in %.200s", svg)
	}
	black := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(string(svg), -1) {
		var n [4]int
		for i := range n {
			if n[i], err = strconv.Atoi(m[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		for x := range n[2] {
			black[[2]int{n[0] + x - 4, n[1] - 4}] = true
		}
		if n[2] != n[3] {
			t.Errorf("run %s does not come back", m[0])
		}
	}
	for y := -4; y < code.Size+4; y++ {
		for x := -4; x < code.Size+4; x++ {
			if got, want := black[[2]int{x, y}], code.Black(x, y); got != want {
				t.Fatalf("module %d, %d is black: %v, want %v", x, y, got, want)
			}
		}
	}
}

// A terminal shows two rows of modules in a line.
func TestTerminal(t *testing.T) {
	t.Parallel()
	plain, err := qr.Terminal("hello", false)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(plain, "\n"), "\n")
	if len(lines) != 13 || strings.Contains(plain, "\x1b") {
		t.Errorf("%d lines in %q", len(lines), plain)
	}
	for _, line := range lines {
		if n := len([]rune(line)); n != 25 {
			t.Errorf("a line of %d", n)
		}
	}
	coloured, err := qr.Terminal("hello", true)
	if err != nil || strings.Count(coloured, "\x1b[97;40m") != 13 || strings.Count(coloured, "\x1b[0m") != 13 {
		t.Errorf("%q, %v", coloured, err)
	}
}

// What does not fit is an error, not half a code.
func TestTooLong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3000)
	if svg, err := qr.SVG(long, ""); err == nil || svg != "" {
		t.Errorf("SVG() = %.20s, %v", svg, err)
	}
	if text, err := qr.Terminal(long, false); err == nil || text != "" {
		t.Errorf("Terminal() = %.20s, %v", text, err)
	}
}

func ExampleSVG() {
	svg, err := qr.SVG("https://mirth.example.org", "QR code")
	fmt.Println(strings.HasPrefix(string(svg), `<svg class="qr" role="img"`), err)
	// Output: true <nil>
}
