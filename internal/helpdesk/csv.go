package helpdesk

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// CSVWriter writes tables that spreadsheets open without doing what a cell
// says. Not safe for concurrent use.
type CSVWriter struct{ w *csv.Writer }

// NewCSVWriter writes to w; call Flush at the end.
func NewCSVWriter(w io.Writer) *CSVWriter { return &CSVWriter{w: csv.NewWriter(w)} }

// Write writes one record, each cell as [SafeCell] has it.
func (c *CSVWriter) Write(cells ...string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = SafeCell(cell)
	}
	return c.w.Write(safe)
}

// Flush writes what is held back and gives the first error of all.
func (c *CSVWriter) Flush() error {
	c.w.Flush()
	return c.w.Error()
}

// SafeCell makes a text safe in a spreadsheet (threat T161): what a
// spreadsheet would take for a formula gets an apostrophe in front, and
// control characters become blanks. A telephone number keeps its plus.
func SafeCell(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, text)
	// Whatever a spreadsheet may skip at the beginning does not hide a formula.
	trimmed := strings.TrimLeftFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) })
	if trimmed == "" || international.MatchString(text) {
		return text
	}
	if strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", []rune(trimmed)[0]) {
		return "'" + text
	}
	return text
}

// ReportHeader names the columns of [ReportRow.Record].
func ReportHeader() []string {
	return []string{
		"org", "username", "realname", "email", "status", "findings", "bypass_group", "enrolled", "phones", "created", "last_login", "user_id",
	}
}

// Record gives the row as texts, in the order of [ReportHeader], times in UTC.
func (r *ReportRow) Record() []string {
	findings := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		findings[i] = string(f)
	}
	return []string{
		r.Org, r.Username, r.Realname, r.Email, string(r.Status), strings.Join(findings, " "), r.BypassGroup,
		strconv.FormatBool(r.Enrolled), strconv.Itoa(r.Phones), stamp(r.Created), stamp(r.LastLogin), r.UserID,
	}
}

// stamp is a time as a table shows it, empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// RowFault is one fault of a list to enrol.
type RowFault struct {
	// Line counts from 1, the header included.
	Line int
	// Column is empty for the line as a whole.
	Column, Text string
}

func (f RowFault) String() string {
	if f.Column == "" {
		return fmt.Sprintf("line %d: %s", f.Line, f.Text)
	}
	return fmt.Sprintf("line %d: %s: %s", f.Line, f.Column, f.Text)
}
