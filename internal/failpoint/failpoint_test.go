package failpoint_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mfaserver/internal/failpoint"
)

func Example() {
	// What a harness puts into the environment of the program.
	arm := failpoint.Arm{Point: failpoint.AfterClaim, Action: failpoint.Kill, At: 3}
	fmt.Printf("%s=%s\n", failpoint.Variable, arm)
	// Output: MFASERVER_FAILPOINTS=mfa.after_claim=kill@3
}

func TestParse(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":                                       "[]",
		"mfa.after_claim=kill":                   "[mfa.after_claim=kill@1]",
		"session.mid_logout=stop@7":              "[session.mid_logout=stop@7]",
		"mfa.after_duo=kill,audit.synced=kill@2": "[mfa.after_duo=kill@1 audit.synced=kill@2]",
	} {
		got, err := failpoint.Parse(value)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", value, got, err, want)
		}
	}
	for _, value := range []string{
		"mfa.after_claim", "mfa.after_claim=", "mfa.after_claim=panic", "mfa.nowhere=kill", "=kill", ",",
		"mfa.after_claim=kill@0", "mfa.after_claim=kill@-1", "mfa.after_claim=kill@x", "mfa.after_claim=kill@", " ",
	} {
		if got, err := failpoint.Parse(value); !errors.Is(err, failpoint.ErrArm) {
			t.Errorf("Parse(%q) = %v, %v, want ErrArm", value, got, err)
		}
	}
}

// Built as it is shipped, a point is nothing: the compiler inlines the empty
// function.
func TestHitCostsNothing(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-gcflags=-m", "-o", os.DevNull, ".").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "can inline Hit") {
		t.Errorf("go build says %s, %v; want that it can inline Hit", out, err)
	}
}
