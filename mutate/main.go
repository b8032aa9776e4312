// Command mutate removes the security checks of the rooms that decide who gets
// in, one at a time, and reports those whose absence no test notices.
//
//	make mutate
//	go run ./mutate mfa session                some targets only
//	go run ./mutate -resume bin/mutate.jsonl   go on where a run was broken off
//
// It ends with an error when fewer than nine in ten are noticed, when one that
// is not stands in accepted.txt without a reason, or when a reason there is for
// a check that is gone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
)

// enough is the share of checks, in percent, whose absence must be noticed.
const enough = 90

var (
	errTooFew   = errors.New("mutate: too few checks are noticed")
	errUnknown  = errors.New("mutate: checks survive that accepted.txt does not explain")
	errGone     = errors.New("mutate: accepted.txt explains checks that are gone")
	errNoTarget = errors.New("mutate: no such target")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Stderr, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, out, progress io.Writer, args []string) (err error) {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(progress)
	workers := flags.Int("workers", runtime.NumCPU(), "how many checks are removed at the same time, each in a process of its own")
	resume := flags.String("resume", "", "a file that keeps what was found, to go on with when a run was broken off")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("mutate: %w", err)
	}
	todo, err := chosen(flags.Args())
	if err != nil {
		return err
	}
	s := settings{workers: *workers, out: out, progress: progress}
	if *resume != "" {
		if s.journal, err = openJournal(*resume); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.journal.close()) }()
	}
	var all tally
	reasons := explained(accepted)
	for _, t := range todo {
		r, err := exercise(ctx, s, t)
		if err != nil {
			return err
		}
		all.add(report(out, t, r, reasons))
	}
	all.print(out, "all")
	return all.verdict()
}

// chosen are the targets with the given names; none means all.
func chosen(names []string) ([]target, error) {
	todo := targets()
	for _, name := range names {
		if !slices.ContainsFunc(todo, func(t target) bool { return t.name == name }) {
			return nil, fmt.Errorf("%w: %s", errNoTarget, name)
		}
	}
	if len(names) > 0 {
		todo = slices.DeleteFunc(todo, func(t target) bool { return !slices.Contains(names, t.name) })
	}
	return todo, nil
}

// tally counts checks; open are those survivors that nothing explains, gone
// the reasons for checks that are no more.
type tally struct{ checks, survived, open, gone int }

func (t *tally) add(o tally) {
	t.checks += o.checks
	t.survived += o.survived
	t.open += o.open
	t.gone += o.gone
}

func (t *tally) print(out io.Writer, name string) {
	_, _ = fmt.Fprintf(out, "%-10s %d checks, %d noticed (%.1f %%), %d not, %d of them not explained\n",
		name, t.checks, t.checks-t.survived, 100*float64(t.checks-t.survived)/float64(max(1, t.checks)), t.survived, t.open)
}

func (t *tally) verdict() error {
	switch {
	case (t.checks-t.survived)*100 < t.checks*enough:
		return errTooFew
	case t.open > 0:
		return errUnknown
	case t.gone > 0:
		return errGone
	}
	return nil
}

// report prints what became of a target.
func report(out io.Writer, t target, r result, reasons map[string]string) tally {
	sum := tally{checks: r.checks, survived: len(r.survivors)}
	var surviving []string
	for _, c := range r.survivors {
		name := t.dir + "/" + c.String()
		surviving = append(surviving, name)
		reason, ok := reasons[name]
		if !ok {
			sum.open++
			reason = "NOT EXPLAINED"
		}
		_, _ = fmt.Fprintf(out, "survives  %s (line %d; %s)\n          %s\n", name, c.Line, c.why, reason)
	}
	for name := range reasons {
		switch file, ok := strings.CutPrefix(name, t.dir+"/"); {
		case !ok, strings.Contains(strings.Fields(file)[0], "/"):
		case !slices.Contains(r.names, name):
			sum.gone++
			_, _ = fmt.Fprintf(out, "gone      %s\n", name)
		case !slices.Contains(surviving, name):
			_, _ = fmt.Fprintf(out, "noticed   %s, though accepted.txt explains why it is not\n", name)
		}
	}
	sum.print(out, t.name)
	return sum
}
