package main_test

import (
	"strconv"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

// One good call of every kind, on one account, in the order a help desk would
// make them; no output shows a secret, and what changes something is audited.
func TestDuoCommands(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	steps := []struct {
		args []string
		want string
	}{
		{[]string{"auth", "ping"}, ""},
		{[]string{"auth", "check"}, "takes the keys"},
		{[]string{"auth", "enroll", "eve"}, "/activate/"},
		{[]string{"admin", "call", "GET", "/admin/v1/users", "limit=10"}, "test1"},
		{[]string{"auth", "call", "GET", "/auth/v2/check"}, "time"},
		{[]string{"accounts", "call", "POST", "/accounts/v1/account/list"}, ""},
		{[]string{"accounts", "create", "clinic"}, "clinic"},
		{[]string{"accounts", "list"}, "clinic"},
		{[]string{"users", "create", "alice", "--email", "alice@example.org"}, "alice"},
		{[]string{"users", "get", "alice"}, "alice@example.org"},
		{[]string{"users", "update", "alice", "--realname", "Alice Example"}, "alice"},
		{[]string{"users", "list"}, "Alice Example"},
		{[]string{"phones", "create", "--number", "+17345550155", "--platform", "apple ios"}, "+17345550155"},
		{[]string{"phones", "list"}, "+17345550155"},
		{[]string{"phones", "get", "+17345550155"}, "+17345550155"},
		{[]string{"phones", "update", "+17345550155", "--name", "Desk"}, ""},
		{[]string{"phones", "assign", "+17345550155", "alice"}, ""},
		{[]string{"users", "phones", "alice"}, "+17345550155"},
		{[]string{"phones", "activation-url", "+17345550155"}, "/activate/"},
		{[]string{"phones", "sms-activation", "+17345550155"}, ""},
		{[]string{"phones", "sms-installation", "+17345550155"}, ""},
		{[]string{"phones", "sms-passcodes", "+17345550155"}, ""},
		{[]string{"bypass", "create", "alice", "--reason", "phone lost", "--yes"}, ""},
		{[]string{"bypass", "list", "--user", "alice"}, "alice"},
		{[]string{"users", "bypass", "alice"}, ""},
		{[]string{"bypass", "list"}, "alice"},
		{[]string{"settings", "get"}, "lockout_threshold"},
		{[]string{"settings", "update", "lockout_threshold=8", "--reason", "ticket 7", "--yes"}, ""},
		{[]string{"groups", "list"}, ""},
		{[]string{"tokens", "list"}, ""},
		{[]string{"integrations", "list"}, ""},
		{[]string{"admins", "list"}, ""},
		{[]string{"logs", "administrator"}, "user_create"},
		{[]string{"logs", "authentication"}, ""},
		{[]string{"logs", "telephony"}, ""},
		{[]string{"users", "sync", "fromdirectory", "--directory-key", b.directory.Key}, ""},
		{[]string{"users", "report"}, ""},
		{[]string{"orgs", "list"}, "default"},
		{[]string{"orgs", "discover"}, "clinic"},
		{[]string{"phones", "unassign", "+17345550155", "alice", "--reason", "ticket 7"}, ""},
		{[]string{"phones", "delete", "+17345550155", "--reason", "ticket 7", "--yes"}, ""},
		{[]string{"users", "delete", "alice", "--reason", "ticket 7", "--yes"}, ""},
	}
	for _, s := range steps {
		r := b.run(t, "", s.args...)
		if r.code != 0 || !strings.Contains(r.stdout+r.stderr, s.want) {
			t.Errorf("duo %s = %d, want 0 with %q\nstdout: %s\nstderr: %s", strings.Join(s.args, " "), r.code, s.want, r.stdout, r.stderr)
		}
	}
	b.silent(t)
	b.audited(t, []string{"duo.user_created", "duo.bypass_created", "phone lost", "duo.user_deleted"})
}

// A bad call of each kind names what is wrong, does nothing, and ends with its
// exit code.
func TestDuoRefusals(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a user that exists", []string{"users", "create", "test1"}, 4, "40003"},
		{"an unknown user", []string{"users", "get", "nobody"}, 4, "nobody"},
		{"an unknown phone", []string{"phones", "get", "+17345550999"}, 4, "+17345550999"},
		{"a bypass code without reason", []string{"bypass", "create", "test1"}, 4, "reason"},
		{"a bypass code for ever", []string{"bypass", "create", "test1", "--valid", "0s", "--reason", "why not"}, 4, "valid"},
		{"too many bypass codes", []string{"bypass", "create", "test1", "--count", "50", "--reason", "why not"}, 4, "count"},
		{"a setting out of bounds", []string{"settings", "update", "sms_batch=500", "--reason", "ticket 7", "--yes"}, 4, "sms_batch"},
		{"an unknown organization", []string{"--org", "nowhere", "users", "list"}, 4, "nowhere"},
		{"a deletion unconfirmed", []string{"users", "delete", "test1", "--reason", "ticket 7"}, 4, "--yes"},
		{"a deletion without reason", []string{"users", "delete", "test1", "--yes"}, 4, "reason"},
		{"no such command", []string{"users", "explode"}, 2, "explode"},
	}
	for _, tt := range tests {
		r := b.run(t, "", tt.args...)
		if r.code != tt.code || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("%s: duo %s = %d, want %d with %q\nstdout: %s\nstderr: %s", tt.name, strings.Join(tt.args, " "), r.code, tt.code, tt.want, r.stdout, r.stderr)
		}
	}
	if u, ok := b.User("test1"); !ok || len(u.BypassCodes) != 0 {
		t.Errorf("test1 = %+v, %v; want him unchanged", u, ok)
	}
	b.silent(t)
}

// A report over several organisations is complete.
func TestDuoReportOverOrganizations(t *testing.T) {
	t.Parallel()
	users := 2000
	if testing.Short() {
		users = 150
	}
	b := startDuoBench(t, "clinic-a", "clinic-b", "clinic-c")
	for _, a := range b.Accounts() {
		a.AddUsers(users, func(i int) duotest.User { return duotest.User{Name: "user" + strconv.Itoa(i)} })
	}
	var rows []map[string]any
	b.mustJSON(t, &rows, "users", "report", "--unenrolled", "--all-orgs")
	seen := map[any]int{}
	for _, row := range rows {
		seen[row["organization"]]++
	}
	for _, a := range b.Accounts() {
		if got := seen[a.Name()]; got != users {
			t.Errorf("%s: %d rows, want %d", a.Name(), got, users)
		}
	}
	b.silent(t)
}

// check says which credential is wrong and what to do; a wrong one is never
// exit code 0, and no secret is shown.
func TestCheckCredentials(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	k := b.Credentials()
	wrong := strings.Repeat("w", 40)
	tests := []struct {
		name   string
		change func(string) string
		code   int
		want   string
	}{
		{"good", func(s string) string { return s }, 0, ""},
		{"universal secret", func(s string) string { return strings.Replace(s, k.ClientSecret, wrong, 1) }, 1, "universal"},
		{"auth secret", func(s string) string { return strings.Replace(s, k.AuthSecret, wrong, 1) }, 1, "secret"},
		{"admin key", func(s string) string { return strings.Replace(s, k.AdminKey, "DIWRONGWRONGWRONGXXX", 1) }, 1, "integration_key"},
		{"accounts secret", func(s string) string { return strings.Replace(s, k.AccountsSecret, wrong, 1) }, 1, "accounts"},
		{"auth and admin exchanged", func(s string) string {
			return strings.NewReplacer(k.AuthKey, k.AdminKey, k.AdminKey, k.AuthKey, k.AuthSecret, k.AdminSecret, k.AdminSecret, k.AuthSecret).Replace(s)
		}, 1, "belong"},
	}
	for _, tt := range tests {
		r := b.runAny(t, "", "--config", b.writeConfig(t, tt.change), "check")
		if (r.code == 0) != (tt.code == 0) || !strings.Contains(r.stdout+r.stderr, tt.want) {
			t.Errorf("%s: check = %d, want %d with %q\nstdout: %s\nstderr: %s", tt.name, r.code, tt.code, tt.want, r.stdout, r.stderr)
		}
	}
	b.silent(t)
}
