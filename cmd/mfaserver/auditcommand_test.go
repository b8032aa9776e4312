package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// record is what the tests read of a line of the trail.
type record struct {
	Event   string `json:"event"`
	Outcome string `json:"outcome"`
	User    string `json:"user"`
	Source  string `json:"source"`
	TX      string `json:"tx"`
	Session string `json:"session"`
}

func records(t *testing.T, lines string) []record {
	t.Helper()
	var all []record
	for line := range strings.Lines(lines) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q is no line of JSON: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// One login is one story: both its calls, what Duo said, the session that came
// of it and its end; nothing of anybody else's.
func TestAuditStory(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	cmd := commandLine{b.config}
	alice, bob := b.client(t), b.client(t)
	alice.login(t, "alice", gatewayPassword)
	bob.login(t, "bob", gatewayPassword)
	bob.first(t, "bob", "wrong")
	of := cmd.sessions(t, "--user", "alice")[0]
	alice.logout(t)
	var story struct {
		Transaction, Username, Outcome, Factor, TxID, DuoReason string
		Sources, Sessions                                       []string
		Entries                                                 []struct {
			Name, Username, Session string
		}
	}
	cmd.wantsJSON(t, &story, "audit", "show", "--story", of.Login)
	if story.Transaction != of.Login || story.Username != "alice" || story.Outcome != "ok" || story.Factor == "" || story.TxID == "" || story.DuoReason == "" ||
		!slices.Equal(story.Sessions, []string{of.ID}) || !slices.Equal(story.Sources, []string{"127.0.0.1"}) {
		t.Errorf("the story is %+v", story)
	}
	var names []string
	for _, e := range story.Entries {
		names = append(names, e.Name)
		if e.Username != "" && e.Username != "alice" {
			t.Errorf("the story of alice tells %s of %s", e.Name, e.Username)
		}
	}
	at := -1
	for _, want := range []string{"primary.ok", "mfa.challenge", "mfa.allowed", "session.started", "session.ended"} {
		i := slices.Index(names, want)
		if i <= at {
			t.Errorf("%s is not in its place: %v", want, names)
		}
		at = i
	}
	text := cmd.must(t, "audit", "show", "--story", of.Login)
	for _, want := range []string{"login " + of.Login + " of alice: ok", "factor " + story.Factor, "Duo txid " + story.TxID, of.ID, "session.ended"} {
		if !strings.Contains(text, want) {
			t.Errorf("the story lacks %q:\n%s", want, text)
		}
	}
	cmd.refuses(t, []refusedLine{
		{"no such login", 4, "no login", []string{"audit", "show", "--story", "0123456789ab"}},
		{"no time", 2, "--since takes", []string{"audit", "show", "--since", "yesterday"}},
		{"no other time", 2, "--until takes", []string{"audit", "export", "--until", "-3h"}},
		{"no address", 2, "--source takes", []string{"audit", "show", "--source", "localhost"}},
		{"no number", 2, "--limit", []string{"audit", "show", "--limit", "all"}},
		{"no format", 2, "--format", []string{"audit", "export", "--format", "xml"}},
		{"no argument", 2, "", []string{"audit", "export", "alice"}},
		{"no file", 1, "no such file", []string{"audit", "verify", "--checkpoints", "/nonexistent/x"}},
	})
	text = cmd.must(t, "audit", "export")
	for _, secret := range []string{gatewayPassword, alice.server + "/secret", b.duo.Credentials().ClientSecret} {
		if strings.Contains(text, secret) {
			t.Errorf("the trail holds %q", secret)
		}
	}
}

// Records are found by user, event, session, address and time, and written as
// JSON lines and as a table that other programs read.
func TestAuditShowAndExport(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	cmd := commandLine{ready.ConfigFile}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	for range 3 {
		c.login(t, ready.Username, ready.Password)
		c.first(t, ready.Username, "wrong")
		c.logout(t)
	}
	all := records(t, cmd.must(t, "audit", "export"))
	if count := func(event string) (n int) {
		for _, r := range all {
			if r.Event == event {
				n++
			}
		}
		return n
	}; count("session.started") != 3 || count("session.ended") != 3 || count("primary.refused") != 3 {
		t.Fatalf("the trail has %d records: %+v", len(all), all)
	}
	session := all[slices.IndexFunc(all, func(r record) bool { return r.Event == "session.started" })].Session
	for _, tt := range []struct {
		args []string
		want func(record) bool
		n    int
	}{
		{[]string{"--event", "session.started"}, func(r record) bool { return r.Event == "session.started" }, 3},
		{[]string{"--event", "session."}, func(r record) bool { return strings.HasPrefix(r.Event, "session.") }, 6},
		{[]string{"--event", "session.started", "--user", "test1"}, func(r record) bool { return r.User == "test1" }, 3},
		{[]string{"--user", "nobody"}, nil, 0},
		{[]string{"--session", session}, func(r record) bool { return r.Session == session }, 2},
		{[]string{"--source", "127.0.0.1", "--event", "primary.refused"}, func(r record) bool { return r.Source == "127.0.0.1" }, 3},
		{[]string{"--source", "192.0.2.7"}, nil, 0},
		{[]string{"--since", "1h", "--event", "primary."}, func(r record) bool { return strings.HasPrefix(r.Event, "primary.") }, 6},
		{[]string{"--until", "1h"}, nil, 0},
		{[]string{"--since", time.Now().AddDate(0, 0, 2).UTC().Format(time.DateOnly)}, nil, 0},
	} {
		found := records(t, cmd.must(t, append([]string{"audit", "export"}, tt.args...)...))
		if len(found) != tt.n || slices.ContainsFunc(found, func(r record) bool { return !tt.want(r) }) {
			t.Errorf("audit export %v = %d records, want %d\n%+v", tt.args, len(found), tt.n, found)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(cmd.must(t, "audit", "export", "--event", "session.", "--format", "csv"))).ReadAll()
	if err != nil || len(rows) != 7 || !slices.Contains(rows[0], "outcome") || !slices.Contains(rows[1], "test1") {
		t.Errorf("the export as CSV = %d rows, %v", len(rows), err)
	}
	latest := records(t, cmd.must(t, "audit", "show", "--limit", "2", "--output", "json"))
	whole := records(t, cmd.must(t, "audit", "export"))
	if !slices.Equal(latest, whole[len(whole)-2:]) {
		t.Errorf("audit show --limit 2 = %+v, want the two latest", latest)
	}
	if text := cmd.must(t, "audit", "show", "--event", "session.ended"); strings.Count(text, "session.ended") != 3 || !strings.HasPrefix(text, "SEQ") {
		t.Errorf("audit show =\n%s", text)
	}
}

// verify is content with a trail as it was written, beside the server and
// without one, and locates whatever was done to it since.
func TestAuditVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, ready := startDemo(t, "--auto", "approve", "--data-dir", dir)
	cmd := commandLine{ready.ConfigFile}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	c.login(t, ready.Username, ready.Password)
	if out := cmd.must(t, "audit", "verify"); !strings.Contains(out, " 0 fault(s)\n") {
		t.Errorf("verify beside the server = %q", out)
	}
	if code := p.stop(t); code != 0 {
		t.Fatalf("stop = %d\n%s", code, p.log)
	}
	whole := cmd.must(t, "audit", "verify")
	_, checkpoint, ok := strings.Cut(strings.TrimSpace(whole), "to be kept elsewhere: ")
	if !ok {
		t.Fatalf("verify names no checkpoint:\n%s", whole)
	}
	kept := filepath.Join(t.TempDir(), "checkpoints")
	writePrivateFile(t, kept, checkpoint+"\n\n")
	cmd.must(t, "audit", "verify", "--checkpoints", kept)
	path := filepath.Join(dir, "audit", "audit.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
	started := slices.IndexFunc(lines, func(s string) bool { return strings.Contains(s, `"session.started"`) })
	if started < 1 || started > len(lines)-3 {
		t.Fatalf("session.started is record %d of %d", started+1, len(lines))
	}
	for _, tt := range []struct {
		name, kind string
		bend       func([]string) []string
	}{
		{"edited", "edited", func(l []string) []string {
			l[started] = strings.Replace(l[started], `"test1"`, `"mallo"`, 1)
			return l
		}},
		{"deleted", "deleted", func(l []string) []string { return slices.Delete(l, started, started+1) }},
		{"inserted", "inserted", func(l []string) []string { return slices.Insert(l, started, l[started-1]) }},
		{"reordered", "reordered", func(l []string) []string {
			l[started], l[started-1] = l[started-1], l[started]
			return l
		}},
		{"cut off", "truncated", func(l []string) []string { return l[:started] }},
	} {
		writePrivateFile(t, path, strings.Join(tt.bend(slices.Clone(lines)), ""))
		r := cmd.wants(t, 1, "audit", "verify")
		if !strings.Contains(r.stdout, "audit.jsonl:") || !strings.Contains(r.stdout, tt.kind+":") || strings.Contains(r.stdout, " 0 fault(s)") {
			t.Errorf("%s: verify says\n%s%s", tt.name, r.stdout, r.stderr)
		}
		if tt.name == "edited" && !strings.Contains(r.stdout, fmt.Sprintf("audit.jsonl:%d: edited: record %d:", started+1, started+1)) {
			t.Errorf("verify does not locate record %d:\n%s", started+1, r.stdout)
		}
		j := cmd.wants(t, 1, "audit", "verify", "--output", "json")
		var report struct {
			Faults []struct {
				Kind string
				Line int
			}
		}
		if err := json.Unmarshal([]byte(j.stdout), &report); err != nil || len(report.Faults) == 0 {
			t.Errorf("%s: verify printed %s, %v", tt.name, j.stdout, err)
		}
	}
	// Whoever cuts off the newest records, and the head with them, is found out
	// by a checkpoint that was kept elsewhere.
	writePrivateFile(t, path, strings.Join(lines[:started], ""))
	cmd.wants(t, 1, "audit", "verify", "--checkpoints", kept)
	writePrivateFile(t, path, string(data))
	cmd.must(t, "audit", "verify", "--checkpoints", kept)
	writePrivateFile(t, kept, "no checkpoint\n")
	cmd.wants(t, 2, "audit", "verify", "--checkpoints", kept)
	if err := os.Remove(filepath.Join(dir, "keys", "audit.key")); err != nil {
		t.Fatal(err)
	}
	cmd.wants(t, 1, "audit", "verify")
	if _, err := os.Stat(filepath.Join(dir, "keys", "audit.key")); err == nil {
		t.Error("verify made a key")
	}
}
