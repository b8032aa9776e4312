package audit

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Format is the form of an export.
type Format string

// The formats. A JSON line is the one of the trail, byte for byte; a table
// begins with the names of its columns.
const (
	JSONLines Format = "jsonl"
	CSV       Format = "csv"
)

// ErrBadFormat means that there is no such format.
var ErrBadFormat = errors.New("audit: no such export format")

// Export writes entries and returns how many there were. It stops at the first
// error of entries or of w.
//
// Spreadsheets take a cell that begins with = + - @ or a tab for a formula; in
// a CSV such a cell begins with an apostrophe (threat T191). What does not
// print is escaped in both formats.
func Export(w io.Writer, format Format, entries iter.Seq2[Entry, error]) (int, error) {
	switch format {
	case JSONLines:
		return exportLines(w, entries)
	case CSV:
		return exportCSV(w, entries)
	}
	return 0, fmt.Errorf("%w: %q", ErrBadFormat, string(format))
}

func exportLines(w io.Writer, entries iter.Seq2[Entry, error]) (n int, err error) {
	var buf []byte
	for e, err := range entries {
		if err != nil {
			return n, err
		}
		buf = appendLine(buf[:0], &e)
		if _, err := w.Write(buf); err != nil {
			return n, fmt.Errorf("audit: export: %w", err)
		}
		n++
	}
	return n, nil
}

// columns of a CSV; detail holds name=value, with semicolons in between.
func columns() []string {
	return []string{
		"sequence", "time", "node", "event", "outcome", "user", "unknown_user", "unknown_user_bytes", "actor",
		"source", "user_agent", "tx", "session", "request_id", "reason", "detail", "more_details",
	}
}

func exportCSV(w io.Writer, entries iter.Seq2[Entry, error]) (n int, err error) {
	table := csv.NewWriter(w)
	if err := table.Write(columns()); err != nil {
		return 0, fmt.Errorf("audit: export: %w", err)
	}
	for e, err := range entries {
		if err != nil {
			table.Flush()
			return n, err
		}
		if err := table.Write(row(&e)); err != nil {
			return n, fmt.Errorf("audit: export: %w", err)
		}
		n++
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return n, fmt.Errorf("audit: export: %w", err)
	}
	return n, nil
}

func row(e *Entry) []string {
	source := ""
	if e.Source.IsValid() {
		source = e.Source.String()
	}
	cells := []string{
		strconv.FormatUint(e.Sequence, 10), e.Time.UTC().Format(timeForm), e.Node, string(e.Name), string(e.Outcome),
		e.Username, e.UnknownUsername, count(e.UnknownBytes), e.Actor, source, e.UserAgent, e.Transaction, e.Session,
		e.RequestID, e.Reason, detailCell(e.Detail), count(e.MoreDetails),
	}
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	return cells
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func detailCell(detail map[string]string) string {
	var b strings.Builder
	for i, k := range sortedKeys(detail) {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(k + "=" + detail[k])
	}
	return b.String()
}

// cell is a text as no spreadsheet calculates it.
func cell(s string) string {
	if s == "" {
		return s
	}
	if strings.ContainsRune("=+-@\t\r\n", rune(s[0])) || strings.HasPrefix(s, "\uff1d") || strings.HasPrefix(s, "\uff0b") ||
		strings.HasPrefix(s, "\uff0d") || strings.HasPrefix(s, "\uff20") {
		s = "'" + s
	}
	return Printable(s)
}
