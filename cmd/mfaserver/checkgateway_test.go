package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth/mirthtest"
)

// finding is a line of check.
type finding struct{ Subject, Level, Text, Advice string }

// findings runs check with the exit code, and returns what it found.
func (c commandLine) findings(t *testing.T, code int) []finding {
	t.Helper()
	r := c.run(t, "", "check", "--output", "json")
	var got struct {
		OK       bool
		Findings []finding
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != code || got.OK != (code == 0) {
		t.Fatalf("check = %d, %v, want %d\n%s%s", r.code, err, code, r.stdout, r.stderr)
	}
	return got.Findings
}

// found fails unless a finding holds the words; a failure has advice.
func found(t *testing.T, all []finding, level, subject string, words ...string) {
	t.Helper()
	for _, f := range all {
		if f.Level != level || !strings.HasPrefix(f.Subject, subject) {
			continue
		}
		missing := ""
		for _, w := range words {
			if !strings.Contains(f.Text+" "+f.Advice, w) {
				missing = w
			}
		}
		if missing == "" {
			return
		}
	}
	t.Errorf("no %s on %s with %q in %+v", level, subject, words, all)
}

// check looks at the engine behind: whether it is there, new enough, and still
// takes the password that it came with. It lists who is exempt.
func TestCheckBehindAGateway(t *testing.T) {
	t.Parallel()
	last := time.Now().UTC().AddDate(0, 0, 90)
	until, end := last.Format(time.DateOnly), last.AddDate(0, 0, 1).Format(time.DateOnly)+"T00:00:00Z"
	b := startGateway(t, []string{"alice", "svc-backup"}, func(text string) string {
		return text + fmt.Sprintf("exemptions: [{name: nightly backup, users: [svc-backup], networks: [192.0.2.7], owner: alice, reason: it cannot hold a token, until: %s}]\n", until)
	})
	cmd := commandLine{b.config}
	all := cmd.findings(t, 0)
	found(t, all, "ok", "primary.upstream", "answers at", "4.5.2")
	found(t, all, "ok", "engine version", "not older")
	found(t, all, "ok", "engine account admin", "does not take")
	listed := ""
	for _, f := range all {
		listed += fmt.Sprintln(f)
	}
	for _, want := range []string{"nightly backup", "svc-backup", "192.0.2.7", "alice", "it cannot hold a token", end} {
		if !strings.Contains(listed, want) {
			t.Errorf("check does not list the exemption with %q:\n%s", want, listed)
		}
	}
	b.engine.SetUser(mirthtest.User{Name: "admin", Password: "admin"})
	found(t, cmd.findings(t, 3), "failure", "engine account admin", "still takes", "Change the password")
	if n := b.engine.Sessions(); n != 0 {
		t.Errorf("check left %d sessions at the engine", n)
	}
	b.engine.Kill()
	found(t, cmd.findings(t, 3), "failure", "primary.upstream", "cannot be reached", "Start the engine")
	// The server that runs beside it goes on.
	if a := b.client(t).current(t); a.status != http.StatusUnauthorized {
		t.Errorf("users/current = %d, want 401", a.status)
	}
}

// Threat T145: an engine with known holes is named by check, and serve refuses
// to stand in front of it unless the configuration says so.
func TestOutdatedEngine(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	b.stop(t)
	old := mirthtest.NewServer(mirthtest.Config{Version: "4.3.0", Users: []mirthtest.User{{Name: "alice", Password: gatewayPassword}}, CA: b.engine.CA()})
	t.Cleanup(old.Close)
	cmd := commandLine{b.rewritten(t, "old.yaml", b.engine.URL, old.URL)}
	found(t, cmd.findings(t, 3), "failure", "engine version", "4.3.0", "older than 4.4.1", "Update the engine")
	r := cmd.wants(t, 3, "serve")
	for _, want := range []string{"mfaserver: the engine behind is older than 4.4.1", "update it", "primary.upstream.allow_outdated", "4.3.0"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("serve says %q, want %q", r.stderr, want)
		}
	}
	if strings.Contains(r.stderr, "msg=ready") {
		t.Error("serve was ready in front of an outdated engine")
	}
	if trail := cmd.must(t, "audit", "export", "--event", "upstream.outdated"); !strings.Contains(trail, "4.3.0") || !strings.Contains(trail, `"refused"`) {
		t.Errorf("the trail says %s", trail)
	}
	allowed := commandLine{b.rewritten(t, "allowed.yaml", fmt.Sprintf("url: %q", b.engine.URL), fmt.Sprintf("url: %q, allow_outdated: true", old.URL))}
	found(t, allowed.findings(t, 0), "warning", "engine version", "4.3.0", "allow_outdated")
	p := start(t, "msg=ready", "--config", allowed.config, "serve")
	if !strings.Contains(p.log.String(), "outdated") {
		t.Error("serve does not warn of an outdated engine")
	}
	b.client(t).login(t, "alice", gatewayPassword)
}

// An engine that is down at the start is no reason not to start: logins are
// refused until it is there.
func TestEngineIsDownAtTheStart(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice"}, nil)
	b.stop(t)
	b.engine.Kill()
	b.serve(t)
	if a := b.client(t).first(t, "alice", gatewayPassword); a.status != http.StatusServiceUnavailable {
		t.Errorf("login without the engine = %d %s, want 503", a.status, a.body)
	}
	if err := b.engine.Restart(); err != nil {
		t.Fatal(err)
	}
	b.client(t).login(t, "alice", gatewayPassword)
}

// rewritten is the configuration with a part replaced, in a file beside it.
func (b *gatewayBench) rewritten(t *testing.T, name, before, after string) string {
	t.Helper()
	return rewriteFile(t, b.config, name, before, after)
}
