package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mfaserver/duoclient/duotest"
)

// duoBench is a simulator in this process, with child accounts, and a
// configuration for commands that find it.
type duoBench struct {
	*duotest.Server
	config    string
	directory duotest.Directory

	mu     sync.Mutex
	output strings.Builder // guarded by mu: all that the commands said
}

const benchConfig = `listen: "127.0.0.1:0"
public_urls: ["https://localhost:8443"]
data_dir: %[1]q
primary: {local: {}}
limits_factor: 100
duo:
  simulator: true
  ca: %[2]q
  directory_key: %[3]s
  universal: {client_id: %[5]s, client_secret: %[6]s, api_hostname: %[4]q}
  auth: {integration_key: %[7]s, secret_key: %[8]s, api_hostname: %[4]q}
  admin: {integration_key: %[9]s, secret_key: %[10]s, api_hostname: %[4]q}
  accounts: {integration_key: %[11]s, secret_key: %[12]s, api_hostname: %[4]q}
`

// startDuoBench starts the simulator with the named child accounts.
func startDuoBench(t *testing.T, children ...string) *duoBench {
	t.Helper()
	c := duotest.Config{Auto: duotest.Approve}
	for _, name := range children {
		c.Children = append(c.Children, duotest.Child{Name: name})
	}
	server, err := duotest.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	b := &duoBench{Server: server, directory: server.AddDirectory(duotest.Directory{Users: []duotest.User{{Name: "fromdirectory"}}})}
	b.config = b.writeConfig(t, func(text string) string { return text })
	return b
}

// writeConfig writes the configuration, changed.
func (b *duoBench) writeConfig(t *testing.T, change func(string) string) string {
	t.Helper()
	folder := t.TempDir()
	ca := filepath.Join(folder, "ca.pem")
	writePrivateFile(t, ca, string(b.CA().CertPEM()))
	k := b.Credentials()
	text := fmt.Sprintf(benchConfig, filepath.Join(folder, "data"), ca, b.directory.Key, b.APIHost,
		k.ClientID, k.ClientSecret, k.AuthKey, k.AuthSecret, k.AdminKey, k.AdminSecret, k.AccountsKey, k.AccountsSecret)
	if accounts := b.Accounts(); len(accounts) > 0 {
		text += "organizations:\n"
		for _, a := range accounts {
			text += fmt.Sprintf("  - {name: %s, account_id: %s, api_hostname: %q}\n", a.Name(), a.ID(), a.APIHost())
		}
	}
	path := filepath.Join(folder, "mfaserver.yaml")
	writePrivateFile(t, path, change(text))
	return path
}

func writePrivateFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a duo command, and keeps what it said.
func (b *duoBench) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return b.runAny(t, stdin, append([]string{"--config", b.config, "duo"}, args...)...)
}

func (b *duoBench) runAny(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	r := runCommand(t, stdin, args...)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.output.WriteString(r.stdout + r.stderr)
	return r
}

// must runs a duo command that has to succeed, and gives its output.
func (b *duoBench) must(t *testing.T, args ...string) string {
	t.Helper()
	r := b.run(t, "", args...)
	if r.code != 0 {
		t.Fatalf("duo %v = %d\nstdout: %s\nstderr: %s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// mustJSON is must with the output read into v.
func (b *duoBench) mustJSON(t *testing.T, v any, args ...string) {
	t.Helper()
	out := b.must(t, append(slices.Clone(args), "--output", "json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("duo %v printed no JSON: %v\n%s", args, err, out)
	}
}

// secrets are what no output may show.
func (b *duoBench) secrets() []string {
	k := b.Credentials()
	all := []string{k.ClientSecret, k.AuthSecret, k.AdminSecret, k.AccountsSecret}
	for _, a := range b.Accounts() {
		own := a.Credentials()
		all = append(all, own.ClientSecret, own.AuthSecret, own.AdminSecret)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// silent fails when any command said a secret.
func (b *duoBench) silent(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.output.String()
	for _, secret := range b.secrets() {
		if strings.Contains(said, secret) {
			t.Errorf("a command showed the secret %s...", secret[:4])
		}
	}
}

// audited fails when the audit trail of the configuration does not hold text,
// or holds what it must not.
func (b *duoBench) audited(t *testing.T, has []string, hasNot ...string) {
	t.Helper()
	trail, err := os.ReadFile(filepath.Join(filepath.Dir(b.config), "data", "audit", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range has {
		if !strings.Contains(string(trail), text) {
			t.Errorf("the audit trail does not hold %q", text)
		}
	}
	for _, text := range hasNot {
		if strings.Contains(string(trail), text) {
			t.Errorf("the audit trail holds %q", text)
		}
	}
}
