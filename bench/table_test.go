package bench_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
)

// printTable writes the rows for people.
func printTable(w io.Writer, rows []row) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, err := fmt.Fprintln(tw, "WHAT\tMEDIAN\tMIDDLE HALF\tROUNDS\tBAR\t\tTHAT IS")
	for i := range rows {
		r := &rows[i]
		_, one := fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n",
			r.what, number(r.median(), r.unit), r.spread(), len(r.rounds), r.bar.text(r.unit), r.verdict(), r.context)
		err = errors.Join(err, one)
	}
	return errors.Join(err, tw.Flush())
}

// printMarkdown writes the rows for docs/performance.md.
func printMarkdown(w io.Writer, rows []row) error {
	_, err := fmt.Fprint(w, "| what | median | middle half | rounds | bar | | that is |\n|---|---|---|---|---|---|---|\n")
	for i := range rows {
		r := &rows[i]
		_, one := fmt.Fprintf(w, "| %s | %s | %s | %d | %s | %s | %s |\n",
			r.what, number(r.median(), r.unit), r.spread(), len(r.rounds), r.bar.text(r.unit), r.verdict(), r.context)
		err = errors.Join(err, one)
	}
	return err
}

// printCSV writes the rows for programs, the rounds included.
func printCSV(w io.Writer, rows []row) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{"row", "what", "unit", "median", "bar", "limit", "verdict", "context", "rounds"})
	for i := range rows {
		r := &rows[i]
		rounds := make([]string, len(r.rounds))
		for n, v := range r.rounds {
			rounds[n] = strconv.FormatFloat(v, 'g', 5, 64)
		}
		err = errors.Join(err, out.Write([]string{
			r.name, r.what, r.unit, strconv.FormatFloat(r.median(), 'g', 5, 64), []string{"none", "at most", "at least"}[r.bar.kind],
			strconv.FormatFloat(r.bar.limit, 'g', -1, 64), r.verdict(), r.context, strings.Join(rounds, " "),
		}))
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

// Marks in docs/performance.md; what stands between them is replaced.
const (
	tableBegins = "<!-- make bench DOCS=1 writes from here -->\n"
	tableEnds   = "<!-- to here -->\n"
)

var errMarks = errors.New("the marks of the table are not there, once each and in their order")

// between replaces what stands between the marks.
func between(document, table string) (string, error) {
	before, rest, found := strings.Cut(document, tableBegins)
	_, after, ended := strings.Cut(rest, tableEnds)
	if !found || !ended || strings.Contains(after, tableBegins) {
		return "", errMarks
	}
	return before + tableBegins + table + tableEnds + after, nil
}

// writeBetween puts a table into a document.
func writeBetween(path, table string) error {
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := between(string(document), table)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}
