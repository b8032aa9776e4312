package deploy_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

const quickstart = "../docs/quickstart.md"

// mayInstall skips where a test must not install packages.
func mayInstall(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and installs a package")
	}
	_, apt := exec.LookPath("apt-get")
	switch {
	case os.Getenv("CI") == "" && os.Getenv("INSTALL") == "":
		t.Skip("SKIPPED, the package was not tried: it is installed in CI, and with INSTALL=1")
	case apt != nil || os.Getuid() != 0:
		t.Skip("SKIPPED, the package was not tried: it needs Debian and root")
	}
	for _, path := range []string{"/etc/mfaserver", "/var/lib/mfaserver", "/usr/bin/mfaserver"} {
		if _, err := os.Stat(path); err == nil {
			t.Skipf("SKIPPED, the package was not tried: there is %s, which is not the test's", path)
		}
	}
}

// sh runs a shell command and returns all that it said.
func sh(t *testing.T, dir, text string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-c", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, dir, text string) string {
	t.Helper()
	out, err := sh(t, dir, text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", text, err, out)
	}
	return out
}

// Threat T187: two releases of one commit are the same bytes, packages included.
// Threats T186, T190: the package has the unit, the manual and the licences of all
// that is in it; the quick start's commands lead to a login as they stand; removing
// keeps what is the administrator's, purging keeps the state.
func TestPackage(t *testing.T) { //nolint:paralleltest // it installs on the machine
	mayInstall(t)
	dist := release(t)
	if again := release(t); must(t, dist, "cat SHA256SUMS") != must(t, again, "cat SHA256SUMS") {
		t.Errorf("two releases differ:\n%s\n%s", must(t, dist, "cat SHA256SUMS"), must(t, again, "cat SHA256SUMS"))
	}
	t.Cleanup(func() {
		_, _ = sh(t, dist, "dpkg --purge mfaserver; rm -rf /var/lib/mfaserver; deluser --quiet --system mfaserver")
	})
	follow(t, dist)
	for _, path := range []string{
		"/usr/share/man/man1/mfaserver-users-add.1.gz", "/usr/share/doc/mfaserver/copyright", "/usr/share/doc/mfaserver/operations.md",
		"/usr/share/bash-completion/completions/mfaserver", "/lib/systemd/system/mfaserver.service",
	} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if owner := must(t, dist, "stat -c '%U %a' /var/lib/mfaserver"); owner != "mfaserver 700\n" {
		t.Errorf("the state belongs to %s", owner)
	}
	must(t, dist, "echo kept >/var/lib/mfaserver/record")
	must(t, dist, "apt-get remove -y mfaserver")
	must(t, dist, "test -e /etc/mfaserver/mfaserver.yaml -a -e /var/lib/mfaserver/record -a ! -e /usr/bin/mfaserver")
	must(t, dist, "dpkg --purge mfaserver")
	must(t, dist, "test ! -e /etc/mfaserver/mfaserver.yaml -a -e /var/lib/mfaserver/record")
}

// release makes a release for this machine's system.
func release(t *testing.T) (dist string) {
	t.Helper()
	dist = filepath.Join(t.TempDir(), "dist")
	must(t, ".", "DIST="+dist+" TARGETS=linux/"+runtime.GOARCH+" ./build")
	return dist
}

// follow types the commands of the quick start, as one session at a shell.
func follow(t *testing.T, dist string) {
	t.Helper()
	data, err := os.ReadFile(quickstart)
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^# ([a-z].*)$`).FindAllStringSubmatch(string(consoles(data)), -1)
	if len(commands) < 5 || len(commands) > 10 {
		t.Fatalf("%d commands, want ten at most", len(commands))
	}
	var script strings.Builder
	script.WriteString("set -e -o pipefail\n")
	for _, c := range commands {
		script.WriteString(c[1] + "\n")
	}
	out := must(t, dist, "timeout 120 bash -c \"$(cat <<'END'\n"+script.String()+"END\n)\"")
	for _, want := range []string{"Overall exposure level", "duo_push", "signed out"} {
		if !strings.Contains(out, want) {
			t.Errorf("the quick start says no %q:\n%s", want, out)
		}
	}
}

// consoles are the blocks of commands.
func consoles(page []byte) []byte {
	return bytes.Join(regexp.MustCompile("(?ms)^```console\n.*?^```$").FindAll(page, -1), nil)
}
