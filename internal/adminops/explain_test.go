package adminops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/adminops"
	"mfaserver/internal/audit"
)

// Errors say what they mean, in words that hold nothing of ours.
func TestExplain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alice := b.user(t, "alice")
	nobody := "DU0000000000000000XX"
	for _, tt := range []struct {
		name string
		call adminops.Call
		kind adminops.Kind
		code int
		text string
	}{
		{"unknown operation", call("users.burn", ""), adminops.KindInvalid, 0, "users.burn"},
		{"unknown user", call("users.get", "", "user_id", nobody), adminops.KindNotFound, 40401, "Duo refused"},
		{"name taken", call("users.create", `{"username":"alice"}`), adminops.KindExists, 40003, "Duo refused"},
		{"no name", call("users.create", `{}`), adminops.KindInvalid, 0, "username is missing"},
		{"bad status", call("users.status", `{"status":"sleepy","reason":"why not"}`, "user_id", alice), adminops.KindInvalid, 0, "status"},
		{"bad e-mail", call("users.update", `{"email":"no address"}`, "user_id", alice), adminops.KindInvalid, 0, "email"},
		{"nothing to change", call("users.update", `{}`, "user_id", alice), adminops.KindInvalid, 0, "nothing to change"},
		{"unknown parameter", call("users.list", "", "?frobnicate", "1"), adminops.KindInvalid, 0, "frobnicate"},
		{"parameter twice", call("users.list", "", "?username", "a", "?username", "b"), adminops.KindInvalid, 0, "username"},
		{"bad flag", call("users.report", "", "?every", "maybe"), adminops.KindInvalid, 0, "every"},
		{"bad kind", call("users.report", "", "?kind", "sleepy"), adminops.KindPolicy, 0, "kind"},
		{"bad days", call("users.report", "", "?inactive_days", "0"), adminops.KindInvalid, 0, "inactive_days"},
		{"bad time", call("logs.activity", "", "?since", "yesterday"), adminops.KindInvalid, 0, "since"},
		{"no directory", call("users.sync", `{"username":"x"}`), adminops.KindPolicy, 0, "directory_key"},
		{"org of accounts", func() adminops.Call { c := call("accounts.list", ""); c.Org = "default"; return c }(), adminops.KindInvalid, 0, "org"},
		{"unknown org", func() adminops.Call { c := call("users.list", ""); c.Org = "nowhere"; return c }(), adminops.KindUnknownOrg, 0, "nowhere"},
		{"no application", func() adminops.Call { c := call("users.list", ""); c.Org = "prompt-only"; return c }(), adminops.KindNotConfigured, 0, "prompt-only"},
	} {
		_, err := b.try(t, tt.call)
		p := adminops.Explain(err)
		if err == nil || p.Kind != tt.kind || p.DuoCode != tt.code || !strings.Contains(p.Message, tt.text) || strings.Contains(p.Message, "duoclient") {
			t.Errorf("%s = %v\n(%+v), want %s %d with %q", tt.name, err, p, tt.kind, tt.code, tt.text)
		}
		if tt.code != 0 && p.Advice == "" {
			t.Errorf("%s has no advice", tt.name)
		}
	}
	for _, tt := range []struct {
		faults duotest.Faults
		kind   adminops.Kind
	}{
		{duotest.Faults{API: map[string]duotest.AnswerFaults{"*": {Status: 503}}}, adminops.KindOutage},
		{duotest.Faults{API: map[string]duotest.AnswerFaults{"*": {Status: 429, Instead: true}}}, adminops.KindBusy},
		{duotest.Faults{API: map[string]duotest.AnswerFaults{"*": {ResetBefore: true}}}, adminops.KindOutage},
		{duotest.Faults{ClockOffset: time.Hour}, adminops.KindClock},
	} {
		b.SetFaults(tt.faults)
		_, err := b.try(t, call("users.list", ""))
		if p := adminops.Explain(err); p.Kind != tt.kind || p.Message == "" || p.Advice == "" {
			t.Errorf("%+v = %v (%+v), want %s", tt.faults, err, p, tt.kind)
		}
	}
	if p := adminops.Explain(errors.New("open /var/secret/path: no space")); p.Kind != adminops.KindInternal || strings.Contains(p.Message, "secret") {
		t.Errorf("an unknown error = %+v", p)
	}
}

// Threats T161, T183: bodies have one reading.
func TestStrictBodies(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, body := range []string{
		`[]`, `"x"`, `null`, `1`, `{`, `{"username":"x"`, `{"username":"x"} {}`, `{"username":"x"}x`,
		`{"username":"x","username":"y"}`, `{"Username":"x"}`, `{"username":1}`, `{"username":["x"]}`, `{"usrname":"x"}`,
		`{"username":"x","custom_attributes":{"a":"1","a":"2"}}`, `{"username":"x","custom_attributes":{"a":1}}`,
		`{"username":"x","aliases":"a"}`, `{"username":"x","enable_auto_prompt":"yes"}`,
		"{\"username\":\"\xff\"}", `{"username":"x","aliases":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`,
		`{"username":"x",}`, `{'username':'x'}`, `{"username":"x","why":{}}`, `{"username":"x","userFields":{}}`,
	} {
		_, err := b.try(t, call("users.create", body))
		if !errors.Is(err, adminops.ErrParameter) {
			t.Errorf("%.80q = %v, want %v", body, err, adminops.ErrParameter)
		}
	}
	if n := len(b.trail.Find(audit.DuoUserCreated)); n != 0 {
		t.Errorf("%d users were made", n)
	}
}
