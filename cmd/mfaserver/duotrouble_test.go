package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// Exit codes tell whose fault it is: 3 ours, 4 the request's, 5 Duo's; and
// what Duo said is shown with its code and what to do.
func TestDuoExitCodes(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	k := b.Credentials()
	wrongSecret := func(s string) string { return strings.Replace(s, k.AdminSecret, strings.Repeat("w", 40), 1) }
	same := func(s string) string { return s }
	all := func(f duotest.AnswerFaults) duotest.Faults {
		return duotest.Faults{API: map[string]duotest.AnswerFaults{"*": f}}
	}
	half := `{"stat": "OK", "response": [`
	tests := []struct {
		name   string
		change func(string) string
		faults duotest.Faults
		code   int
		want   []string
	}{
		{"wrong secret", wrongSecret, duotest.Faults{}, 3, []string{"40103", "Check the secret key"}},
		{"exchanged", strings.NewReplacer(k.AdminKey, k.AuthKey, k.AdminSecret, k.AuthSecret).Replace, duotest.Faults{}, 3, []string{"40301", "type Admin API"}},
		{"clock", same, duotest.Faults{ClockOffset: 6 * time.Minute}, 3, []string{"40105", "clock"}},
		{"nobody there", strings.NewReplacer(b.APIHost, "127.0.0.1:1").Replace, duotest.Faults{}, 5, []string{"cannot be reached", "network"}},
		{"no JSON", same, all(duotest.AnswerFaults{Body: &half}), 5, []string{"malformed"}},
		{"no words", same, all(duotest.AnswerFaults{Instead: true, Status: 400, Body: new(string)}), 5, nil},
	}
	for _, tt := range tests {
		b.SetFaults(tt.faults)
		config := b.writeConfig(t, tt.change)
		r := b.runAny(t, "", "--config", config, "duo", "users", "list")
		if r.code != tt.code || r.stdout != "" {
			t.Errorf("%s: users list = %d %s%s, want %d without a list", tt.name, r.code, r.stdout, r.stderr, tt.code)
		}
		for _, want := range tt.want {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("%s: users list said %q, want %q", tt.name, r.stderr, want)
			}
		}
	}
	b.silent(t)
}

// One organisation that fails does not keep the others from being listed; the
// command fails all the same and names it.
func TestDuoListsTheOthers(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t, "clinic-a", "clinic-b")
	for _, a := range b.Accounts() {
		a.AddUser(duotest.User{Name: "user-of-" + a.Name()})
	}
	config := b.writeConfig(t, strings.NewReplacer(b.Accounts()[0].ID(), "DAWRONGWRONGWRONGXXX").Replace)
	r := b.runAny(t, "", "--config", config, "duo", "users", "list", "--all-orgs")
	if r.code == 0 || !strings.Contains(r.stdout, "user-of-clinic-b") || !strings.Contains(r.stdout, "test1") || !strings.Contains(r.stderr, "clinic-a: ") {
		t.Errorf("users list --all-orgs = %d\n%s%s\nwant the users of clinic-b and an error that names clinic-a", r.code, r.stdout, r.stderr)
	}
}

// Who was made before a failure stays, and running again makes the rest.
func TestDuoBulkContinues(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	names := make([]string, 150)
	for i := range names {
		names[i] = fmt.Sprintf("user%03d", i)
	}
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{
		"POST /admin/v1/users/bulk_create": {Skip: 1, First: 1, Instead: true, Status: 500},
	}})
	line := append([]string{"users", "create"}, names...)
	first := b.run(t, "", line...)
	if first.code != 5 || !strings.Contains(first.stderr, "100 users were made; from user100 on") {
		t.Fatalf("users create of 150 = %d %s, want 5 and how far it came", first.code, first.stderr)
	}
	second := b.run(t, "", line...)
	if second.code != 0 || strings.Count(second.stdout, "\n") != 51 || b.Root().CountUsers() != 151 {
		t.Errorf("again = %d with %d lines, %d users in all; want the 50 that were left", second.code, strings.Count(second.stdout, "\n"), b.Root().CountUsers())
	}
}

// A list of people is enrolled as far as it goes; running again continues, and
// sends nobody a second link.
func TestDuoEnrollListContinues(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	list := filepath.Join(t.TempDir(), "people.csv")
	text := "username,phone\n"
	for i := range 6 {
		text += fmt.Sprintf("person%d,+1734555020%d\n", i, i)
	}
	writePrivateFile(t, list, text)
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{
		"POST /admin/v1/phones": {Skip: 2, First: 1, Instead: true, Status: 400, Body: refusal(40002, "Invalid request parameters")},
	}})
	first := b.run(t, "", "users", "enroll", "--csv", list, "--send", "sms")
	if first.code == 0 || strings.Count(first.stdout, " done ") != 5 || !strings.Contains(first.stderr, "1 failed") || !strings.Contains(first.stderr, "lines: 4") {
		t.Fatalf("users enroll --csv = %d\n%s%s\nwant five done, and line 4 named", first.code, first.stdout, first.stderr)
	}
	links := b.CountCalls("send_sms_activation")
	second := b.run(t, "", "users", "enroll", "--csv", list, "--send", "sms")
	if second.code != 0 || strings.Count(second.stdout, "skipped") != 5 || strings.Count(second.stdout, " done ") != 1 {
		t.Errorf("again = %d\n%s%s\nwant one done, five skipped", second.code, second.stdout, second.stderr)
	}
	if got := b.CountCalls("send_sms_activation") - links; got != 1 {
		t.Errorf("the second run sent %d links, want 1", got)
	}
	faulty := b.run(t, "username,phone\nx,123\nx,\n", "users", "enroll", "--csv", "-")
	if faulty.code != 4 || !strings.Contains(faulty.stderr, "line 2: phone") || !strings.Contains(faulty.stderr, "line 3: username") {
		t.Errorf("a faulty list = %d %s, want 4 and every fault with its line", faulty.code, faulty.stderr)
	}
}

func refusal(code int, message string) *string {
	text := fmt.Sprintf(`{"code": %d, "message": %q, "stat": "FAIL"}`, code, message)
	return &text
}

// Only an approval is exit code 0.
func TestDuoPushAnswers(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	for _, tt := range []struct {
		mode         duotest.Mode
		send, verify int
	}{{duotest.Approve, 0, 0}, {duotest.Deny, 4, 4}} {
		b.SetAuto(tt.mode)
		if r := b.run(t, "", "auth", "send", "test1"); r.code != tt.send {
			t.Errorf("auth send with %s = %d %s%s, want %d", tt.mode, r.code, r.stdout, r.stderr, tt.send)
		}
		if r := b.run(t, "", "users", "verify", "test1"); r.code != tt.verify {
			t.Errorf("users verify with %s = %d %s%s, want %d", tt.mode, r.code, r.stdout, r.stderr, tt.verify)
		}
	}
}
