//go:build unix

package crash_test

import (
	"os"
	"slices"
	"testing"
	"time"
)

// mutants are the program without one check, and what the harness must find
// in it.
func mutants() map[string]struct {
	edits []edit
	finds []kind
} {
	type mutant = struct {
		edits []edit
		finds []kind
	}
	claimTwice := edit{
		"mfa/claim.go",
		"		if err := t.mayEnd(Pending); err != nil {\n			return err\n		}\n		if t.over(now) {\n			return ErrExpired\n		}\n		t.Phase = Claimed\n",
		"		t.Phase = Claimed\n",
	}
	return map[string]mutant{
		"claim not once": {
			[]edit{claimTwice},
			[]kind{noWinner, doubleRedemption},
		},
		"claim and code not once": {
			[]edit{claimTwice, {"mfa/exchange.go", "if !fresh && tx.UnsentCode != code {", "if !fresh && f == nil {"}},
			[]kind{doubleRedemption, noWinner},
		},
		"logout before it is durable": {
			[]edit{{
				"internal/store/sqlite/sessionwrites.go",
				"	const query = \"DELETE FROM sessions WHERE key = ? RETURNING key, user, page, ends, record\"\n",
				"	if found, err := s.Find(ctx, k, time.Unix(0, 0)); err == nil {\n		s.graves.add(k)\n		s.cache.bury(k)\n		return found, nil\n	}\n" +
					"	const query = \"DELETE FROM sessions WHERE key = ? RETURNING key, user, page, ends, record\"\n",
			}},
			[]kind{logoutUndone},
		},
		"no binding": {
			[]edit{{
				"mfa/binding.go",
				"	addr := t.provenAddr()\n	return !c.Forwarded && addr.IsValid() && addr == c.Addr\n",
				"	return true\n",
			}},
			[]kind{bindingBroken},
		},
		"session before its record": {
			[]edit{{
				"session/start.go",
				"errs := []error{m.record(ctx, started(s))}",
				"errs := []error{nil}",
			}},
			[]kind{unaudited},
		},
	}
}

// mutantKills is how long a mutant may hide. One that comes through lets the
// test fail.
const mutantKills = 40

// Each check whose loss the harness exists for is taken out of the program,
// and the harness turns red. It takes minutes, so it runs with CRASH_MUTANTS=1
// alone, as make crash does.
func TestMutants(t *testing.T) { //nolint:paralleltest // each needs the machine for itself
	if os.Getenv("CRASH_MUTANTS") == "" {
		t.Skip("set CRASH_MUTANTS=1 to see the harness turn red without each of its checks")
	}
	s := readSettings(t)
	s.kills = mutantKills
	for name, m := range mutants() {
		t.Run(name, func(t *testing.T) {
			binary, err := build(t.Context(), t.TempDir(), m.edits...)
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t, binary, s, 1, nil)
			began := time.Now()
			r.run(t.Context(), t, s)
			found := r.found.list()
			for _, f := range found {
				if slices.Contains(m.finds, f.kind) {
					t.Logf("red after %d kills and %v: %v", r.counts.kills.Load(), time.Since(began).Round(time.Second), f)
					return
				}
			}
			t.Errorf("the mutant lives after %d kills; found %v, want one of %q\n%s",
				r.counts.kills.Load(), found, m.finds, r.report(s, time.Since(began)))
		})
	}
}

// What the mutants take out is still there to be taken out.
func TestMutantsApply(t *testing.T) {
	t.Parallel()
	for name, m := range mutants() {
		if _, err := writeOverlay(t.TempDir(), m.edits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
