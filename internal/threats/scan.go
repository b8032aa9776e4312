package threats

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Cite is one place that cites a number.
type Cite struct {
	Number string
	File   string // slash-separated, from the root of the repository
	Line   int
	// Tests are those that run the cited lines: "mfa TestRedeem". They are
	// empty when no test of the repository reaches them.
	Tests []string
}

// The list of numbers after the word may run over the end of a line.
var (
	citation = regexp.MustCompile(`(?i:\b(?:threats?|faults?))\s+((?:[TR]\d{2,3}(?:,\s*and\s+|,\s*|\s+and\s+|\s*[-–]\s*)?)+)`)
	number   = regexp.MustCompile(`[TR]\d{2,3}`)
)

// Scan finds the citations of a repository: in comments of Go tests, of what
// they call and of conformance suites, in testscript files, and in what CI runs beside
// the tests (.ci, Makefile, .golangci.yml). Comments of the product's own code
// and of benchmarks are no proof of anything and do not count.
func Scan(root fs.FS) ([]Cite, error) {
	var cites []Cite
	code := newCode()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped(name) {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case strings.HasSuffix(name, ".go"):
			if provesSomething(name) {
				return code.add(root, name)
			}
		case path.Ext(name) == ".txt" && strings.Contains(name, "testdata/script"):
			found, err := scanText(root, name, path.Dir(path.Dir(path.Dir(name)))+" script "+path.Base(name))
			cites = append(cites, found...)
			return err
		case strings.HasPrefix(name, ".ci/"), name == "Makefile", name == ".golangci.yml":
			found, err := scanText(root, name, "CI "+name)
			cites = append(cites, found...)
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("threats: reading the code: %w", err)
	}
	cites = append(cites, code.cites()...)
	slices.SortFunc(cites, func(a, b Cite) int {
		if c := strings.Compare(a.Number, b.Number); c != 0 {
			return c
		}
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return cites, nil
}

// skipped tells of a folder that holds no proof.
func skipped(dir string) bool {
	base := path.Base(dir)
	return base == "node_modules" || base == "bin" ||
		dir != "." && strings.HasPrefix(base, ".") && base != ".ci" ||
		// What the simulator can do wrong shows nothing about what we do.
		dir == "internal/threats" || dir == "duoclient/duotest"
}

// provesSomething tells the files whose comments count: tests, and the suites
// and doubles that only tests import.
func provesSomething(file string) bool {
	return strings.HasSuffix(file, "_test.go") || strings.HasSuffix(path.Dir(file), "test")
}

func scanText(root fs.FS, file, test string) ([]Cite, error) {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	var cites []Cite
	for i, line := range strings.Split(string(text), "\n") {
		_, comment, ok := strings.Cut(line, "#")
		if !ok {
			continue
		}
		for _, n := range numbersIn(comment) {
			cites = append(cites, Cite{Number: n.number, File: file, Line: i + 1, Tests: []string{test}})
		}
	}
	return cites, nil
}

type found struct {
	number string
	offset int
}

// numbersIn finds what a comment cites, and where in it.
func numbersIn(comment string) []found {
	var all []found
	for _, m := range citation.FindAllStringSubmatchIndex(comment, -1) {
		for _, n := range number.FindAllStringIndex(comment[m[2]:m[3]], -1) {
			all = append(all, found{comment[m[2]+n[0] : m[2]+n[1]], m[2] + n[0]})
		}
	}
	return all
}
