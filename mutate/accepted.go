package main

import (
	_ "embed"
	"strings"
)

// accepted explains the checks whose absence no test notices: a line that names
// one, and the reason on the next, indented.
//
//go:embed accepted.txt
var accepted string

// explained reads such a list. A name without a reason explains nothing.
func explained(text string) map[string]string {
	reasons := make(map[string]string)
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "#"), strings.TrimSpace(line) == "":
		case strings.HasPrefix(line, " "):
			reasons[name] = strings.TrimSpace(line)
		default:
			name = line
		}
	}
	return reasons
}
