package helpdesk

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrRows says that a list to enrol has faults; the error is a [*RowsError].
var ErrRows = errors.New("helpdesk: the list has faults")

// RowsError holds the faults of a list, all at once. It matches [ErrRows].
type RowsError struct{ Faults []RowFault }

// Error gives a line for each fault.
func (e *RowsError) Error() string {
	lines := []string{ErrRows.Error() + "; nobody was enrolled"}
	for _, f := range e.Faults {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives [ErrRows].
func (e *RowsError) Unwrap() error { return ErrRows }

// EnrolRow is one person of a list.
type EnrolRow struct {
	// Line counts from 1, the header included.
	Line                             int
	Username, Email, Realname, Phone string
}

// Bounds of a list.
const (
	mostRows   = 20_000
	mostFaults = 50
	mostBytes  = 8 << 20
)

// columns of a list; username is required.
func columns() []string { return []string{"username", "email", "realname", "phone"} }

// ReadRows reads a list of people as CSV: a header that names the columns
// username, email, realname and phone in any order (username is required), and
// a line for each person. It reads everything before it gives anything: faults
// come all at once as a [*RowsError]. A list has at most 20,000 people and 8
// MiB; nobody is in it twice.
func ReadRows(r io.Reader) ([]EnrolRow, error) {
	limited := &io.LimitedReader{R: r, N: mostBytes + 1}
	in := bufio.NewReader(limited)
	if start, err := in.Peek(3); err == nil && string(start) == "\xef\xbb\xbf" {
		_, _ = in.Discard(len(start))
	}
	c := csv.NewReader(in)
	c.FieldsPerRecord = -1
	c.TrimLeadingSpace = true
	list := &rowReader{csv: c, names: make(map[string]int), phones: make(map[string]int)}
	list.read()
	if limited.N == 0 {
		list.fault(1, "", "the list is larger than %d bytes; cut it in two", mostBytes)
	}
	if list.faults != nil {
		return nil, &RowsError{Faults: list.faults}
	}
	return list.rows, nil
}

// rowReader reads one list.
type rowReader struct {
	csv    *csv.Reader
	header []string
	rows   []EnrolRow
	faults []RowFault
	names  map[string]int // line by username
	phones map[string]int // line by number
}

func (l *rowReader) fault(line int, column, format string, args ...any) {
	if len(l.faults) < mostFaults {
		l.faults = append(l.faults, RowFault{Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
	}
}

func (l *rowReader) read() {
	for len(l.faults) < mostFaults {
		record, err := l.csv.Read()
		switch {
		case errors.Is(err, io.EOF):
			if l.header == nil {
				l.fault(1, "", "the list is empty; begin with the line: %s", strings.Join(columns(), ","))
			}
			return
		case err != nil:
			line := len(l.rows) + 1
			if parse, ok := errors.AsType[*csv.ParseError](err); ok {
				line = parse.Line
			}
			l.fault(line, "", "cannot be read as CSV: %v", unwrapped(err))
			return
		}
		line, _ := l.csv.FieldPos(0)
		if l.header == nil {
			if !l.readHeader(line, record) {
				return
			}
			continue
		}
		if len(l.rows) == mostRows {
			l.fault(line, "", "more than %d people; cut the list in two", mostRows)
			return
		}
		l.readRow(line, record)
	}
}

func unwrapped(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return parse.Err
	}
	return err
}

func (l *rowReader) readHeader(line int, record []string) bool {
	for _, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !slices.Contains(columns(), name):
			l.fault(line, "", "unknown column %q; there are: %s", shorten(name), strings.Join(columns(), ", "))
		case slices.Contains(l.header, name):
			l.fault(line, name, "is there twice")
		}
		l.header = append(l.header, name)
	}
	if !slices.Contains(l.header, "username") {
		l.fault(line, "username", "is missing; begin with the line: %s", strings.Join(columns(), ","))
	}
	return l.faults == nil
}

func (l *rowReader) readRow(line int, record []string) {
	if len(record) != len(l.header) {
		l.fault(line, "", "has %d fields, the header %d", len(record), len(l.header))
		return
	}
	row := EnrolRow{Line: line}
	fields := map[string]*string{"username": &row.Username, "email": &row.Email, "realname": &row.Realname, "phone": &row.Phone}
	for i, name := range l.header {
		text := strings.TrimSpace(record[i])
		*fields[name] = text
	}
	row.Phone = plainNumber(row.Phone)
	l.once(line, "username", strings.ToLower(row.Username), l.names)
	l.once(line, "phone", row.Phone, l.phones)
	r := EnrolRequest{
		Order: Order{Actor: Actor{Name: "list"}}, Username: row.Username, Email: row.Email, Realname: row.Realname, Phone: row.Phone,
		Deliver: DeliverLink, Valid: ShortestActivation,
	}
	for _, fault := range policyFaults(r.check()) {
		l.fault(line, fault.Field, "%s", fault.Rule)
	}
	l.rows = append(l.rows, row)
}

func (l *rowReader) once(line int, column, text string, seen map[string]int) {
	if text == "" {
		return
	}
	if first, twice := seen[text]; twice {
		l.fault(line, column, "is that of line %d too", first)
		return
	}
	seen[text] = line
}

// policyFaults are all the faults in an error.
func policyFaults(err error) []*PolicyError {
	if one, ok := err.(*PolicyError); ok { //nolint:errorlint // looks at this very error, then into it
		return []*PolicyError{one}
	}
	var out []*PolicyError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			out = append(out, policyFaults(e)...)
		}
	}
	return out
}
