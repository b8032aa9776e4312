package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/helpdesk"
)

// adminFile is the gateway's configuration with the Admin key.
func (b *gatewayBench) adminFile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text[:strings.Index(string(text), "rules:")]) + fmt.Sprintf("  admin: {integration_key: %s, secret_key: %s, api_hostname: %q}\n",
		b.duo.Credentials().AdminKey, b.duo.Credentials().AdminSecret, b.duo.APIHost)
}

// overdue puts the end of everything in bypass into the past.
func overdue(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "lapses", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing is kept in %s: %v", dir, err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var l helpdesk.Lapse
		if err := json.Unmarshal(data, &l); err != nil {
			t.Fatal(err)
		}
		l.Due = l.Due.Add(-8 * 24 * time.Hour)
		if data, err = json.Marshal(l); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Threat T159: what a command puts into bypass is listed with its end, and the
// server ends it, also after a restart; the trail has both.
func TestBypassEndsAfterARestart(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	if err := os.WriteFile(b.config, []byte(b.adminFile(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) result {
		return runCommand(t, "", append([]string{"--config", b.config, "duo"}, args...)...)
	}
	r := run("users", "update", "alice", "--status", "bypass", "--for", "2h", "--reason", "phone at home")
	if r.code != 0 || !strings.Contains(r.stderr, "alice: no second factor is asked for until") {
		t.Fatalf("bypass = %d %s%s", r.code, r.stdout, r.stderr)
	}
	if r = run("lapses", "list"); r.code != 0 || !strings.Contains(r.stdout, "alice") || !strings.Contains(r.stdout, "phone at home") {
		t.Errorf("lapses = %d %s%s", r.code, r.stdout, r.stderr)
	}
	if r = run("lapses", "end"); r.code != 0 || !strings.Contains(r.stdout, "0 put back") {
		t.Errorf("lapses end = %d %s%s", r.code, r.stdout, r.stderr)
	}
	if u, _ := b.duo.User("alice"); u.Status != duotest.StatusBypass {
		t.Fatalf("alice is %s, want in bypass still", u.Status)
	}
	if code := b.stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	overdue(t, filepath.Dir(b.config))
	b.serve(t)
	eventually(t, "alice is asked again", func() bool { u, _ := b.duo.User("alice"); return u.Status == duotest.StatusActive })
	eventually(t, "nothing is kept", func() bool { return strings.Count(run("lapses", "list", "--output", "json").stdout, "alice") == 0 })
	shown := runCommand(t, "", "--config", b.config, "--output", "json", "audit", "show", "--event", "duo.user_status_changed", "--limit", "10")
	if !strings.Contains(shown.stdout, `"until"`) || !strings.Contains(shown.stdout, `"lapsed": "true"`) && !strings.Contains(shown.stdout, `"lapsed":"true"`) {
		t.Errorf("the trail: %s", shown.stdout)
	}
}

// Threats T159, T163: where the server has no Admin key, the command that has it
// ends what is over; until then the trail of the server says that nobody did.
func TestLapsesEndByTheCommand(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	admin := filepath.Join(t.TempDir(), "admin.yaml")
	if err := os.WriteFile(admin, []byte(b.adminFile(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) result {
		return runCommand(t, "", append([]string{"--config", admin, "duo"}, args...)...)
	}
	if r := run("users", "update", "alice", "--status", "bypass", "--for", "5m", "--reason", "phone at home"); r.code != 0 {
		t.Fatalf("bypass = %d %s%s", r.code, r.stdout, r.stderr)
	}
	overdue(t, filepath.Dir(b.config))
	if code := b.stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	b.serve(t)
	failed := func() bool {
		shown := runCommand(t, "", "--config", b.config, "--output", "json", "audit", "show", "--event", "duo.user_status_changed", "--limit", "10")
		return strings.Contains(shown.stdout, `"no_credentials"`)
	}
	eventually(t, "a failure in the trail", failed)
	if u, _ := b.duo.User("alice"); u.Status != duotest.StatusBypass {
		t.Errorf("alice is %s, and nobody could have done that", u.Status)
	}
	if r := run("lapses", "end"); r.code != 0 || !strings.Contains(r.stdout, "1 put back") {
		t.Fatalf("lapses end = %d %s%s", r.code, r.stdout, r.stderr)
	}
	if u, _ := b.duo.User("alice"); u.Status != duotest.StatusActive {
		t.Errorf("alice is %s, want active", u.Status)
	}
}
