package bench_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"mfaserver/internal/heap"
)

// scale is how much a run does.
type scale struct {
	rounds       int
	signatures   int // a round
	clients      int
	requests     int // of each client in a round
	loginClients int
	fewClients   int
	logins       int // a round
	sessions     int
}

func (s scale) short() bool { return s.rounds == 1 }

var (
	whole = scale{rounds: 11, signatures: 5000, clients: 8, requests: 500, loginClients: 32, fewClients: 8, logins: 500, sessions: 100_000}
	taste = scale{rounds: 1, signatures: 10, clients: 2, requests: 10, loginClients: 2, fewClients: 1, logins: 4, sessions: 200}
)

// groups are the rows that are measured together.
var groups = []struct {
	name string
	rows func(tb testing.TB, s scale) []row
}{
	{"authurl", authURLRows},
	{"session-get", sessionGetRows},
	{"gateway", gatewayRows},
	{"logins", loginRows},
	{"process", processRows},
}

// names are the rows with a bar: all that is demanded.
var names = []string{
	"authurl-time", "authurl-allocations", "session-get", "gateway-get", "gateway-p99", "logins-ratio", "logins", "memory-idle", "memory-sessions", "ready",
}

// TestBars takes all figures, prints the table and fails below a bar. It runs
// with BENCH=1 alone; ROWS names some groups, CSV a file for the figures, and
// DOCS a document for the table.
func TestBars(t *testing.T) { //nolint:paralleltest // it measures
	if os.Getenv("BENCH") == "" {
		t.Skip("it measures: make bench")
	}
	go heap.Tend(t.Context()) // as the program does; both sides of a row share it
	var rows []row
	for _, g := range groups {
		if only := os.Getenv("ROWS"); only != "" && !strings.Contains(g.name, only) {
			continue
		}
		t.Run(g.name, func(t *testing.T) { rows = append(rows, g.rows(t, whole)...) })
	}
	var table, markdown strings.Builder
	_, _ = fmt.Fprintf(&markdown, "On %s.\n\n", machine())
	if err := printTable(&table, rows); err != nil {
		t.Fatal(err)
	}
	if err := printMarkdown(&markdown, rows); err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(os.Stdout, "\nOn %s:\n\n%s\n", machine(), &table)
	if path := os.Getenv("CSV"); path != "" {
		writeCSV(t, path, rows)
	}
	if path := os.Getenv("DOCS"); path != "" && !t.Failed() {
		if err := writeBetween(path, markdown.String()); err != nil {
			t.Error(err)
		}
	}
	for i := range rows {
		if r := &rows[i]; r.verdict() == "falls short" {
			t.Errorf("%s falls short: %s, want %s", r.what, number(r.median(), r.unit), r.bar.text(r.unit))
		}
	}
}

func writeCSV(tb testing.TB, path string, rows []row) {
	tb.Helper()
	var text strings.Builder
	if err := printCSV(&text, rows); err != nil {
		tb.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// machine is what the figures were taken on.
func machine() string {
	text := fmt.Sprintf("%d processors", runtime.NumCPU())
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				text += " (" + strings.TrimSpace(value) + ")"
				break
			}
		}
	}
	return text + ", " + runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version()
}

// Every row is there and gives a figure. One short round says nothing about
// bars.
func TestRows(t *testing.T) { //nolint:paralleltest // it counts allocations
	if testing.Short() {
		t.Skip("builds the program")
	}
	seen := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.rows(t, taste) {
			if v := r.median(); math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || r.what == "" {
				t.Errorf("row %s: %q says %v", r.name, r.what, v)
			}
			seen[r.name] = r.bar.kind != noBar
		}
	}
	for _, name := range names {
		if barred, ok := seen[name]; runtime.GOOS == "linux" && (!ok || !barred) {
			t.Errorf("there is no row %s with a bar", name)
		}
	}
}
