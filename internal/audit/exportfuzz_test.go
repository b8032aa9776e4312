package audit_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"
	"unicode"

	"mfaserver/internal/audit"
)

// Threat T191: whatever a record holds, a table has one row of it, of cells
// that no spreadsheet takes for formulas, and its JSON line is one line.
func FuzzExport(f *testing.F) {
	for _, seed := range []string{"alice", "=1+1", "\t=1", "+1", "-1", "@SUM(A1)", "a,b\"c", "a\r\nb", "\x1b[0m", "\u2028", "\xff", "'=1", "\u200b=1", "＝1"} {
		f.Add(seed, "x", seed)
		f.Add("x", seed, "x")
	}
	f.Fuzz(func(t *testing.T, name, key, value string) {
		e := audit.Entry{Event: audit.Event{
			Name: audit.PrimaryRefused, Outcome: audit.Refused, Username: name, UserAgent: value, Reason: value, Detail: map[string]string{key: value},
		}}
		e.Sequence, e.Time, e.Node = 1, time.Unix(1_800_000_000, 0), name
		one := func(yield func(audit.Entry, error) bool) { yield(e, nil) }
		var table, lines bytes.Buffer
		if n, err := audit.Export(&table, audit.CSV, one); n != 1 || err != nil {
			t.Fatalf("Export = %d, %v", n, err)
		}
		rows, err := csv.NewReader(bytes.NewReader(table.Bytes())).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
			t.Fatalf("%q is read as %q, %v", table.String(), rows, err)
		}
		for _, cell := range rows[1] {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Fatalf("a cell %q", cell)
			}
		}
		if n, err := audit.Export(&lines, audit.JSONLines, one); n != 1 || err != nil {
			t.Fatalf("Export = %d, %v", n, err)
		}
		for what, text := range map[string]string{"table": table.String(), "line": lines.String()} {
			for _, r := range strings.ReplaceAll(text, "\n", "") {
				if !unicode.IsPrint(r) {
					t.Fatalf("%U in the %s %q", r, what, text)
				}
			}
		}
		if strings.Count(lines.String(), "\n") != 1 {
			t.Fatalf("one record is %q", lines.String())
		}
	})
}
