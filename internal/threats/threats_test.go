package threats_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/threats"
)

func repository(t *testing.T) (threats.Document, []threats.Cite) {
	t.Helper()
	root := filepath.Join("..", "..")
	file, err := os.Open(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // read only
	d, err := threats.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	cites, err := threats.Scan(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return d, cites
}

// TestEveryThreatIsShown is the gate: no number without a test or a dated
// exception, and no citation that stands for nothing.
func TestEveryThreatIsShown(t *testing.T) {
	t.Parallel()
	d, cites := repository(t)
	if threats, faults := 198, 38; len(d.Entries) != threats+faults {
		t.Errorf("%d numbers are listed, want %d: none is ever taken out", len(d.Entries), threats+faults)
	}
	for _, fault := range threats.Check(d, cites, time.Now()) {
		t.Error(fault)
	}
}

const list = `# Security
| number | | threat | what holds |
|---|---|---|---|
| T001 | MUST | it rains | an umbrella |
| T002 | SHOULD | it snows | a coat |
| R01 | MUST | the roof leaks | a bucket |
## Exceptions
| T002 | 2026-11-22 | no snow here | wait |
`

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := threats.Parse(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	want := threats.Document{
		Entries: []threats.Entry{
			{Number: "T001", Must: true, What: "it rains", Holds: "an umbrella"},
			{Number: "T002", What: "it snows", Holds: "a coat"},
			{Number: "R01", Must: true, What: "the roof leaks", Holds: "a bucket"},
		},
		Exceptions: []threats.Exception{{
			Number: "T002", Since: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Reason: "no snow here", Nearest: "wait",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, row := range map[string]string{
		"another word":          "| T003 | MAY | it hails | a hat |",
		"a cell missing":        "| T003 | MUST | it hails |",
		"no such day":           "| T001 | 2026-02-30 | never | never |",
		"a number twice":        "| T001 | MUST | it rains | an umbrella |",
		"an exception twice":    "| T002 | 2026-11-23 | no snow here | wait |",
		"nothing about it said": "| T003 | MUST |  |  |",
	} {
		if _, err := threats.Parse(strings.NewReader(list + row + "\n")); err == nil {
			t.Errorf("Parse() with %s = nil, want an error", name)
		}
	}
}

// house is a repository in small.
func house() fstest.MapFS {
	file := func(lines ...string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(strings.Join(lines, "\n") + "\n")}
	}
	return fstest.MapFS{
		"roof/roof.go": file("package roof", "// Threat T001: the product's own words prove nothing.", "func Roof() {}"),
		"roof/roof_test.go": file("package roof_test",
			`import "mfaserver/roof/rooftest"`,
			"// Threats T001, T002, and",
			"// T003 as well; fault R01.",
			"func TestRoof() { check(rows); rooftest.TestRain() }",
			"var rows = []int{1, // Threat T004.",
			"}",
			"func check([]int) {} // Threat T005.",
			"// Threat T006: nobody calls it.",
			"func forgotten() {}",
			"// Threat T007: a benchmark is not run.",
			"func BenchmarkRoof() {}",
			"// Threat T008: this belongs to nothing.",
			"",
			"var _ = 1"),
		"roof/rooftest/rain.go":              file("package rooftest", "func TestRain() { drop() }", "// Threat T009.", "func drop() {}"),
		"roof/cellar/cellar.go":              file("package cellar", "// Threat T010."),
		"cmd/house/testdata/script/door.txt": file("# Threat T011: a script.", "exec door"),
		".ci/run":                            file("true # Threat T012"),
		".git/x_test.go":                     file("not Go"),
		"node_modules/x_test.go":             file("not Go"),
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	cites, err := threats.Scan(house())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range cites {
		got[c.Number] += strings.Join(c.Tests, ", ")
	}
	want := map[string]string{
		"T001": "roof TestRoof", "T002": "roof TestRoof", "T003": "roof TestRoof", "R01": "roof TestRoof",
		"T004": "roof TestRoof", "T005": "roof TestRoof", "T006": "", "T008": "",
		"T009": "roof TestRoof", "T011": "cmd/house script door.txt", "T012": "CI .ci/run",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	i := slices.IndexFunc(cites, func(c threats.Cite) bool { return c.Number == "T003" })
	if c := cites[i]; c.File != "roof/roof_test.go" || c.Line != 4 {
		t.Errorf("T003 is cited at %s:%d, want roof/roof_test.go:4", c.File, c.Line)
	}
	broken := house()
	broken["roof/broken_test.go"] = &fstest.MapFile{Data: []byte("package")}
	if _, err := threats.Scan(broken); err == nil {
		t.Error("Scan() of what is not Go = nil, want an error")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	today := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	shown := func(number string) threats.Cite {
		return threats.Cite{Number: number, File: "x_test.go", Line: 1, Tests: []string{"x TestX"}}
	}
	d, err := threats.Parse(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	whole := []threats.Cite{shown("T001"), shown("R01")}
	late := d
	late.Exceptions = append(slices.Clone(d.Exceptions), threats.Exception{Number: "T009", Since: today.AddDate(0, 0, 1)})
	for _, row := range []struct {
		name  string
		d     threats.Document
		cites []threats.Cite
		want  []string
	}{
		{"all is shown", d, whole, nil},
		{"a number without a test", d, whole[:1], []string{"R01 has neither a test nor an exception: the roof leaks"}},
		{"a number that is not listed", d, append(whole, shown("T099")), []string{"x_test.go:1 cites T099, which is not in the list"}},
		{
			"a citation that nothing runs", d, append(whole, threats.Cite{Number: "T002", File: "x_test.go", Line: 7}),
			[]string{"x_test.go:7 cites T002 where no test runs"},
		},
		{"a false exception", late, whole, []string{
			"the exception of T009 is of a day to come", "the exception of T009 is of a number that is not in the list",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, threats.Check(row.d, row.cites, today)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
