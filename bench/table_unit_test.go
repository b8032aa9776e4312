package bench_test

import (
	"encoding/csv"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		bar    bar
		rounds []float64
		want   string
	}{
		{bar{atMost, 3}, []float64{2, 3, 9}, "pass"},
		{bar{atMost, 3}, []float64{2, 3.1, 3.2}, "falls short"},
		{bar{atLeast, 0.75}, []float64{0.1, 0.75, 1}, "pass"},
		{bar{atLeast, 0.75}, []float64{0.7, 0.74, 1}, "falls short"},
		{bar{atLeast, 0.75}, nil, "falls short"},
		{bar{}, []float64{0.1}, "-"},
	} {
		r := row{bar: tt.bar, rounds: tt.rounds}
		if got := r.verdict(); got != tt.want {
			t.Errorf("%v of %v: %s, want %s", tt.rounds, tt.bar, got, tt.want)
		}
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("median = %v, want 2.5", m)
	}
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
}

// Both sides of a round run next to each other, each first in turn.
func TestTurns(t *testing.T) {
	t.Parallel()
	var order strings.Builder
	say := func(s string) func() error {
		return func() error { order.WriteString(s); return nil }
	}
	if err := turns(3, say("a"), say("b")); err != nil || order.String() != "abbaab" {
		t.Errorf("turns: %s, %v", order.String(), err)
	}
	if err := turns(3, say("a"), func() error { return errAnswer }); !errors.Is(err, errAnswer) {
		t.Errorf("turns = %v, want errAnswer", err)
	}
}

// What is printed for people, for a document and for programs says the same.
func TestTable(t *testing.T) {
	t.Parallel()
	rows := []row{{name: "a", what: "one, of another", unit: "x", bar: bar{atLeast, 0.95}, rounds: []float64{0.9, 1.234, 1.3}, context: "c"}}
	var table, markdown, programs strings.Builder
	if err := errors.Join(printTable(&table, rows), printMarkdown(&markdown, rows), printCSV(&programs, rows)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{table.String(), markdown.String()} {
		for _, want := range []string{"one, of another", "1.23 x", "at least 0.95 x", "pass"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
	read, err := csv.NewReader(strings.NewReader(programs.String())).ReadAll()
	if err != nil || len(read) != 2 || read[1][3] != "1.234" || read[1][6] != "pass" || read[1][8] != "0.9 1.234 1.3" {
		t.Errorf("CSV = %q, %v", read, err)
	}
}

func TestBetween(t *testing.T) {
	t.Parallel()
	got, err := between("a\n"+tableBegins+"old\n"+tableEnds+"z\n", "new\n")
	if want := "a\n" + tableBegins + "new\n" + tableEnds + "z\n"; err != nil || got != want {
		t.Errorf("between = %q, %v, want %q", got, err, want)
	}
	for _, bad := range []string{"", tableBegins, tableEnds + tableBegins, tableBegins + tableEnds + tableBegins + tableEnds} {
		if _, err := between(bad, "new"); !errors.Is(err, errMarks) {
			t.Errorf("between(%q) = %v, want errMarks", bad, err)
		}
	}
}
