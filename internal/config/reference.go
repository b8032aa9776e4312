package config

import (
	"fmt"
	"slices"
	"strings"
)

// Reference is the documentation of every key, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" +
		"One file in YAML, named with `--config`. Unknown keys are errors; `mfaserver --config FILE check` lists every fault with its line.\n" +
		"Relative paths begin at the folder of the file. `testdata/config/example.yaml` has every key in its place.\n\n" +
		"This page is made from the program; `mfaserver config keys` shows the same in a terminal.\n")
	all := Settings()
	for _, c := range chapters() {
		fmt.Fprintf(&b, "\n## %s\n\n", c.title)
		if c.intro != "" {
			fmt.Fprintf(&b, "%s\n\n", c.intro)
		}
		b.WriteString("| key | takes | default | what it does |\n|---|---|---|---|\n")
		for _, s := range all {
			if slices.Contains(c.sections, s.section()) && (s.Meaning != "" || s.Takes != keysOfItsOwn) {
				b.WriteString(s.row())
			}
		}
	}
	return b.String()
}

// row is the setting as a line of a table.
func (s Setting) row() string {
	key := "`" + strings.Join(append([]string{s.Path}, s.Aliases...), "`, `") + "`"
	def := ""
	if s.Default != "" {
		def = "`" + s.Default + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", key, s.Takes, def, s.Meaning)
}
