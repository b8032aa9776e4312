package main_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// sessionRow is a session as the commands print it for programs.
type sessionRow struct {
	ID         string    `json:"id"`
	Username   string    `json:"username"`
	Kind       string    `json:"kind"`
	Source     string    `json:"source"`
	UserAgent  string    `json:"user_agent"`
	Login      string    `json:"login"`
	Factor     string    `json:"factor"`
	Token      string    `json:"token"`
	CreatedAt  time.Time `json:"created_at"`
	LastActive time.Time `json:"last_active"`
	IdleEnd    time.Time `json:"idle_end"`
	Expires    time.Time `json:"expires"`
}

func (c commandLine) sessions(t *testing.T, args ...string) []sessionRow {
	t.Helper()
	var all []sessionRow
	c.wantsJSON(t, &all, append([]string{"sessions", "list"}, args...)...)
	return all
}

// alive fails unless the client's session is alive, or is not, as wanted.
func (c *apiClient) alive(t *testing.T, want bool) {
	t.Helper()
	code := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[want]
	if a := c.current(t); a.status != code {
		t.Errorf("users/current = %d %s, want %d", a.status, a.body, code)
	}
}

// Sessions are listed, shown and ended beside a running server: one, those of
// a user, those before a moment, all. The engine's sessions end with them.
func TestSessionsCommandsBesideTheServer(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	cmd := commandLine{b.config}
	var clients [4]*apiClient
	for i, name := range []string{"alice", "alice", "alice", "bob"} {
		clients[i] = b.client(t)
		clients[i].login(t, name, gatewayPassword)
	}
	all := cmd.sessions(t)
	if len(all) != 4 || all[0].Username != "bob" || all[3].Username != "alice" || b.engine.Sessions() != 4 {
		t.Fatalf("sessions list = %+v with %d at the engine, want four, bob's first", all, b.engine.Sessions())
	}
	alices := cmd.sessions(t, "--user", "alice")
	if len(alices) != 3 || slices.ContainsFunc(alices, func(s sessionRow) bool { return s.Username != "alice" }) {
		t.Errorf("sessions list --user alice = %+v", alices)
	}
	if nobody := cmd.must(t, "sessions", "list", "--user", "nobody", "--output", "json"); strings.TrimSpace(nobody) != "[]" {
		t.Errorf("sessions of nobody = %q, want an empty list", nobody)
	}
	cmd.showsSession(t, all[0])
	// A handle opens nothing, and the cookie is nowhere.
	if text := cmd.must(t, "sessions", "list") + cmd.must(t, "sessions", "show", all[0].ID); strings.Contains(text, clients[3].cookie(t, "JSESSIONID")) {
		t.Error("a command shows the cookie")
	}
	for _, value := range []string{all[0].ID, all[0].Login} {
		a := b.client(t).do(t, http.MethodGet, b.server+"/api/users/current", nil, http.Header{"Cookie": {"JSESSIONID=" + value}})
		if a.status != http.StatusUnauthorized {
			t.Errorf("users/current with a handle for a cookie = %d, want 401", a.status)
		}
	}
	oldest := alices[2].ID
	listed := cmd.must(t, "sessions", "revoke", oldest, "--reason", "test", "--dry-run")
	if !strings.Contains(listed, oldest) || strings.Contains(listed, all[0].ID) {
		t.Errorf("dry run says %q, want %s alone", listed, oldest)
	}
	cmd.wants(t, 4, "sessions", "revoke", oldest, "--reason", "test")
	clients[0].alive(t, true)
	if out := cmd.must(t, "sessions", "revoke", oldest, "--reason", "laptop stolen", "--yes"); !strings.HasPrefix(out, "ended 1 session(s) at ") {
		t.Errorf("revoke printed %q", out)
	}
	clients[0].alive(t, false)
	clients[1].alive(t, true)
	eventually(t, "the engine's session is logged out", func() bool { return b.engine.Sessions() == 3 })
	cmd.wants(t, 4, "sessions", "show", oldest)
	// --before divides: the third session of alice began at that moment.
	moment := alices[0].CreatedAt.Format(time.RFC3339Nano)
	var ended []sessionRow
	cmd.wantsJSON(t, &ended, "sessions", "revoke", "--user", "alice", "--before", moment, "--reason", "test", "--yes")
	if len(ended) != 1 || ended[0].ID != alices[1].ID {
		t.Errorf("revoke --before %s ended %+v, want %s", moment, ended, alices[1].ID)
	}
	clients[1].alive(t, false)
	clients[2].alive(t, true)
	cmd.must(t, "sessions", "revoke", "--user", "alice", "--reason", "test", "--yes")
	clients[2].alive(t, false)
	cmd.must(t, "sessions", "revoke", "--all", "--before", "1h", "--reason", "test", "--yes")
	clients[3].alive(t, true)
	cmd.must(t, "sessions", "revoke", "--all", "--reason", "key rotation", "--yes")
	clients[3].alive(t, false)
	eventually(t, "all of the engine's sessions are logged out", func() bool { return b.engine.Sessions() == 0 })
	trail := cmd.must(t, "audit", "export", "--event", "session.revoked")
	for _, want := range []string{"laptop stolen", "key rotation", "os-user:", oldest} {
		if !strings.Contains(trail, want) {
			t.Errorf("the trail of what was ended lacks %q:\n%s", want, trail)
		}
	}
	clients[3].login(t, "bob", gatewayPassword)
	clients[3].alive(t, true)
}

// showsSession compares what list and show say of a session, by the whole
// handle and by a part of it.
func (c commandLine) showsSession(t *testing.T, want sessionRow) {
	t.Helper()
	for _, id := range []string{want.ID, want.ID[:8], strings.ToUpper(want.ID)} {
		var got sessionRow
		c.wantsJSON(t, &got, "sessions", "show", id)
		if got != want {
			t.Errorf("sessions show %s = %+v, want %+v", id, got, want)
		}
	}
	if want.Kind != "api" || want.Source != "127.0.0.1" || want.Login == "" || want.Factor == "" || want.UserAgent == "" ||
		!want.IdleEnd.After(want.LastActive) || !want.Expires.After(want.CreatedAt) {
		t.Errorf("the session is %+v", want)
	}
	text := c.must(t, "sessions", "show", want.ID)
	for _, line := range []string{"user", "bob", want.Login, "ends if idle", "read-only"} {
		if !strings.Contains(text, line) {
			t.Errorf("sessions show lacks %q:\n%s", line, text)
		}
	}
}

// Without a server the same commands work on its store, and the engine's
// sessions are logged out by them. What was ended stays ended.
func TestSessionsCommandsWithoutAServer(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	cmd := commandLine{b.config}
	alice, bob := b.client(t), b.client(t)
	alice.login(t, "alice", gatewayPassword)
	bob.login(t, "bob", gatewayPassword)
	before := cmd.sessions(t)
	if code := b.stop(t); code != 0 {
		t.Fatalf("stop = %d\n%s", code, b.log)
	}
	after := cmd.sessions(t)
	if len(after) != 2 || !slices.EqualFunc(before, after, func(x, y sessionRow) bool { return x.ID == y.ID }) {
		t.Fatalf("sessions list = %+v without the server, %+v with it", after, before)
	}
	if n := len(cmd.sessions(t, "--user", "bob")); n != 1 {
		t.Errorf("%d sessions of bob, want 1", n)
	}
	cmd.must(t, "sessions", "show", after[0].ID)
	cmd.must(t, "sessions", "revoke", "--user", "bob", "--reason", "test", "--dry-run")
	cmd.wants(t, 4, "sessions", "revoke", "--user", "bob", "--reason", "test")
	cmd.must(t, "sessions", "revoke", "--user", "bob", "--reason", "test", "--yes")
	if b.engine.LiveSession("bob") || !b.engine.LiveSession("alice") {
		t.Error("the engine still has bob's session, or has lost alice's")
	}
	b.serve(t)
	alice.alive(t, true)
	bob.alive(t, false)
	cmd.must(t, "audit", "verify")
}

// What cannot be meant is refused before anything is asked or ended.
func TestSessionsCommandsRefuse(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	cmd := commandLine{ready.ConfigFile}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	c.login(t, ready.Username, ready.Password)
	id := cmd.sessions(t)[0].ID
	revoke := func(args ...string) []string { return append([]string{"sessions", "revoke", "--yes"}, args...) }
	cmd.refuses(t, []refusedLine{
		{"no session", 2, "--user or --all", revoke("--reason", "x")},
		{"two ways", 2, "--user or --all", revoke(id, "--all", "--reason", "x")},
		{"two other ways", 2, "--user or --all", revoke("--all", "--user", "test1", "--reason", "x")},
		{"two sessions", 2, "one ID", revoke(id, id, "--reason", "x")},
		{"no reason", 2, "--reason", revoke(id)},
		{"no moment", 2, "--before takes", revoke("--all", "--reason", "x", "--before", "yesterday")},
		{"unknown", 4, "not found", revoke("0123456789ab", "--reason", "x")},
		{"no handle", 4, "not found", revoke("../../etc", "--reason", "x")},
		{"too little of a handle", 4, "not found", revoke(id[:3], "--reason", "x")},
		{"show of nothing", 2, "ID", []string{"sessions", "show"}},
		{"show of two", 2, "ID", []string{"sessions", "show", id, id}},
		{"show of an unknown", 4, "not found", []string{"sessions", "show", "0123456789ab"}},
		{"list of something", 2, "", []string{"sessions", "list", "alice"}},
		{"unknown verb", 2, "", []string{"sessions", "kill"}},
		{"unknown flag", 2, "--help", []string{"sessions", "list", "--bogus"}},
	})
	c.alive(t, true)
}

// Threat T115: what changes an account ends its sessions, and where it is to be gone, its
// service tokens too.
func TestAccountChangesEndSessions(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve", "--enroll", "passwd", "--enroll", "disable", "--enroll", "remove")
	cmd := commandLine{ready.ConfigFile}
	const first, second = "correct horse battery", "another good passphrase"
	for _, tt := range []struct {
		name   string
		args   []string
		tokens int
	}{
		{"passwd", []string{"users", "passwd", "passwd", "--password-file", "-"}, http.StatusOK},
		{"disable", []string{"users", "disable", "disable"}, http.StatusUnauthorized},
		{"remove", []string{"users", "remove", "remove", "--yes"}, http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if r := cmd.run(t, first+"\n", "users", "add", tt.name, "--password-file", "-"); r.code != 0 {
				t.Fatalf("users add = %d %s", r.code, r.stderr)
			}
			var made struct{ Value string }
			cmd.wantsJSON(t, &made, "tokens", "create", "test", "--user", tt.name, "--owner", "test1")
			c, program, other := newAPIClient(t, ready.ServerURL, ready.CAFile), newAPIClient(t, ready.ServerURL, ready.CAFile), newAPIClient(t, ready.ServerURL, ready.CAFile)
			c.login(t, tt.name, first)
			if a := program.oneCall(t, tt.name, made.Value, "curl/7.88.1"); a.status != http.StatusOK {
				t.Fatalf("login with the token = %d %s", a.status, a.body)
			}
			other.login(t, ready.Username, ready.Password)
			if n := len(cmd.sessions(t, "--user", tt.name)); n != 2 {
				t.Errorf("%d sessions, want 2", n)
			}
			if r := cmd.run(t, second+"\n", tt.args...); r.code != 0 || !strings.Contains(r.stdout, "(2 session(s) ended)") {
				t.Fatalf("%v = %d %s%s", tt.args, r.code, r.stdout, r.stderr)
			}
			c.alive(t, false)
			program.alive(t, false)
			other.alive(t, true)
			bearer := http.Header{"Authorization": {"Bearer " + made.Value}}
			plain := newAPIClient(t, ready.ServerURL, ready.CAFile)
			if a := plain.do(t, http.MethodGet, ready.ServerURL+"/api/users/current", nil, bearer); a.status != tt.tokens {
				t.Errorf("the token = %d %s, want %d", a.status, a.body, tt.tokens)
			}
			if a := program.oneCall(t, tt.name, made.Value, "curl/7.88.1"); a.status != tt.tokens {
				t.Errorf("login with the token = %d %s, want %d", a.status, a.body, tt.tokens)
			}
		})
	}
}
