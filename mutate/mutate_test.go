package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mfaserver/mutate/mutant"
)

// The short form of the whole check: of a small room that decides, every
// removed check is noticed but those that accepted.txt explains, and a run that
// goes on where another stopped asks no test again.
func TestAccess(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs tests of another package many times")
	}
	j, err := openJournal(filepath.Join(t.TempDir(), "kept", "verdicts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.close() })
	var lines strings.Builder
	s := settings{workers: 2, journal: j, progress: &lines}
	place := target{name: "access", dir: "../web/gateway/access"}
	r, err := exercise(t.Context(), s, place)
	if err != nil {
		t.Fatal(err)
	}
	noticed := func(name string) bool {
		return slices.Contains(r.names, name) &&
			!slices.ContainsFunc(r.survivors, func(c survivor) bool { return place.dir+"/"+c.String() == name })
	}
	for _, name := range []string{
		"../web/gateway/access/stepup.go fresh: age <= most",
		"../web/gateway/access/stepup.go fresh: age >= 0",
		"../web/gateway/access/stepup.go stepUp: s.FailOpen",
	} {
		if !noticed(name) {
			t.Errorf("%s is not noticed; checks are\n%s", name, strings.Join(r.names, "\n"))
		}
	}
	var out strings.Builder
	place.dir = "web/gateway/access"
	for i, name := range r.names {
		r.names[i] = strings.TrimPrefix(name, "../")
	}
	if sum := report(&out, place, r, explained(accepted)); sum.verdict() != nil || sum.checks < 15 {
		t.Errorf("%+v: %v\n%s", sum, sum.verdict(), out.String())
	}
	if !strings.Contains(lines.String(), "surveyed") {
		t.Errorf("progress says %q", lines.String())
	}
}

// A run that was broken off goes on: what was judged is not judged again, and
// a line that was cut off is.
func TestResume(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "verdicts.jsonl")
	first, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	caught := mutant.Verdict{Noticed: true, By: "TestA"}
	for id, v := range map[int]mutant.Verdict{1: caught, 2: {By: mutant.AllPass}, 3: {By: mutant.Unclear}} {
		if err := first.save(entryKey{Digest: "d", ID: id}, "check", v); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(f, `{"digest":"d","id":4,"not`)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	second, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.save(entryKey{Digest: "d", ID: 5}, "check", caught); err != nil {
		t.Fatal(err)
	}
	if err := second.close(); err != nil {
		t.Fatal(err)
	}
	third, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = third.close() })
	for key, want := range map[entryKey]bool{
		{Digest: "d", ID: 1}: true, {Digest: "d", ID: 2}: true, {Digest: "d", ID: 5}: true,
		{Digest: "d", ID: 3}: false, {Digest: "d", ID: 4}: false, {Digest: "other", ID: 1}: false,
	} {
		if v, ok := third.find(key); ok != want {
			t.Errorf("%+v: %+v, %t, want %t", key, v, ok, want)
		}
	}
	if v, _ := third.find(entryKey{Digest: "d", ID: 1}); v != caught {
		t.Errorf("kept %+v, want %+v", v, caught)
	}
}

// The verdict on a run: a survivor without a reason, a reason without its check
// and too many survivors each fail it.
func TestReport(t *testing.T) {
	t.Parallel()
	place := target{name: "room", dir: "house/room"}
	var names []string
	for range 19 {
		names = append(names, "house/room/a.go f: noticed")
	}
	names = append(names, "house/room/a.go f: planted")
	lost := survivor{Check: mutant.Check{File: "a.go", Func: "f", Text: "planted", Nth: 1, Line: 7}, why: mutant.AllPass}
	for name, test := range map[string]struct {
		survivors []survivor
		reasons   string
		want      error
		says      string
	}{
		"all noticed": {says: "20 checks, 20 noticed (100.0 %), 0 not, 0 of them not explained"},
		"explained": {
			survivors: []survivor{lost}, reasons: "house/room/a.go f: planted\n    A reason.\n",
			says: "survives  house/room/a.go f: planted (line 7; all tests that come by pass)\n          A reason.\n",
		},
		"not explained": {survivors: []survivor{lost}, want: errUnknown, says: "NOT EXPLAINED"},
		"named without a reason": {
			survivors: []survivor{lost}, reasons: "house/room/a.go f: planted\n", want: errUnknown, says: "NOT EXPLAINED",
		},
		"another of the same text": {
			survivors: []survivor{{Check: mutant.Check{File: "a.go", Func: "f", Text: "planted", Nth: 2}}},
			reasons:   "house/room/a.go f: planted\n    A reason.\n", want: errUnknown, says: "planted #2",
		},
		"gone":                {reasons: "house/room/a.go f: gone\n    A reason.\n", want: errGone, says: "gone      house/room/a.go f: gone"},
		"of a room inside":    {reasons: "house/room/attic/a.go f: gone\n    A reason.\n", says: "20 noticed"},
		"noticed after all":   {reasons: "house/room/a.go f: planted\n    A reason.\n", says: "noticed   house/room/a.go f: planted"},
		"more than one in 10": {survivors: []survivor{lost, lost, lost}, reasons: "house/room/a.go f: planted\n    A reason.\n", want: errTooFew, says: "85.0 %"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			sum := report(&out, place, result{checks: 20, names: names, survivors: test.survivors}, explained(test.reasons))
			if err := sum.verdict(); !errors.Is(err, test.want) || (test.want == nil) != (err == nil) {
				t.Errorf("verdict() = %v, want %v", err, test.want)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("it says\n%s\nwant %q", out.String(), test.says)
			}
		})
	}
}

// What is asked for and is not there is an error before anything runs.
func TestArguments(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out, io.Discard, []string{"attic"}); !errors.Is(err, errNoTarget) {
		t.Errorf("run(attic) = %v, want errNoTarget", err)
	}
	if err := run(t.Context(), &out, io.Discard, []string{"-resume", t.TempDir(), "access"}); err == nil {
		t.Error("a folder was taken for a journal")
	}
	if out.Len() > 0 {
		t.Errorf("it says %q", out.String())
	}
}

// Every target is there, and every reason is for one of them.
func TestTargets(t *testing.T) {
	t.Parallel()
	for _, place := range targets() {
		for _, pattern := range place.files {
			found, err := filepath.Glob(filepath.Join("..", place.dir, pattern))
			if err != nil || len(found) == 0 {
				t.Errorf("%s: no file %s (%v)", place.name, pattern, err)
			}
		}
	}
	for name, reason := range explained(accepted) {
		file, _, _ := strings.Cut(name, " ")
		if !slices.ContainsFunc(targets(), func(p target) bool { return p.dir == filepath.ToSlash(filepath.Dir(file)) }) {
			t.Errorf("%s (%s) is of no target", name, reason)
		}
	}
}
