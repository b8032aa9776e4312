package chart_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mfaserver/web/browser/chart"
)

var start = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

var kinds = map[string]func(chart.Plot) template.HTML{"lines": chart.Lines, "bars": chart.Bars, "stacked": chart.Stacked}

func times(n int, step time.Duration) []time.Time {
	all := make([]time.Time, n)
	for i := range all {
		all[i] = start.Add(time.Duration(i) * step)
	}
	return all
}

// read checks that a drawing is well-formed, and returns its elements by name,
// its ids and its text.
func read(t *testing.T, drawing template.HTML) (elements map[string]int, ids map[string]bool, said string) {
	t.Helper()
	elements, ids = map[string]int{}, map[string]bool{}
	d := xml.NewDecoder(strings.NewReader(string(drawing)))
	d.Strict = true
	var b strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements, ids, b.String()
		}
		if err != nil {
			t.Fatalf("%v at %d in %.500s", err, d.InputOffset(), drawing)
		}
		switch token := token.(type) {
		case xml.CharData:
			b.Write(token)
			b.WriteByte('\n')
		case xml.StartElement:
			elements[token.Name.Local]++
			for _, a := range token.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("attribute %s, which the policy of pages forbids", a.Name.Local)
				}
				if a.Name.Local == "id" && ids[a.Value] {
					t.Errorf("id %s twice", a.Value)
				} else if a.Name.Local == "id" {
					ids[a.Value] = true
				}
			}
		}
	}
}

// Whatever the numbers are, the drawing holds only finite ones, and the table
// has a row for each time.
func TestNumbers(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for name, draw := range kinds {
		for _, tt := range []struct {
			name  string
			times int
			rows  [][]float64
		}{
			{"nothing at all", 0, nil},
			{"no times", 0, [][]float64{{1, 2}}},
			{"no series", 3, nil},
			{"no values", 3, [][]float64{{}}},
			{"zero", 3, [][]float64{{0, 0, 0}}},
			{"one", 1, [][]float64{{5}}},
			{"gaps", 5, [][]float64{{nan, 1, nan, 2, nan}, {nan, nan, nan, nan, nan}}},
			{"infinite", 3, [][]float64{{inf, -inf, 1}}},
			{"below zero", 3, [][]float64{{-1, -2, -3}}},
			{"tiny", 2, [][]float64{{1e-12, 3e-12}}},
			{"huge", 2, [][]float64{{1e15, math.MaxFloat64 / 1e10}}},
			{"short and long", 4, [][]float64{{1}, {1, 2, 3, 4, 5, 6}}},
			{"eight series", 4, [][]float64{{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}}},
			{"a month of hours", 720, [][]float64{make([]float64, 720), {9}}},
		} {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				p := chart.Plot{ID: "p", Title: "T", Times: times(tt.times, time.Hour)}
				for i, row := range tt.rows {
					p.Series = append(p.Series, chart.Series{Name: "s" + strconv.Itoa(i), Values: row})
				}
				drawing := draw(p)
				elements, ids, _ := read(t, drawing)
				if got, want := elements["tr"], tt.times+1; got != want {
					t.Errorf("%d rows, want %d", got, want)
				}
				if elements["pattern"] != len(tt.rows) || !ids["p-title"] || !ids["p-desc"] {
					t.Errorf("%d patterns, ids %v", elements["pattern"], ids)
				}
				if bad := regexp.MustCompile(`="[^"]*(?:NaN|Inf|e[+-]\d)[^"]*"`).FindString(string(drawing)); bad != "" {
					t.Errorf("not a number in %s", bad)
				}
			})
		}
	}
}

// Threat T161: names that others choose stay text.
func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script>'&`
	for name, draw := range kinds {
		p := chart.Plot{
			ID: "p", Title: hostile, Desc: hostile, Times: times(2, time.Hour), Totals: true,
			Series: []chart.Series{{Name: hostile, Values: []float64{1, 2}}}, Format: func(float64) string { return hostile },
		}
		if elements, _, said := read(t, draw(p)); elements["script"] != 0 || strings.Count(said, hostile) < 8 {
			t.Errorf("%s: %v", name, elements)
		}
	}
}

// The axis begins at zero, ends at or above the largest value, and has whole
// numbers for whole numbers.
func TestAxis(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []float64
		want   string
	}{
		{[]float64{1}, "0 1"},
		{[]float64{3}, "0 1 2 3"},
		{[]float64{7}, "0 2 4 6 8"},
		{[]float64{23}, "0 5 10 15 20 25"},
		{[]float64{100}, "0 20 40 60 80 100"},
		{[]float64{1300}, "0 500 1,000 1,500"},
		{[]float64{.5}, "0 0.1 0.2 0.3 0.4 0.5"},
		{[]float64{0}, "0 1 2 3 4"},
	} {
		drawing := string(chart.Bars(chart.Plot{ID: "p", Times: times(1, time.Hour), Series: []chart.Series{{Values: tt.values}}}))
		axis, _, _ := strings.Cut(drawing, "</svg>")
		var got []string
		for _, m := range regexp.MustCompile(`middle">([^<]*)<`).FindAllStringSubmatch(axis, -1) {
			got = append(got, m[1])
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("axis of %v = %q, want %s", tt.values, got, tt.want)
		}
	}
}

// Times stand as days for long spans and as the clock for short ones; the
// table says both where it must.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n         int
		step      time.Duration
		axis, row string
	}{
		{24, time.Hour, "03:00", "23:00 UTC"},
		{30, 24 * time.Hour, "5 Nov", "30 Nov 2026"},
		{240, time.Hour, "5 Nov", "10 Nov 2026, 23:00 UTC"},
	} {
		_, _, said := read(t, chart.Lines(chart.Plot{ID: "p", Times: times(tt.n, tt.step), Series: []chart.Series{{Values: []float64{1}}}}))
		if !strings.Contains(said, "\n"+tt.axis+"\n") || !strings.Contains(said, "\n"+tt.row+"\n") {
			t.Errorf("%d times %v: no %q or no %q in %q", tt.n, tt.step, tt.axis, tt.row, said)
		}
	}
}

// FuzzPlot: no numbers and no names break a drawing.
func FuzzPlot(f *testing.F) {
	f.Add("logins", "a<b", 1.0, 2.0, uint8(3))
	f.Add("", "\x00\xff", math.NaN(), -1.0, uint8(0))
	f.Add("p", "ok", math.MaxFloat64, math.SmallestNonzeroFloat64, uint8(255))
	f.Fuzz(func(t *testing.T, title, name string, a, b float64, n uint8) {
		p := chart.Plot{ID: "p", Title: title, Times: times(int(n), time.Hour), Series: []chart.Series{{Name: name, Values: []float64{a, b}}, {Name: name, Values: []float64{b, a}}}}
		for _, draw := range kinds {
			if drawing := string(draw(p)); strings.Count(drawing, "<figure") != 1 || !strings.HasSuffix(drawing, "</figure>") || strings.Contains(drawing, `="NaN`) {
				t.Errorf("drawing of %q, %v, %v: %.80s ... %s", title, a, b, drawing, drawing[max(0, len(drawing)-80):])
			}
		}
	})
}

// The same numbers can be read.
func ExampleBars() {
	drawing := chart.Bars(chart.Plot{
		ID: "logins", Title: "Sign-ins", Desc: "Sign-ins of each hour.", Times: times(2, time.Hour),
		Series: []chart.Series{{Name: "Approved", Values: []float64{12, 1500}}},
	})
	for _, m := range regexp.MustCompile(`<tr><th scope="row">([^<]*)</th><td class="number">([^<]*)`).FindAllStringSubmatch(string(drawing), -1) {
		fmt.Println(m[1], m[2])
	}
	// Output:
	// 01:00 UTC 1,500
	// 00:00 UTC 12
}
