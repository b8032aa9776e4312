package browser_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// palette reads the colours of one scheme out of the style.
func palette(t *testing.T, block string) map[string]float64 {
	t.Helper()
	colours := map[string]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
		colours[m[1]] = luminance(t, m[2])
	}
	return colours
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// Text has a contrast of 4.5 to 1, what one must see to use the page 3 to 1
// (WCAG 2.2, 1.4.3 and 1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(style), "@media (prefers-color-scheme: dark)")
	dark, _, closed := strings.Cut(dark, "* { box-sizing")
	if !found || !closed {
		t.Fatal("the style has no two schemes")
	}
	schemes := map[string]map[string]float64{"light": palette(t, light), "dark": palette(t, dark)}
	if len(schemes["light"]) != len(schemes["dark"]) {
		t.Errorf("%d colours in light, %d in dark", len(schemes["light"]), len(schemes["dark"]))
	}
	const words, shapes = 4.5, 3
	for _, tt := range []struct {
		front, back string
		least       float64
	}{
		{"ink", "paper", words},
		{"ink", "card", words},
		{"ink", "raised", words},
		{"ink", "accent-paper", words},
		{"quiet", "paper", words},
		{"quiet", "card", words},
		{"quiet", "raised", words},
		{"accent", "paper", words},
		{"accent", "card", words},
		{"accent", "raised", words},
		{"accent", "accent-paper", words},
		{"on-accent", "accent", words},
		{"danger", "card", words},
		{"danger", "paper", words},
		{"danger", "raised", words},
		{"on-danger", "danger", words},
		{"card", "ink", words},
		{"good-ink", "good-paper", words},
		{"bad-ink", "bad-paper", words},
		{"warn-ink", "warn-paper", words},
		{"info-ink", "info-paper", words},
		{"accent", "good-paper", words},
		{"accent", "bad-paper", words},
		{"accent", "warn-paper", words},
		{"accent", "info-paper", words},
		{"field", "card", shapes},
		{"field", "paper", shapes},
		{"field", "raised", shapes},
		{"good-line", "card", shapes},
		{"bad-line", "card", shapes},
		{"warn-line", "card", shapes},
		{"info-line", "card", shapes},
		{"one", "card", shapes},
		{"two", "card", shapes},
		{"three", "card", shapes},
		{"four", "card", shapes},
		{"five", "card", shapes},
		{"six", "card", shapes},
		{"seven", "card", shapes},
	} {
		for scheme, colours := range schemes {
			front, ok := colours[tt.front]
			back, also := colours[tt.back]
			if ratio := (max(front, back) + .05) / (min(front, back) + .05); !ok || !also || ratio < tt.least {
				t.Errorf("%s: --%s on --%s has a contrast of %.2f, want %.1f", scheme, tt.front, tt.back, ratio, tt.least)
			}
		}
	}
}

// Colours stand in one place: what the tests above have seen is all there is.
func TestColoursAreNamed(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(style), "* { box-sizing")
	if found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(`).FindAllString(rest, -1); len(found) > 0 {
		t.Errorf("colours without a name: %q", found)
	}
	for _, name := range regexp.MustCompile(`var\(--([a-z-]+)\)`).FindAllStringSubmatch(rest, -1) {
		if !strings.Contains(string(style), "--"+name[1]+":") {
			t.Errorf("there is no colour %s", name[1])
		}
	}
}
