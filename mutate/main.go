// Command mutate removes the security checks of the rooms that decide who gets
// in, one at a time, and reports those whose absence no test notices.
//
//	make mutate
//	go run ./mutate mfa session    some targets only
//
// It ends with an error when fewer than nine in ten are noticed, or when one
// that is not stands in accepted.txt without a reason.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"mfaserver/mutate/mutant"
)

// target is a package, or the files of one that match the patterns; tests are
// the other packages that test it.
type target struct {
	name, dir string
	files     []string
	tests     []string
}

// targets are the rooms that decide.
func targets() []target {
	return []target{
		{name: "duoclient", dir: "duoclient"},
		{name: "mfa", dir: "mfa"},
		{name: "session", dir: "session"},
		{name: "web", dir: "web", files: []string{
			"policy.go", "target.go", "client.go", "forward.go", "accept.go", "request.go", "routes.go", "principal.go", "redeem.go", "callback.go", "headers.go",
		}},
		{name: "browser", dir: "web/browser", files: []string{"form*.go", "origin.go", "redirect.go", "notice*.go"}, tests: []string{"web", "web/portal"}},
		{name: "gateway", dir: "web/gateway", files: []string{"guard.go", "headers.go", "public.go", "framing.go", "serve.go", "road.go"}},
		{name: "access", dir: "web/gateway/access"},
	}
}

const (
	// enough is the share of checks, in percent, whose absence must be noticed.
	enough = 90
	// shortLimit and longLimit bound the tests of one package.
	shortLimit = 3 * time.Minute
	longLimit  = 10 * time.Minute
)

var (
	errTooFew   = errors.New("mutate: too few checks are noticed")
	errUnknown  = errors.New("mutate: checks survive that accepted.txt does not explain")
	errNoTarget = errors.New("mutate: no such target")
)

//go:embed accepted.txt
var accepted string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, out io.Writer, names []string) error {
	todo := targets()
	for _, name := range names {
		if !slices.ContainsFunc(todo, func(t target) bool { return t.name == name }) {
			return fmt.Errorf("%w: %s", errNoTarget, name)
		}
	}
	if len(names) > 0 {
		todo = slices.DeleteFunc(todo, func(t target) bool { return !slices.Contains(names, t.name) })
	}
	reasons := explained(accepted)
	checks, survived, open := 0, 0, 0
	for _, t := range todo {
		r, err := exercise(ctx, out, t)
		if err != nil {
			return err
		}
		checks += r.checks
		survived += len(r.survivors)
		for _, c := range r.survivors {
			name := t.dir + "/" + c.String()
			reason, ok := reasons[name]
			if !ok {
				open++
				reason = "NOT EXPLAINED"
			}
			_, _ = fmt.Fprintf(out, "survives  %s (line %d)\n          %s\n", name, c.Line, reason)
		}
	}
	_, _ = fmt.Fprintf(out, "%d checks, %d noticed (%.1f %%), %d not, %d of them not explained\n",
		checks, checks-survived, 100*float64(checks-survived)/float64(max(1, checks)), survived, open)
	switch {
	case (checks-survived)*100 < checks*enough:
		return errTooFew
	case open > 0:
		return errUnknown
	}
	return nil
}

// result is what became of a target's checks.
type result struct {
	checks    int
	survivors []mutant.Check
}

// exercise removes every check of a target: with the short tests first, and
// with all of them where those notice nothing.
func exercise(ctx context.Context, out io.Writer, t target) (result, error) {
	work, err := os.MkdirTemp("", "mutate-"+t.name+"-")
	if err != nil {
		return result{}, fmt.Errorf("mutate: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary, err := mutant.Build(ctx, mutant.Config{Dir: t.dir, Files: t.files, Tests: t.tests, Work: work})
	if err != nil {
		return result{}, err
	}
	reached, err := binary.Reached(ctx, longLimit)
	if err != nil {
		return result{}, err
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	var failed error
	r := result{checks: len(binary.Checks)}
	next := make(chan mutant.Check)
	for range max(1, runtime.NumCPU()) {
		group.Go(func() {
			for c := range next {
				caught, err := noticed(ctx, binary, c, reached[c.ID])
				mu.Lock()
				failed = errors.Join(failed, err)
				if !caught {
					r.survivors = append(r.survivors, c)
				}
				mu.Unlock()
			}
		})
	}
	for i, c := range binary.Checks {
		next <- c
		if i%25 == 0 {
			_, _ = fmt.Fprintf(out, "%s: %d of %d\n", t.dir, i, len(binary.Checks))
		}
	}
	close(next)
	group.Wait()
	slices.SortFunc(r.survivors, func(a, b mutant.Check) int { return a.ID - b.ID })
	return r, failed
}

func noticed(ctx context.Context, b *mutant.Binary, c mutant.Check, reached bool) (bool, error) {
	if !reached {
		return false, ctx.Err()
	}
	caught, err := b.Caught(ctx, c, shortLimit, true)
	if caught || err != nil {
		return caught, err
	}
	return b.Caught(ctx, c, longLimit, false)
}

// explained reads the list of known survivors: a line that names one, and the
// reason on the next, indented.
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
