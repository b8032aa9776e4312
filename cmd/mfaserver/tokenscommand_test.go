package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tokenRow is a service token as the commands print it for programs.
type tokenRow struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Username  string    `json:"username"`
	Owner     string    `json:"owner"`
	ReadOnly  bool      `json:"read_only"`
	Paths     []string  `json:"paths"`
	Networks  []string  `json:"networks"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	EndedAt   time.Time `json:"ended_at"`
	EndReason string    `json:"end_reason"`
	LastUsed  time.Time `json:"last_used"`
	From      string    `json:"last_source"`
}

// create makes a token for programs to read.
func (c commandLine) create(t *testing.T, args ...string) (token tokenRow, value string) {
	t.Helper()
	var made struct {
		Token tokenRow
		Value string
	}
	all := append([]string{"tokens", "create", "test", "--owner", "olga", "--password-file", "-", "--output", "json"}, args...)
	r := c.run(t, gatewayPassword+"\n", all...)
	if err := json.Unmarshal([]byte(r.stdout), &made); err != nil || r.code != 0 || !strings.HasPrefix(made.Value, "mfat_") {
		t.Fatalf("mfaserver %q = %d, %v\n%s%s", all, r.code, err, r.stdout, r.stderr)
	}
	return made.Token, made.Value
}

func (c commandLine) tokens(t *testing.T) map[string]tokenRow {
	t.Helper()
	var all []tokenRow
	c.wantsJSON(t, &all, "tokens", "list")
	byID := make(map[string]tokenRow, len(all))
	for _, row := range all {
		byID[row.ID] = row
	}
	return byID
}

// bearer is a request with a token and nothing else.
func (b *gatewayBench) bearer(t *testing.T, method, path, value string) answer {
	t.Helper()
	return b.client(t).do(t, method, b.server+path, nil, http.Header{"Authorization": {"Bearer " + value}})
}

// A token is made with every bound there is, holds to them, is listed with
// them, and its value is shown once.
func TestTokensCreate(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	cmd := commandLine{b.config}
	r := cmd.run(t, gatewayPassword+"\n", "tokens", "create", "nightly export", "--user", "alice", "--owner", "olga", "--read-only",
		"--path", "/channels", "--path", "/server/", "--network", "127.0.0.0/8", "--network", "2001:db8::/32", "--life", "48h", "--password-file", "-")
	if r.code != 0 || strings.Count(r.stdout, "mfat_") != 1 || !strings.Contains(r.stdout, "not shown again") {
		t.Fatalf("tokens create = %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	var value string
	for line := range strings.Lines(r.stdout) {
		if strings.HasPrefix(line, "mfat_") {
			value = strings.TrimSpace(line)
		}
	}
	for id, got := range cmd.tokens(t) {
		if got.Name != "nightly export" || got.Username != "alice" || got.Owner != "olga" || !got.ReadOnly ||
			!slices.Equal(got.Paths, []string{"/channels", "/server"}) || !slices.Equal(got.Networks, []string{"127.0.0.0/8", "2001:db8::/32"}) ||
			got.ExpiresAt.Sub(got.CreatedAt).Round(time.Minute) != 48*time.Hour || !got.LastUsed.IsZero() || !got.EndedAt.IsZero() {
			t.Errorf("tokens list = %+v", got)
		}
		if !strings.Contains(r.stdout, "token "+id+" for alice until ") {
			t.Errorf("tokens create does not name %s:\n%s", id, r.stdout)
		}
	}
	for _, call := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/api/channels", 200},
		{"GET", "/api/4.5.2/channels/ports", 200},
		{"GET", "/api/server/time", 200},
		{"GET", "/api/users", 403},
		{"GET", "/api/channelsx", 403},
		{"POST", "/api/channels/_redeployAll", 403},
		{"DELETE", "/api/channels/x", 403},
	} {
		if a := b.bearer(t, call.method, call.path, value); a.status != call.want && (call.want != 200 || a.status == 403 || a.status == 401) {
			t.Errorf("%s %s = %d %s, want %d", call.method, call.path, a.status, a.body, call.want)
		}
	}
	table := cmd.must(t, "tokens", "list")
	for _, want := range []string{"nightly export", "read-only /channels /server 127.0.0.0/8 2001:db8::/32", "until 20", "LAST USED"} {
		if !strings.Contains(table, want) {
			t.Errorf("tokens list lacks %q:\n%s", want, table)
		}
	}
	if strings.Contains(table, "never") {
		t.Errorf("tokens list says that it was never used:\n%s", table)
	}
	if text := table + cmd.must(t, "tokens", "list", "--output", "json") + cmd.must(t, "audit", "export"); strings.Contains(text, value) || strings.Contains(text, gatewayPassword) {
		t.Error("the value of the token, or the password, is shown again")
	}
	hides(t, filepath.Dir(b.config), value, value[len("mfat_"):], gatewayPassword)
	if strings.Contains(b.log.String(), value) || strings.Contains(b.log.String(), gatewayPassword) {
		t.Error("the log holds the value of the token, or the password")
	}
}

// The password comes from the environment as well, and a one from elsewhere
// does not open the token.
func TestTokensBounds(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	cmd := commandLine{b.config}
	env := command(t.Context(), "--config", b.config, "tokens", "create", "far away", "--user", "alice", "--owner", "olga",
		"--network", "192.0.2.0/24", "--password-env", "ENGINE_PASSWORD", "--output", "json")
	env.Env = append(env.Env, "ENGINE_PASSWORD="+gatewayPassword)
	out, err := env.Output()
	var made struct{ Value string }
	if err != nil || json.Unmarshal(out, &made) != nil {
		t.Fatalf("tokens create = %s, %v", out, err)
	}
	if a := b.bearer(t, http.MethodGet, "/api/channels", made.Value); a.status != http.StatusUnauthorized {
		t.Errorf("a token of another network = %d %s, want 401", a.status, a.body)
	}
	// One that ends soon works until then, and the session that it opened too.
	token, value := cmd.create(t, "--user", "alice", "--life", "4s")
	c := b.client(t)
	if a := c.oneCall(t, "alice", value, "curl/7.88.1"); a.status != http.StatusOK {
		t.Fatalf("login with the token = %d %s", a.status, a.body)
	}
	c.alive(t, true)
	eventually(t, "the token expires", func() bool {
		return b.bearer(t, http.MethodGet, "/api/channels", value).status == http.StatusUnauthorized
	})
	if early := time.Until(token.ExpiresAt); early > 0 {
		t.Errorf("the token ended %s early", early)
	}
	c.alive(t, false)
	if a := b.client(t).oneCall(t, "alice", value, "curl/7.88.1"); a.status != http.StatusUnauthorized {
		t.Errorf("login with an expired token = %d %s, want 401", a.status, a.body)
	}
	if table := cmd.must(t, "tokens", "list"); !strings.Contains(table, "expired") {
		t.Errorf("tokens list does not say that it expired:\n%s", table)
	}
}

// A token that is revoked while it is in use is refused at the next request,
// and so are the sessions that it opened.
func TestTokensRevoke(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	cmd := commandLine{b.config}
	token, value := cmd.create(t, "--user", "alice")
	other, otherValue := cmd.create(t, "--user", "alice")
	c := b.client(t)
	if a := c.oneCall(t, "alice", value, "curl/7.88.1"); a.status != http.StatusOK {
		t.Fatalf("login with the token = %d %s", a.status, a.body)
	}
	if s := cmd.sessions(t); len(s) != 1 || s[0].Token != token.ID {
		t.Errorf("the session is %+v, want one of token %s", s, token.ID)
	}
	if a := b.bearer(t, http.MethodGet, "/api/channels", value); a.status != http.StatusOK {
		t.Fatalf("channels with the token = %d %s", a.status, a.body)
	}
	revoke := []string{"tokens", "revoke", token.ID, "--reason", "left the repository"}
	if out := cmd.must(t, append(slices.Clone(revoke), "--dry-run")...); !strings.Contains(out, "would revoke "+token.ID+" (test) of alice") {
		t.Errorf("dry run says %q", out)
	}
	cmd.wants(t, 4, revoke...)
	c.alive(t, true)
	if out := cmd.must(t, append(slices.Clone(revoke), "--yes")...); !strings.Contains(out, "revoked "+token.ID) {
		t.Errorf("revoke says %q", out)
	}
	if a := b.bearer(t, http.MethodGet, "/api/channels", value); a.status != http.StatusUnauthorized {
		t.Errorf("the revoked token = %d %s, want 401", a.status, a.body)
	}
	c.alive(t, false)
	if a := b.client(t).oneCall(t, "alice", value, "curl/7.88.1"); a.status != http.StatusUnauthorized {
		t.Errorf("login with the revoked token = %d %s, want 401", a.status, a.body)
	}
	if a := b.bearer(t, http.MethodGet, "/api/channels", otherValue); a.status != http.StatusOK {
		t.Errorf("the other token = %d %s, want 200", a.status, a.body)
	}
	cmd.wants(t, 4, append(slices.Clone(revoke), "--yes")...)
	got := cmd.tokens(t)
	if row := got[token.ID]; row.EndedAt.IsZero() || row.EndReason != "left the repository" || row.From != "127.0.0.1" || row.LastUsed.IsZero() {
		t.Errorf("tokens list says %+v", row)
	}
	// Without a server: what is revoked is revoked when it starts again.
	if code := b.stop(t); code != 0 {
		t.Fatalf("stop = %d\n%s", code, b.log)
	}
	var gone tokenRow
	cmd.wantsJSON(t, &gone, "tokens", "revoke", other.ID, "--reason", "test", "--yes")
	_, later := cmd.create(t, "--user", "alice")
	b.serve(t)
	for v, want := range map[string]int{otherValue: http.StatusUnauthorized, later: http.StatusOK} {
		if a := b.bearer(t, http.MethodGet, "/api/channels", v); a.status != want || gone.ID != other.ID {
			t.Errorf("channels after the restart = %d %s, want %d", a.status, a.body, want)
		}
	}
	b.stop(t)
	if b.engine.Sessions() != 0 {
		t.Errorf("%d sessions are left at the engine", b.engine.Sessions())
	}
}

// What cannot be made is refused, says why, and no token is there. The
// password is shown by none of it.
func TestTokensRefuse(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	cmd := commandLine{b.config}
	file := filepath.Join(t.TempDir(), "password")
	writePrivateFile(t, file, gatewayPassword+"\n")
	wrong := filepath.Join(t.TempDir(), "wrong")
	writePrivateFile(t, wrong, "not the password at all\n")
	empty := filepath.Join(t.TempDir(), "empty")
	writePrivateFile(t, empty, "\n")
	create := func(args ...string) []string {
		return append([]string{"tokens", "create", "test", "--password-file", file, "--user", "alice", "--owner", "olga"}, args...)
	}
	all := []refusedLine{
		{"no name", 2, "name", []string{"tokens", "create", "--user", "alice", "--owner", "olga"}},
		{"two names", 2, "name", create("another")},
		{"no user", 2, "user", []string{"tokens", "create", "test", "--owner", "olga", "--password-file", file}},
		{"no owner", 2, "owner", []string{"tokens", "create", "test", "--user", "alice", "--password-file", file}},
		{"empty owner", 4, "owner", create("--owner", "")},
		{"no network", 2, "--network", create("--network", "everywhere")},
		{"an address", 2, "--network", create("--network", "192.0.2.7")},
		{"no path", 4, "path", create("--path", "channels")},
		{"all paths", 4, "path", create("--path", "/")},
		{"a path that climbs", 4, "path", create("--path", "/channels/../users")},
		{"no life", 4, "over already", create("--life", "0s")},
		{"a life before", 4, "over already", create("--life", "-1h")},
		{"no duration", 2, "--life", create("--life", "long")},
		{"too long", 4, "at most", create("--life", "87600h")},
		{"wrong password", 4, "", create("--password-file", wrong)},
		{"empty password", 2, "empty", create("--password-file", empty)},
		{"no such file", 1, "no such file", create("--password-file", file+"x")},
		{"no such variable", 2, "NOT_THERE", create("--password-file", "", "--password-env", "NOT_THERE")},
		{"two sources", 2, "not both", create("--password-env", "HOME")},
		{"nobody to ask", 2, "terminal", []string{"tokens", "create", "test", "--user", "alice", "--owner", "olga"}},
		{"unknown user", 4, "", create("--user", "nobody")},
		{"bypass", 4, "", create("--user", "bypass")},
		{"revoke nothing", 2, "ID", []string{"tokens", "revoke", "--yes"}},
		{"revoke without a reason", 2, "--reason", []string{"tokens", "revoke", "6f1c0a9d2b34", "--yes", "--reason", ""}},
		{"revoke an unknown", 4, "unknown", []string{"tokens", "revoke", "6f1c0a9d2b34", "--reason", "x", "--yes"}},
		{"list of something", 2, "", []string{"tokens", "list", "alice"}},
	}
	cmd.refuses(t, all)
	b.engine.Kill()
	cmd.refuses(t, []refusedLine{{"no engine, beside the server", 5, "", create()}})
	b.stop(t)
	cmd.refuses(t, []refusedLine{{"no engine, without a server", 5, "", create()}})
	if made := cmd.tokens(t); len(made) != 0 {
		t.Errorf("there are tokens: %+v", made)
	}
}

// Break-glass codes stand in for the second factor while Duo is down, each
// once; new ones replace the old; they can be counted and taken back.
func TestTokensBreakGlass(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	cmd := commandLine{b.config}
	codes := func(args ...string) []string {
		t.Helper()
		var made struct {
			Username string
			Codes    []string
		}
		cmd.wantsJSON(t, &made, append([]string{"tokens", "break-glass", "bob", "--reason", "yearly"}, args...)...)
		if made.Username != "bob" {
			t.Errorf("codes of %q", made.Username)
		}
		return made.Codes
	}
	counted := func(want int) {
		t.Helper()
		var n struct{ Count int }
		cmd.wantsJSON(t, &n, "tokens", "break-glass", "bob", "--count")
		if text := cmd.must(t, "tokens", "break-glass", "bob", "--dry-run"); n.Count != want || text != fmt.Sprintf("bob has %d code(s)\n", want) {
			t.Errorf("%d codes, and %q, want %d", n.Count, text, want)
		}
	}
	login := func(name, code string, want int) {
		t.Helper()
		c := b.client(t)
		if a := c.oneCall(t, name, gatewayPassword+","+code, "curl/7.88.1"); a.status != want {
			t.Errorf("login of %s with a code = %d %s, want %d", name, a.status, a.body, want)
		}
		c.alive(t, want == http.StatusOK)
	}
	counted(0)
	old := codes("--codes", "2")
	if len(old) != 2 {
		t.Fatalf("%d codes, want 2", len(old))
	}
	b.duo.Close()
	login("bob", old[0], http.StatusOK)
	login("bob", old[0], http.StatusUnauthorized)
	login("alice", old[1], http.StatusUnauthorized)
	counted(1)
	cmd.wants(t, 4, "tokens", "break-glass", "bob", "--reason", "x")
	fresh := codes("--yes")
	if len(fresh) != 5 {
		t.Errorf("%d codes, want 5", len(fresh))
	}
	login("bob", old[1], http.StatusUnauthorized)
	login("bob", fresh[0], http.StatusOK)
	counted(4)
	cmd.refuses(t, []refusedLine{
		{"nobody", 2, "name", []string{"tokens", "break-glass"}},
		{"no reason", 2, "--reason", []string{"tokens", "break-glass", "alice"}},
		{"none", 4, "", []string{"tokens", "break-glass", "alice", "--codes", "0", "--reason", "x"}},
		{"too many", 4, "", []string{"tokens", "break-glass", "alice", "--codes", "11", "--reason", "x"}},
		{"no number", 2, "--codes", []string{"tokens", "break-glass", "alice", "--codes", "few"}},
		{"to end them, unconfirmed", 4, "--yes", []string{"tokens", "break-glass", "bob", "--revoke", "--reason", "x"}},
	})
	counted(4)
	if code := b.stop(t); code != 0 {
		t.Fatalf("stop = %d\n%s", code, b.log)
	}
	counted(4)
	if out := cmd.must(t, "tokens", "break-glass", "bob", "--revoke", "--reason", "envelope opened", "--yes"); out != "bob lost 4 code(s)\n" {
		t.Errorf("revoke printed %q", out)
	}
	counted(0)
	b.serve(t)
	login("bob", fresh[1], http.StatusUnauthorized)
	hides(t, filepath.Dir(b.config), append(old, fresh...)...)
	trail, err := os.ReadFile(filepath.Join(filepath.Dir(b.config), "audit", "audit.jsonl"))
	if err != nil || strings.Count(string(trail), `"mfa.break_glass"`) != 2 || !strings.Contains(string(trail), "envelope opened") {
		t.Errorf("the trail does not tell both uses, or why the codes ended: %v", err)
	}
}
