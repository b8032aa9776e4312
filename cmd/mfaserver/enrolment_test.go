package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

const rightPassword = "correct horse battery"

// withAuth gives the server the Auth API, and what more there is.
func withAuth(duo *duotest.Server, more string) func(string) string {
	return func(config string) string {
		k := duo.Credentials()
		return config + fmt.Sprintf("  auth: {integration_key: %q, secret_key: %q, api_hostname: %q}\n%s", k.AuthKey, k.AuthSecret, duo.APIHost, more)
	}
}

// Threat T042: with the Auth API configured, the real program tells a user
// whom Duo does not know whom to ask, only behind the right password, and lets
// a group enrol where a rule says so.
func TestEnrolmentAtLogin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, more, password string
		known                bool
		want                 string
		challenge            bool
	}{
		{name: "refused by default", password: rightPassword, want: "To be enrolled, ask your administrator."},
		{name: "contact", more: "enrolment: {contact: \"the help desk (ext. 4711)\"}\n", password: rightPassword, want: "ask the help desk (ext. 4711)."},
		{name: "wrong password", password: "wrong", want: "Incorrect username or password."},
		{name: "rule", more: "enrolment: {inline: [{group: user, until: 2099-12-31}]}\n", password: rightPassword, challenge: true},
		{name: "rule that is over", more: "enrolment: {inline: [{group: \"*\", until: 2020-12-31}]}\n", password: rightPassword, want: "To be enrolled"},
		{name: "rule of another group", more: "enrolment: {inline: [{group: admin, until: 2099-12-31}]}\n", password: rightPassword, want: "To be enrolled"},
		{name: "enrolled", password: rightPassword, known: true, challenge: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			duo := newDuo(t)
			if !tt.known {
				duo.RemoveUser("test1")
			}
			p, c := serveWith(t, duo, withAuth(duo, tt.more))
			if tt.challenge {
				c.login(t, "test1", tt.password)
			} else {
				a := c.first(t, "test1", tt.password)
				if a.status != http.StatusUnauthorized || !strings.Contains(a.body, tt.want) || strings.Contains(a.body, "authURL") {
					t.Errorf("first call = %d %s, want 401 with %q", a.status, a.body, tt.want)
				}
			}
			if log := p.log.String(); strings.Contains(log, duo.Credentials().AuthSecret) || strings.Contains(log, "enroll_portal") {
				t.Errorf("the log holds a secret:\n%s", log)
			}
		})
	}
}

// Threats T042, T097: Duo's own "no" before the prompt is the uniform refusal,
// and trouble with the question opens nothing, not even where failing open is
// on.
func TestPreauthTrouble(t *testing.T) {
	t.Parallel()
	safe := "  failmode: safe\n  i_accept_single_factor: true\n"
	trouble := func(f duotest.AnswerFaults) duotest.Faults {
		return duotest.Faults{API: map[string]duotest.AnswerFaults{"/auth/v2/preauth": f}}
	}
	tests := []struct {
		name   string
		faults duotest.Faults
		status string
		want   string
	}{
		{"disabled at Duo", duotest.Faults{}, "disabled", "Incorrect username or password."},
		{"server error", trouble(duotest.AnswerFaults{Status: 503}), "active", "second factor is unavailable"},
		{"rate limited", trouble(duotest.AnswerFaults{Status: 429, Instead: true}), "active", "second factor is unavailable"},
		{"connection cut", trouble(duotest.AnswerFaults{ResetBefore: true}), "active", "second factor is unavailable"},
		{"no answer", trouble(duotest.AnswerFaults{Hang: true}), "active", "second factor is unavailable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			duo := newDuo(t)
			duo.UpdateUser("test1", func(u *duotest.User) { u.Status = tt.status })
			p, c := serveWith(t, duo, withAuth(duo, safe))
			duo.SetFaults(tt.faults)
			a := c.first(t, "test1", rightPassword)
			if a.status != http.StatusUnauthorized || !strings.Contains(a.body, tt.want) || strings.Contains(a.body, "SUCCESS") || len(a.header.Values("Set-Cookie")) != 0 {
				t.Errorf("first call = %d %v %s, want 401 with %q", a.status, a.header, a.body, tt.want)
			}
			if a.elapsed > answerBudget {
				t.Errorf("first call took %v, want at most %v", a.elapsed, answerBudget)
			}
			p.stop(t)
		})
	}
}

// Threat T042: the refusal is in the audit trail, with the user's name.
func TestNotEnrolledIsAudited(t *testing.T) {
	t.Parallel()
	duo := newDuo(t)
	duo.RemoveUser("test1")
	var dir string
	_, c := serveWith(t, duo, func(config string) string {
		dir = filepath.Dir(configPath(config))
		return withAuth(duo, "")(config)
	})
	c.first(t, "test1", rightPassword)
	trail, err := os.ReadFile(filepath.Join(dir, "audit", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for line := range strings.Lines(string(trail)) {
		found = found || strings.Contains(line, `"mfa.not_enrolled"`) && strings.Contains(line, `"test1"`)
	}
	if !found {
		t.Errorf("the trail has no mfa.not_enrolled of test1:\n%s", trail)
	}
}
