package main_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

// duoCall is a command line, split at blanks; {bypass}, {admin} and {key} are
// ids that lists tell, {directory} and {file} the bench's.
type duoCall struct {
	line  string
	stdin string
	want  string
}

// goodDuoCalls are calls of every command on one account, in an order in which
// a help desk might make them.
func goodDuoCalls() []duoCall {
	const seed = "3132333435363738393031323334353637383930"
	return []duoCall{
		{line: "auth ping", want: "Duo answers"},
		{line: "auth check", want: "takes the keys"},
		{line: "auth preauth test1", want: "XXX-XXX-"},
		{line: "auth send test1", want: "allow"},
		{line: "auth send test1 --factor passcode --passcode-file -", stdin: "{passcode}", want: "allow"},
		{line: "auth send test1 --factor sms", want: "sent"},
		{line: "auth send test1 --no-wait", want: "txid"},
		{line: "auth enroll eve", want: "/activate/"},
		{line: "auth enroll-status {eve} --code-file -", stdin: "duo://nothing", want: "invalid"},
		{line: "admin call POST /admin/v1/logo logo=@-", stdin: "iVBORw0KGgo=", want: ""},
		{line: "auth logo {file}", want: "wrote 8 bytes"},
		{line: "auth call GET /auth/v2/check", want: "time"},
		{line: "admin call GET /admin/v1/users limit=10", want: "test1"},
		{line: "admin call POST /admin/v1/users username=@-", stdin: "frompipe", want: "frompipe"},
		{line: "admin call DELETE /admin/v1/users/{eve} --dry-run", want: "would send DELETE"},
		{line: "admin call GET /admin/v1/integrations", want: "[REDACTED]"},
		{line: "admin info", want: "users"},
		{line: "accounts call POST /accounts/v1/account/list", want: "[]"},
		{line: "accounts create clinic", want: "clinic"},
		{line: "accounts list", want: "clinic"},
		{line: "accounts delete clinic --dry-run", want: "would delete the account clinic"},
		{line: "orgs list", want: "default"},
		{line: "orgs discover", want: "name: clinic"},
		{line: "accounts delete clinic --yes --reason over", want: "deleted account clinic"},
		{line: "users create alice --email alice@example.org", want: "created user alice"},
		{line: "users create one two three", want: "three"},
		{line: "users get alice", want: "alice@example.org"},
		{line: "users update alice --realname Alice", want: "alice"},
		{line: "users update one --status disabled --reason left", want: "one"},
		{line: "users list", want: "Alice"},
		{line: "users list --limit 1", want: "NAME"},
		{line: "users enroll erin --number +17345550166", want: "/activate/"},
		{line: "users enroll --csv - --send sms", stdin: "username,phone\nfrank,+17345550167\n", want: "frank"},
		{line: "users sync fromdirectory --directory-key {directory}", want: "fromdirectory"},
		{line: "users verify test1", want: "test1: approved"},
		{line: "users report", want: "without-phone"},
		{line: "users report --csv -", want: "org,username"},
		{line: "phones create --number +17345550155 --platform unknown", want: "+17345550155"},
		{line: "phones list", want: "+17345550155"},
		{line: "phones get +17345550155", want: "+17345550155"},
		{line: "phones update +17345550155 --name Desk --platform apple\u00a0ios", want: "+17345550155"},
		{line: "phones assign +17345550155 alice", want: "alice"},
		{line: "users phones alice", want: "+17345550155"},
		{line: "phones activation-url +17345550155 --valid 1h", want: "good for 1h and"},
		{line: "phones sms-activation +17345550155", want: "sent an activation link"},
		{line: "phones sms-installation +17345550155", want: "sent an installation link"},
		{line: "phones sms-passcodes +17345550155", want: "sent passcodes"},
		{line: "bypass create alice --reason lost", want: "not shown again"},
		{line: "bypass create alice --reason again --dry-run", want: "which ends the 1 he has"},
		{line: "bypass create alice --reason own --codes-file - --preserve-existing", stdin: "837465", want: "837465"},
		{line: "bypass list --user alice", want: "alice"},
		{line: "bypass list", want: "alice"},
		{line: "users bypass alice", want: "USES LEFT"},
		{line: "bypass get {bypass}", want: "alice"},
		{line: "bypass delete {bypass} --yes", want: "ended bypass code"},
		{line: "settings get", want: "lockout_threshold"},
		{line: "settings get timezone", want: "timezone"},
		{line: "settings update lockout_threshold=8 --dry-run", want: `from "10" to "8"`},
		{line: "settings update lockout_threshold=8 --reason ticket --yes", want: `to "8"`},
		{line: "groups create xray --desc second", want: "created group xray"},
		{line: "groups list", want: "xray"},
		{line: "groups get xray", want: "second"},
		{line: "groups update xray --desc third --reason moved", want: "xray"},
		{line: "groups update xray --status bypass --for 4h --reason moving", want: "xray"},
		{line: "users update one --status bypass --reason travels", want: "one"},
		{line: "lapses list", want: "travels"},
		{line: "lapses list --all-orgs --output json", want: `"kind": "group"`},
		{line: "lapses end", want: "0 put back"},
		{line: "groups assign xray alice --reason new", want: "put alice into xray"},
		{line: "groups users xray", want: "alice"},
		{line: "users groups alice", want: "xray"},
		{line: "groups unassign xray alice --reason left", want: "took alice out of xray"},
		{line: "groups delete xray --yes --reason closed", want: "deleted group xray"},
		{line: "tokens create h6 4711", stdin: seed, want: "h6:4711"},
		{line: "tokens list", want: "4711"},
		{line: "tokens get h6:4711", want: "4711"},
		{line: "tokens assign h6:4711 alice", want: "alice"},
		{line: "users tokens alice", want: "4711"},
		{line: "users webauthn alice", want: "KEY"},
		{line: "tokens resync h6:4711", stdin: "969429 338314 254676", want: "resynchronised"},
		{line: "tokens unassign h6:4711 alice --reason lost", want: "alice"},
		{line: "tokens delete h6:4711 --yes --reason lost", want: "deleted token"},
		{line: "integrations list", want: "Admin API"},
		{line: "integrations get {key}", want: "key"},
		{line: "admins list", want: "Owner"},
		{line: "admins get {admin}", want: "Owner"},
		{line: "logs administrator", want: "user_create"},
		{line: "logs authentication --user test1 --since 1h", want: "duo_push"},
		{line: "logs telephony --since 7d", want: "sms"},
		{line: "phones unassign +17345550155 alice --reason ticket", want: "took phone"},
		{line: "phones delete +17345550155 --reason ticket --yes", want: "deleted phone"},
		{line: "users reset alice --dry-run", want: "would take 0 phone(s)"},
		{line: "users reset alice --reason ticket --yes", want: "1 bypass code(s); ended 0 session(s)"},
		{line: "users delete alice --dry-run", want: "would delete the user alice"},
		{line: "users delete alice --reason ticket --yes", want: "deleted user alice"},
	}
}

// expand fills in what stands in braces.
func (b *duoBench) expand(t *testing.T, text string) string {
	t.Helper()
	first := func(member string, args ...string) string {
		var rows []map[string]any
		b.mustJSON(t, &rows, args...)
		if len(rows) == 0 {
			t.Fatalf("duo %v lists nothing", args)
		}
		return rows[0][member].(string)
	}
	for name, value := range map[string]func() string{
		"{bypass}":    func() string { return first("bypass_code_id", "bypass", "list") },
		"{admin}":     func() string { return first("admin_id", "admins", "list") },
		"{key}":       func() string { return first("integration_key", "integrations", "list") },
		"{eve}":       func() string { return first("user_id", "users", "list", "--names", "eve") },
		"{directory}": func() string { return b.directory.Key },
		"{file}":      func() string { return filepath.Join(t.TempDir(), "file") },
		"{passcode}": func() string {
			u, _ := b.User("test1")
			return u.Phones[0].Passcode
		},
	} {
		if strings.Contains(text, name) {
			text = strings.ReplaceAll(text, name, value())
		}
	}
	return text
}

// call runs a line. A no-break space stands for a blank within an argument.
func (b *duoBench) call(t *testing.T, line, stdin string) result {
	t.Helper()
	args := strings.Split(b.expand(t, line), " ")
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "\u00a0", " ")
	}
	return b.run(t, b.expand(t, stdin), args...)
}

// Threat T192: a good call of every command, on one account; no output shows a
// secret, and each leaves exactly the records of what it does, with whoever ran
// it: one that looks leaves that it looked, with its own name, a dry run leaves
// nothing that it changed, and no record holds a code.
func TestDuoCommands(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	records := b.watchRecords()
	for _, c := range goodDuoCalls() {
		r := b.call(t, c.line, c.stdin)
		if r.code != 0 || !strings.Contains(r.stdout+r.stderr, c.want) {
			t.Errorf("duo %s = %d, want 0 with %q\nstdout: %s\nstderr: %s", c.line, r.code, c.want, r.stdout, r.stderr)
		}
		records.check(t, c.line)
	}
	records.done(t)
	b.silent(t)
	b.audited(t, []string{"duo.user_created", "duo.bypass_created", `"reason":"lost"`, "duo.user_deleted", `"actor":"os-user:`}, "837465")
}

// badDuoCall is a call that has to end with its exit code, saying what is
// wrong.
type badDuoCall struct {
	line string
	code int
	want string
}

func badDuoCalls() []badDuoCall {
	const id = "XXXXXXXXXXXXXXXXXX"
	return []badDuoCall{
		{"auth ping now", 2, "now"},
		{"users reset nobody --reason ticket --yes", 4, "nobody"},
		{"auth check --org nowhere", 4, "nowhere"},
		{"auth preauth DU" + id, 4, "user_id"},
		{"auth send nobody", 4, "40002"},
		{"auth send test1 --factor fax", 4, "factor"},
		{"auth send test1 --factor passcode", 2, "--passcode-file"},
		{"auth send test1 --ip somewhere", 2, "--ip"},
		{"auth enroll test1", 4, "40002"},
		{"auth enroll a b", 2, "one argument too many"},
		{"auth enroll-status DU" + id, 2, "--passcode-file"},
		{"auth logo", 2, "file"},
		{"auth logo nothing.png", 4, "40401"},
		{"auth call GET /admin/v1/users", 4, "below /auth/"},
		{"admin call GET /admin/v1/nothing", 4, "40401"},
		{"admin call GET", 2, "path"},
		{"admin call GET /admin/v1/users limit", 2, "NAME=VALUE"},
		{"admin call DELETE /admin/v1/users/DU" + id, 4, "--yes"},
		{"admin info more", 2, "more"},
		{"accounts call POST /accounts/v1/account/delete account_id=DA" + id, 4, "Duo"},
		{"accounts create", 2, "name"},
		{"accounts list --org default", 2, "--org"},
		{"accounts delete nowhere --yes --reason x", 4, "nowhere"},
		{"orgs list --org nowhere", 4, "nowhere"},
		{"orgs discover --org default", 2, "--org"},
		{"users create test1", 4, "40003"},
		{"users create bob --status bypass", 4, "users update"},
		{"users create bob bill --status bypass --reason x", 4, "users update"},
		{"users create bob --status disabled", 4, "--reason"},
		{"groups create radiology --status Bypass", 4, "groups update"},
		{"users update test1 --status bypass --for 0s --reason x", 4, "7 days"},
		{"users update test1 --status bypass --for 169h --reason x", 4, "7 days"},
		{"users update test1 --status disabled --for 4h --reason x", 2, "--for"},
		{"lapses list more", 2, "more"},
		{"lapses end --org default", 2, "--org"},
		{"users get nobody", 4, "nobody"},
		{"users get DU" + id, 4, "DU" + id},
		{"users update test1", 2, "nothing to change"},
		{"users update test1 --status bypass", 4, "--reason"},
		{"users list --org nowhere", 4, "nowhere"},
		{"users list --limit -1", 2, "--limit"},
		{"users list --org default --all-orgs", 2, "--all-orgs"},
		{"users enroll", 2, "--csv"},
		{"users enroll bob --number 5550100", 4, "international"},
		{"users enroll bob --send pigeon", 4, "deliver"},
		{"users enroll --csv /nonexistent/people.csv", 2, "people.csv"},
		{"users sync nobody", 4, "40002"},
		{"users verify nobody", 4, "nobody"},
		{"users report --days -3", 4, "inactive_days"},
		{"users report --csv - --output json", 2, "exclude"},
		{"users phones nobody", 4, "nobody"},
		{"users bypass nobody", 4, "nobody"},
		{"users groups nobody", 4, "nobody"},
		{"users tokens nobody", 4, "nobody"},
		{"users webauthn nobody", 4, "nobody"},
		{"users delete test1 --reason ticket", 4, "--yes"},
		{"users delete test1 --yes", 4, "reason"},
		{"phones create --number what", 4, "digits"},
		{"phones list --extension 12", 4, "number"},
		{"phones get +17345550999", 4, "+17345550999"},
		{"phones update +17345550999 --name x", 4, "+17345550999"},
		{"phones delete +17345550999 --yes --reason x", 4, "+17345550999"},
		{"phones assign +17345550100 nobody", 4, "nobody"},
		{"phones unassign +17345550100 nobody --reason x", 4, "nobody"},
		{"phones activation-url +17345550999", 4, "+17345550999"},
		{"phones sms-activation +17345550100 --message hello", 4, "<acturl>"},
		{"phones sms-installation +17345550100 --message hello", 4, "<insturl>"},
		{"phones sms-passcodes", 2, "phone"},
		{"bypass create test1", 4, "reason"},
		{"bypass create test1 --valid 0s --reason x", 4, "valid"},
		{"bypass create test1 --valid 48h --reason x", 4, "valid"},
		{"bypass create test1 --count 50 --reason x", 4, "count"},
		{"bypass create test1 --reuse-count 0 --reason x", 4, "reuse_count"},
		{"bypass list --user nobody", 4, "nobody"},
		{"bypass get DB" + id, 4, "40401"},
		{"bypass delete DB" + id + " --yes", 4, "40401"},
		{"settings get nothing", 4, "nothing"},
		{"settings update sms_batch=500 --reason x --yes", 4, "sms_batch"},
		{"settings update sms_batch --reason x --yes", 2, "NAME=VALUE"},
		{"settings update sms_batch=5 --yes", 4, "reason"},
		{"groups create", 2, "name"},
		{"groups list --org nowhere", 4, "nowhere"},
		{"groups get nothing", 4, "nothing"},
		{"groups update nothing --name x --reason x", 4, "nothing"},
		{"groups delete nothing --yes", 4, "nothing"},
		{"groups users nothing", 4, "nothing"},
		{"groups assign nothing test1 --reason x", 4, "nothing"},
		{"groups unassign nothing test1 --reason x", 4, "nothing"},
		{"tokens create h6 1", 4, "hexadecimal"},
		{"tokens list --limit x", 2, "limit"},
		{"tokens get h6:1", 4, "h6:1"},
		{"tokens delete h6:1 --yes --reason x", 4, "h6:1"},
		{"tokens resync h6:1", 2, "three passcodes"},
		{"tokens assign h6:1 test1", 4, "h6:1"},
		{"tokens unassign h6:1 test1 --reason x", 4, "h6:1"},
		{"integrations list --org nowhere", 4, "nowhere"},
		{"integrations get DI" + id, 4, "40401"},
		{"admins list now", 2, "now"},
		{"admins get DE" + id, 4, "40401"},
		{"logs administrator --since yesterday", 2, "--since"},
		{"logs authentication --since 400d", 4, "180 days"},
		{"logs telephony --since 1h --until 2h", 4, "maxtime"},
		{"users explode", 2, "explode"},
	}
}

// A bad call of every command names what is wrong, does nothing, and ends with
// its exit code.
func TestDuoRefusals(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	for _, c := range badDuoCalls() {
		r := b.call(t, c.line, "")
		if r.code != c.code || !strings.Contains(r.stderr, c.want) {
			t.Errorf("duo %s = %d, want %d with %q\nstdout: %s\nstderr: %s", c.line, r.code, c.code, c.want, r.stdout, r.stderr)
		}
		if r.stdout != "" {
			t.Errorf("duo %s printed a result: %s", c.line, r.stdout)
		}
	}
	if u, ok := b.User("test1"); !ok || len(u.BypassCodes) != 0 || u.Status != duotest.StatusActive {
		t.Errorf("test1 = %+v, %v; want him unchanged", u, ok)
	}
	b.silent(t)
}

// No command is without a good and a bad call above.
func TestDuoCallsAreComplete(t *testing.T) {
	t.Parallel()
	var good, bad []string
	for _, c := range goodDuoCalls() {
		good = append(good, c.line+" ")
	}
	for _, c := range badDuoCalls() {
		bad = append(bad, c.line+" ")
	}
	begins := func(lines []string, path string) bool {
		for _, line := range lines {
			if strings.HasPrefix(line, path+" ") {
				return true
			}
		}
		return false
	}
	for _, cmd := range leaves(duoRoot(t)) {
		path := strings.TrimPrefix(cmd.CommandPath(), "mfaserver duo ")
		if !begins(good, path) {
			t.Errorf("%s: no good call", path)
		}
		if !begins(bad, path) {
			t.Errorf("%s: no bad call", path)
		}
	}
}

// A report over several organisations is complete.
func TestDuoReportOverOrganizations(t *testing.T) {
	t.Parallel()
	const users = 320 // a page is 300; TestDuoReportHoldsLittle has 2,000
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
