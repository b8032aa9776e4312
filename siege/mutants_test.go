package siege_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// withoutDummy is the program that refuses whom it does not know without
// computing a hash.
var withoutDummy = edit{
	"internal/primary/authenticate.go",
	"	match, err := l.hasher.Verify(a.Password.Reveal(), encoded)\n",
	"	if reason != \"\" {\n		return Result{}, &RefusedError{Reason: reason}\n	}\n	match, err := l.hasher.Verify(a.Password.Reveal(), encoded)\n",
}

// Threat T006: without the hash for nobody the test that counts hashes is red.
func TestCountingHashesNoticesAMissingOne(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the tests of a package anew")
	}
	folder := t.TempDir()
	overlay, err := writeOverlay(folder, []edit{withoutDummy})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay", overlay, "-run", "TestEveryPathHashesOnce", "./internal/primary")
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: TestEveryPathHashesOnce/unknown_user") {
		t.Errorf("the mutant lives: %v\n%s", err, out)
	}
}

// Threat T006: and so is the test that takes the time.
func TestTimingNoticesAMissingHash(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	if !s.long {
		t.Skip("builds the program anew; make siege does it")
	}
	folder := t.TempDir()
	if _, err := build(t.Context(), folder, withoutDummy); err != nil {
		t.Fatal(err)
	}
	r, all := ownUsers(t, filepath.Join(folder, "mfaserver"))
	if got := farthest(timeRefusals(t, r.newClient(t, ""), 20, all...)); got < shows {
		t.Errorf("without the hash medians differ by %.1f %%, want it to show", 100*got)
	}
}
