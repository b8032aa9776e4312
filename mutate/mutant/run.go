package mutant

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// testBinary is the woven test binary of the package in dir.
type testBinary struct{ dir, path string }

// state is how a run of tests ended.
type state int

const (
	passed state = iota
	failed
	timedOut
)

type outcome struct {
	state state
	took  time.Duration
	text  []byte
}

// list names the tests, the examples and the fuzz targets.
func (t testBinary) list(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, t.path, "-test.list=.") //nolint:gosec // a binary that Build made
	cmd.Dir = t.dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("mutant: list the tests: %w", err)
	}
	var names []string
	for name := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(name, "Benchmark") {
			names = append(names, name)
		}
	}
	return names, nil
}

// run runs the named tests and kills those that take longer than limit. The
// error is for tests that could not be run, and for a context that has ended.
func (t testBinary) run(ctx context.Context, names []string, limit time.Duration, setting string) (outcome, error) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := []string{
		"-test.failfast", "-test.run=^(" + strings.Join(names, "|") + ")$",
		// Only for a process that is left over when this one is killed.
		"-test.timeout=" + (limit + time.Minute).String(),
	}
	cmd := exec.CommandContext(within, t.path, args...) //nolint:gosec // a binary that Build made
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), setting)
	cmd.WaitDelay = 10 * time.Second
	started := time.Now() //nolint:forbidigo // it measures
	text, err := cmd.CombinedOutput()
	o := outcome{took: time.Since(started), text: text}
	_, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return o, fmt.Errorf("mutant: %w", ctx.Err())
	case within.Err() != nil:
		o.state = timedOut
	case ended:
		o.state = failed
	case err != nil:
		return o, fmt.Errorf("mutant: %w", err)
	}
	return o, nil
}

// failing names the tests that an output shows as failed.
func failing(text []byte) []string {
	var names []string
	for _, found := range failLine.FindAllSubmatch(text, -1) {
		names = append(names, string(found[1]))
	}
	return names
}

// failLine is how the testing package says that a test failed; subtests are
// indented.
var failLine = regexp.MustCompile(`(?m)^--- FAIL: (\S+) `)
