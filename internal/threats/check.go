package threats

import (
	"fmt"
	"slices"
	"time"
)

// Check tells what is wrong between the list and the code, one sentence each:
// a number without a test or an exception, a citation that no test runs or of a
// number that the list does not have, an exception of a day to come.
func Check(d Document, cites []Cite, today time.Time) []string {
	var faults []string
	listed := map[string]bool{}
	for _, e := range d.Entries {
		listed[e.Number] = true
	}
	shown := map[string]bool{}
	for _, c := range cites {
		switch {
		case !listed[c.Number]:
			faults = append(faults, fmt.Sprintf("%s:%d cites %s, which is not in the list", c.File, c.Line, c.Number))
		case len(c.Tests) == 0:
			faults = append(faults, fmt.Sprintf("%s:%d cites %s where no test runs", c.File, c.Line, c.Number))
		default:
			shown[c.Number] = true
		}
	}
	excepted := map[string]bool{}
	for _, x := range d.Exceptions {
		excepted[x.Number] = true
		if !listed[x.Number] {
			faults = append(faults, fmt.Sprintf("the exception of %s is of a number that is not in the list", x.Number))
		}
		if x.Since.After(today) {
			faults = append(faults, fmt.Sprintf("the exception of %s is of a day to come", x.Number))
		}
	}
	for _, e := range d.Entries {
		if !shown[e.Number] && !excepted[e.Number] {
			faults = append(faults, fmt.Sprintf("%s has neither a test nor an exception: %s", e.Number, e.What))
		}
	}
	slices.Sort(faults)
	return faults
}
