package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"mfaserver/mutate/mutant"
)

// settings are what the flags say.
type settings struct {
	workers int
	journal *journal
	// out is for the report, progress for lines while it works.
	out, progress io.Writer
}

// survivor is a check that nobody misses.
type survivor struct {
	mutant.Check

	why string
}

// result is what became of a target's checks.
type result struct {
	checks    int
	names     []string
	survivors []survivor
}

// exercise removes every check of a target.
func exercise(ctx context.Context, s settings, t target) (result, error) {
	work, err := os.MkdirTemp("", "mutate-"+t.name+"-")
	if err != nil {
		return result{}, fmt.Errorf("mutate: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary, err := mutant.Build(ctx, mutant.Config{Dir: t.dir, Files: t.files, Tests: t.tests, Work: work})
	if err != nil {
		return result{}, err
	}
	digest, err := binary.Digest()
	if err != nil {
		return result{}, err
	}
	p := &progress{to: s.progress, target: t.name}
	if !allKnown(s.journal, digest, binary.Checks) {
		err = binary.Survey(ctx, s.workers, func(surveyed, of int) {
			p.say(now(), "%d of %d tests surveyed", surveyed, of)
		})
		if err != nil {
			return result{}, err
		}
	}
	p.started = now()
	r, err := judgeAll(ctx, s, binary, digest, p)
	for _, c := range binary.Checks {
		r.names = append(r.names, t.dir+"/"+c.String())
	}
	return r, err
}

// allKnown reports whether the journal has every verdict: then no test has to
// be run.
func allKnown(j *journal, digest string, checks []mutant.Check) bool {
	return !slices.ContainsFunc(checks, func(c mutant.Check) bool {
		_, ok := j.find(entryKey{Digest: digest, ID: c.ID})
		return !ok
	})
}

func judgeAll(ctx context.Context, s settings, binary *mutant.Binary, digest string, p *progress) (result, error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	var r result
	var failed error
	next := make(chan mutant.Check)
	for range max(1, s.workers) {
		group.Go(func() {
			for c := range next {
				v, remembered, err := judge(ctx, s.journal, binary, digest, c)
				mu.Lock()
				failed = errors.Join(failed, err)
				r.checks++
				if !v.Noticed {
					r.survivors = append(r.survivors, survivor{Check: c, why: v.By})
				}
				p.judged(now(), r, len(binary.Checks), remembered)
				mu.Unlock()
			}
		})
	}
	for _, c := range binary.Checks {
		if ctx.Err() != nil {
			break
		}
		next <- c
	}
	close(next)
	group.Wait()
	slices.SortFunc(r.survivors, func(a, b survivor) int { return a.ID - b.ID })
	return r, errors.Join(failed, ctx.Err())
}

func judge(ctx context.Context, j *journal, binary *mutant.Binary, digest string, c mutant.Check) (v mutant.Verdict, remembered bool, err error) {
	key := entryKey{Digest: digest, ID: c.ID}
	if v, ok := j.find(key); ok {
		return v, true, nil
	}
	if v, err = binary.Judge(ctx, c); err != nil {
		return v, false, err
	}
	return v, false, j.save(key, c.String(), v)
}

func now() time.Time { return time.Now() } //nolint:forbidigo // it measures
