package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// check says which credential is wrong, what it is in truth, and what to do;
// what is wrong is never exit code 0, and no secret is shown.
func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t, "clinic-a")
	k := b.Credentials()
	wrong := strings.Repeat("w", 40)
	replace := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	tests := []struct {
		name    string
		change  func(string) string
		code    int
		subject string
		want    string
	}{
		{"good", replace(), 0, "duo.admin", "Duo takes"},
		{"universal secret", replace(k.ClientSecret, wrong), 3, "duo.universal", "client_secret"},
		{"universal key", replace(k.ClientID, "DIWRONGWRONGWRONGXXX"), 3, "duo.universal", "client_id"},
		{"auth secret", replace(k.AuthSecret, wrong), 3, "duo.auth", "secret_key is not the one"},
		{"auth key", replace(k.AuthKey, "DIWRONGWRONGWRONGXXX"), 3, "duo.auth", "integration_key"},
		{"admin secret", replace(k.AdminSecret, wrong), 3, "duo.admin", "secret_key is not the one"},
		{"admin key", replace(k.AdminKey, "DIWRONGWRONGWRONGXXX"), 3, "duo.admin", "integration_key"},
		{"accounts secret", replace(k.AccountsSecret, wrong), 3, "duo.accounts", "secret_key is not the one"},
		{"accounts key", replace(k.AccountsKey, "DIWRONGWRONGWRONGXXX"), 3, "duo.accounts", "integration_key"},
		{
			"auth and admin exchanged",
			replace(k.AuthKey, k.AdminKey, k.AdminKey, k.AuthKey, k.AuthSecret, k.AdminSecret, k.AdminSecret, k.AuthSecret),
			3, "duo.auth", "belong",
		},
		{"admin and accounts exchanged", replace(k.AccountsKey, k.AdminKey, k.AdminKey, k.AccountsKey,
			k.AccountsSecret, k.AdminSecret, k.AdminSecret, k.AccountsSecret), 3, "duo.accounts", "belong"},
		{"no such child account", replace(b.Accounts()[0].ID(), "DAWRONGWRONGWRONGXXX"), 3, "organizations.clinic-a", "account"},
		{"directory key", replace(b.directory.Key, "DSWRONGWRONGWRONGXXX"), 3, "duo.directory_key", "director"},
		{"nobody at the host", replace(b.APIHost, "127.0.0.1:1"), 3, "host 127.0.0.1:1", ""},
	}
	for _, tt := range tests {
		config := b.writeConfig(t, tt.change)
		r := b.runAny(t, "", "--config", config, "check", "--output", "json")
		var got struct {
			OK       bool `json:"ok"`
			Findings []struct{ Subject, Level, Text, Advice string }
		}
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != tt.code || got.OK != (tt.code == 0) {
			t.Errorf("%s: check = %d, %v, want %d\n%s%s", tt.name, r.code, err, tt.code, r.stdout, r.stderr)
			continue
		}
		found := false
		for _, f := range got.Findings {
			if f.Level == "failure" && f.Advice == "" {
				t.Errorf("%s: %q has no advice", tt.name, f.Text)
			}
			wanted := map[bool]string{true: "ok", false: "failure"}[tt.code == 0]
			found = found || strings.HasPrefix(f.Subject, tt.subject) && f.Level == wanted && strings.Contains(f.Text, tt.want)
		}
		if !found {
			t.Errorf("%s: no finding on %s with %q\n%s", tt.name, tt.subject, tt.want, r.stdout)
		}
	}
	b.silent(t)
}

// A clock six minutes off is named, and does not hide that the keys are good.
func TestCheckClock(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	b.SetFaults(duotest.Faults{ClockOffset: 6 * time.Minute})
	r := b.runAny(t, "", "--config", b.config, "check")
	if r.code != 3 || !strings.Contains(r.stdout, "failure  clock") || !strings.Contains(r.stdout, "Duo takes integration_key") {
		t.Errorf("check = %d\n%s%s\nwant 3, the clock alone", r.code, r.stdout, r.stderr)
	}
	b.silent(t)
}

// A CA bundle that has ended, or that does not know the server, is named.
func TestCheckAuthorities(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	for name, made := range map[string]time.Time{"expired": time.Now().AddDate(-11, 0, 0), "another's": time.Now()} {
		ca, err := duotest.NewCA(made)
		if err != nil {
			t.Fatal(err)
		}
		config := b.writeConfig(t, func(s string) string { return s })
		writePrivateFile(t, filepath.Join(filepath.Dir(config), "ca.pem"), string(ca.CertPEM()))
		r := b.runAny(t, "", "--config", config, "check")
		if want := map[string]string{"expired": "CA bundle has expired", "another's": "host " + b.APIHost}[name]; r.code != 3 || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: check = %d\n%s%s\nwant 3 with %q", name, r.code, r.stdout, r.stderr, want)
		}
	}
	b.silent(t)
}

// --config-only asks nobody, and lists the faults of the file.
func TestCheckConfigOnly(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	calls := len(b.Calls())
	r := b.runAny(t, "", "--config", b.config, "check", "--config-only")
	if r.code != 0 || r.stdout != b.config+": good\n" || len(b.Calls()) != calls {
		t.Errorf("check --config-only = %d %s%s with %d calls, want good without any", r.code, r.stdout, r.stderr, len(b.Calls())-calls)
	}
	bad := b.writeConfig(t, func(s string) string { return s + "bogus: 1\n" })
	for _, args := range [][]string{{"check"}, {"check", "--config-only"}, {"check", "--output", "json"}} {
		r := b.runAny(t, "", append([]string{"--config", bad}, args...)...)
		if r.code != 3 || !strings.Contains(r.stdout+r.stderr, "bogus") || len(b.Calls()) != calls {
			t.Errorf("%v with a bad file = %d %s%s, want 3 and its line", args, r.code, r.stdout, r.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(b.config), "data")); err == nil {
		t.Error("check made the data directory")
	}
	b.silent(t)
}
