// Command list prints which tests show which threat, from the code itself. Run it
// at the root of the repository.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"

	"mfaserver/internal/threats"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := list(out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func list(w io.Writer) error {
	file, err := os.Open("docs/security.md")
	if err != nil {
		return fmt.Errorf("the list of threats: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	d, err := threats.Parse(file)
	if err != nil {
		return err
	}
	cites, err := threats.Scan(os.DirFS("."))
	if err != nil {
		return err
	}
	for _, e := range d.Entries {
		fmt.Fprintf(w, "%s  %s\n", e.Number, e.What) //nolint:errcheck // Flush tells
		for _, x := range d.Exceptions {
			if x.Number == e.Number {
				fmt.Fprintf(w, "      not shown: %s Nearest: %s\n", x.Reason, x.Nearest) //nolint:errcheck // Flush tells
			}
		}
		var tests []string
		for _, c := range cites {
			if c.Number == e.Number {
				tests = append(tests, c.Tests...)
			}
		}
		slices.Sort(tests)
		for _, test := range slices.Compact(tests) {
			fmt.Fprintf(w, "      %s\n", test) //nolint:errcheck // Flush tells
		}
	}
	return nil
}
