package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exposure is the most that systemd-analyze security may find, in tenths. What is
// left is a server's trade: sockets, the network, the host's root directory.
const exposure = "12"

// Threat T190: the unit has no fault, and gives the process hardly a right.
func TestUnit(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("SKIPPED, the unit was not looked at: there is no systemd-analyze")
	}
	data, err := os.ReadFile(filepath.Join("systemd", "mfaserver.service"))
	if err != nil {
		t.Fatal(err)
	}
	// The program is not installed here. All else must hold on a machine that has
	// nothing but systemd: a manual page is looked at with a program of its own.
	text := strings.ReplaceAll(string(data), "/usr/bin/mfaserver", "/bin/true")
	if strings.Contains(text, "man:") {
		t.Error("the unit names a manual page, which systemd-analyze looks for with man")
	}
	unit := filepath.Join(t.TempDir(), "mfaserver.service")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", unit}, {"security", "--offline=true", "--threshold=" + exposure, unit}} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
		}
	}
	for _, want := range []string{
		"Type=notify\n", "ExecReload=/bin/kill -HUP $MAINPID\n", "WatchdogSec=", "\nCapabilityBoundingSet=\n", "User=mfaserver\n", "LoadCredential=duo_client_secret:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the unit lacks %q", want)
		}
	}
}
