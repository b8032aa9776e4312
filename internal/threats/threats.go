// Package threats ties the numbers of docs/security.md to the tests that show
// them. A test cites a number in a comment, "Threat T063: why" or "Fault R21:
// why"; this package reads the list and the citations from the files
// themselves, so that the table of both cannot say more than the code does.
package threats

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Entry is one numbered threat or fault of the list.
type Entry struct {
	Number string // T001 or R01
	Must   bool   // false: a test, or an exception with a date
	What   string // what is tried, or what breaks
	Holds  string // what is true all the same
}

// Exception says of a number that no test shows it, or shows only a part.
type Exception struct {
	Number  string
	Since   time.Time // the day it was written down
	Reason  string
	Nearest string // the nearest means there are
}

// Document is what docs/security.md lists.
type Document struct {
	Entries    []Entry
	Exceptions []Exception
}

var (
	entryRow     = regexp.MustCompile(`^\| ([TR]\d+) \| (MUST|SHOULD) \| (.+) \| (.+) \|$`)
	exceptionRow = regexp.MustCompile(`^\| ([TR]\d+) \| (\d{4}-\d{2}-\d{2}) \| (.+) \| (.+) \|$`)
	numberedRow  = regexp.MustCompile(`^\| *[TR]\d`)
)

// Parse reads the numbered rows of the document. A row that begins with a
// number and has another shape is an error, and so is a number that comes
// twice in one table.
func Parse(r io.Reader) (Document, error) {
	var d Document
	seen := map[string]bool{}
	once := func(table, number string) error {
		if seen[table+number] {
			return fmt.Errorf("threats: %s is %s twice", number, table)
		}
		seen[table+number] = true
		return nil
	}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if m := exceptionRow.FindStringSubmatch(line); m != nil {
			since, err := time.Parse(time.DateOnly, m[2])
			if err != nil {
				return Document{}, fmt.Errorf("threats: the date of the exception of %s: %w", m[1], err)
			}
			if err := once("excepted", m[1]); err != nil {
				return Document{}, err
			}
			d.Exceptions = append(d.Exceptions, Exception{m[1], since, m[3], m[4]})
			continue
		}
		if m := entryRow.FindStringSubmatch(line); m != nil {
			if err := once("listed", m[1]); err != nil {
				return Document{}, err
			}
			d.Entries = append(d.Entries, Entry{m[1], m[2] == "MUST", m[3], m[4]})
			continue
		}
		if numberedRow.MatchString(line) {
			return Document{}, fmt.Errorf("threats: a row of another shape: %s", strings.TrimSpace(line))
		}
	}
	if err := lines.Err(); err != nil {
		return Document{}, fmt.Errorf("threats: reading the list: %w", err)
	}
	return d, nil
}
