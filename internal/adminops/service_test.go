package adminops_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/adminops"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is the operations on a simulator, and the trail.
type bench struct {
	*duotest.Server
	desk  *helpdesk.Desk
	ops   *adminops.Service
	trail *audittest.Memory
}

func newBench(t *testing.T, children ...string) *bench {
	t.Helper()
	config := duotest.Config{Users: []duotest.User{
		{Name: "helen", Email: "helen@example.org", Phones: []duotest.Phone{{Number: "+17345550101", Platform: "Apple iOS", Activated: true}}},
		{Name: "alice", Email: "alice@example.org", Phones: []duotest.Phone{{Number: "+17345550102", Platform: "Apple iOS", Activated: true}}},
	}}
	for _, name := range children {
		config.Children = append(config.Children, duotest.Child{Name: name, Users: []duotest.User{{Name: "nurse"}}})
	}
	server, err := duotest.NewServer(config)
	must(t, err)
	t.Cleanup(server.Close)
	ca, err := duoclient.CAPEM(server.CA().CertPEM())
	must(t, err)
	app := func(key, secretKey string) *duoclient.APIConfig {
		return &duoclient.APIConfig{IntegrationKey: key, SecretKey: secret.New(secretKey), APIHost: server.APIHost, CA: ca, Simulator: true}
	}
	b := &bench{Server: server, trail: &audittest.Memory{}}
	k := server.Credentials()
	c := helpdesk.Config{
		Recorder: b.trail, Accounts: app(k.AccountsKey, k.AccountsSecret),
		Organizations: []helpdesk.OrgConfig{
			{Name: "default", Admin: app(k.AdminKey, k.AdminSecret), Auth: app(k.AuthKey, k.AuthSecret)},
			{Name: "prompt-only"},
		},
		Options: []duoclient.Option{duoclient.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	}
	for _, child := range server.Accounts() {
		c.Organizations = append(c.Organizations, helpdesk.OrgConfig{Name: child.Name(), AccountID: child.ID()})
	}
	desk, err := helpdesk.New(c)
	must(t, err)
	t.Cleanup(desk.Close)
	b.desk, b.ops = desk, adminops.New(desk)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call is one with a body and pairs of ids and query parameters; names of
// parameters begin with a question mark.
func call(operation, body string, pairs ...string) adminops.Call {
	c := adminops.Call{
		Operation: operation, Body: secret.New(body), Actor: helpdesk.Actor{Name: "helen", RequestID: "req-1"},
		ID: map[string]string{}, Query: url.Values{},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := strings.CutPrefix(pairs[i], "?"); ok {
			c.Query.Add(name, pairs[i+1])
			continue
		}
		c.ID[pairs[i]] = pairs[i+1]
	}
	return c
}

// do expects success and gives the result as JSON: a value, or an array.
func (b *bench) do(t *testing.T, c adminops.Call) string {
	t.Helper()
	text, err := b.try(t, c)
	if err != nil {
		t.Fatalf("%s %s = %v", c.Operation, c.Body.Reveal(), err)
	}
	return text
}

func (b *bench) try(t *testing.T, c adminops.Call) (string, error) {
	t.Helper()
	result, err := b.ops.Do(t.Context(), c)
	if err != nil {
		return "", err
	}
	value := result.Value
	if result.Items != nil {
		items := []any{}
		for item, err := range result.Items {
			if err != nil {
				return "", err
			}
			items = append(items, item)
		}
		value = items
	}
	return toJSON(t, value), nil
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// find gives a member of a JSON object.
func find(t *testing.T, text, name string) string {
	t.Helper()
	var o map[string]any
	must(t, json.Unmarshal([]byte(text), &o))
	value, ok := o[name].(string)
	if !ok || value == "" {
		t.Fatalf("no %s in %s", name, text)
	}
	return value
}

func (b *bench) user(t *testing.T, name string) string {
	t.Helper()
	var all []map[string]any
	must(t, json.Unmarshal([]byte(b.do(t, call("users.list", "", "?username", name))), &all))
	if len(all) != 1 {
		t.Fatalf("%d users are called %s", len(all), name)
	}
	id, _ := all[0]["user_id"].(string)
	return id
}

func (b *bench) phone(t *testing.T, number string) string {
	t.Helper()
	var all []map[string]any
	must(t, json.Unmarshal([]byte(b.do(t, call("phones.list", "", "?number", number))), &all))
	if len(all) != 1 {
		t.Fatalf("%d phones have %s", len(all), number)
	}
	id, _ := all[0]["phone_id"].(string)
	return id
}

// Every operation there is does what it says against the simulator, and is
// recorded with actor and operation before it has an effect.
func TestOperations(t *testing.T) {
	t.Parallel()
	b := newBench(t, "clinic-a")
	done := map[string]bool{}
	step := func(c adminops.Call, want ...string) string {
		t.Helper()
		before := len(b.trail.Events())
		got := b.do(t, c)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s = %s, want %s in it", c.Operation, got, w)
			}
		}
		if events := b.trail.Events(); len(events) == before || events[before].Actor != "helen" || events[before].RequestID != "req-1" {
			t.Errorf("%s: records %+v, want one of helen's", c.Operation, events[before:])
		}
		done[c.Operation] = true
		return got
	}
	const why = `"reason":"phone lost","ticket":"HD-1"`

	alice := b.user(t, "alice")
	step(call("orgs.list", ""), `"clinic-a"`, `"prompt-only"`)
	step(call("users.list", ""), `"alice"`, `"helen"`)
	step(call("users.get", "", "user_id", alice), `"alice@example.org"`)
	dora := find(t, step(call("users.create", `{"username":"dora","aliases":["d"],"enable_auto_prompt":true}`), `"dora"`), "user_id")
	step(call("users.update", `{"realname":"Dora <b>D</b>","clear":["notes"]}`, "user_id", dora), "Dora")
	step(call("users.status", `{"status":"disabled",`+why+`}`, "user_id", dora), `"disabled"`)
	step(call("users.report", "", "?kind", "disabled"), `"dora"`, `"findings":["disabled"]`)
	step(call("users.groups", "", "user_id", alice), "[")
	step(call("users.tokens", "", "user_id", alice), "[")
	step(call("users.webauthn", "", "user_id", alice), "[")
	phone := find(t, step(call("phones.create", `{"number":"+17345550199","type":"mobile","platform":"apple ios"}`), "0199"), "phone_id")
	step(call("phones.assign", `{"phone_id":"`+phone+`"}`, "user_id", dora), "null")
	step(call("users.phones", "", "user_id", dora), phone)
	step(call("phones.get", "", "phone_id", phone), `"dora"`)
	step(call("phones.update", `{"name":"spare"}`, "phone_id", phone), `"spare"`)
	step(call("phones.list", "", "?number", "+17345550199"), phone)
	link := step(call("phones.activation-url", `{"valid_secs":600}`, "phone_id", phone), `"activation_url":"https://`)
	step(call("phones.sms-activation", `{}`, "phone_id", phone), "null")
	step(call("phones.sms-installation", `{}`, "phone_id", phone), "null")
	step(call("phones.sms-passcodes", `{}`, "phone_id", phone), "null")
	made := step(call("bypass.create", `{"count":2,"valid_secs":300,`+why+`}`, "user_id", alice), `"alice"`)
	listed := step(call("users.bypass", "", "user_id", alice), `"bypass_code_id"`)
	step(call("bypass.list", ""), `"bypass_code_id"`)
	var codes []map[string]any
	must(t, json.Unmarshal([]byte(listed), &codes))
	code, _ := codes[0]["bypass_code_id"].(string)
	step(call("bypass.get", "", "bypass_code_id", code), code)
	step(call("bypass.delete", "", "bypass_code_id", code))
	step(call("phones.unassign", "", "user_id", dora, "phone_id", phone, "?reason", "sold"))
	step(call("phones.delete", "", "phone_id", phone, "?reason", "sold"))
	step(call("users.delete", "", "user_id", dora, "?reason", "left the clinic", "?ticket", "HD-2"))
	enrolled := step(call("users.enroll", `{"username":"erin","phone":"+1 734 555 0177"}`), `"activation_url":"https://`, `"state":"done"`)
	step(call("settings.get", ""), "lockout_threshold")
	step(call("settings.update", `{"settings":{"lockout_threshold":7,"sms_refresh":true},`+why+`}`), `"lockout_threshold":7`)
	org, err := b.desk.Org("")
	must(t, err)
	direct, err := org.Admin(t.Context())
	must(t, err)
	group, err := direct.Groups.Create(t.Context(), duoclient.GroupParams{Name: "nurses"})
	must(t, err)
	must(t, direct.Users.AddGroup(t.Context(), alice, group.GroupID))
	token, err := direct.Tokens.Create(t.Context(), duoclient.TokenParams{Type: "h6", Serial: "4711", Secret: secret.New(strings.Repeat("ab", 20))})
	must(t, err)
	directory := b.AddDirectory(duotest.Directory{Users: []duotest.User{{Name: "fred"}}})
	step(call("groups.list", ""), "nurses")
	step(call("groups.get", "", "group_id", group.GroupID), "nurses")
	step(call("groups.users", "", "group_id", group.GroupID), "alice")
	step(call("tokens.list", ""), "4711")
	step(call("tokens.get", "", "token_id", token.TokenID), "4711")
	step(call("users.sync", `{"username":"fred","directory_key":"`+directory.Key+`"}`), "null")
	step(call("users.list", "", "?username", "fred"), "fred")
	integrations := step(call("integrations.list", ""), `"integration_key"`)
	step(call("integrations.get", "", "integration_key", b.Credentials().AdminKey), b.Credentials().AdminKey)
	admins := step(call("admins.list", ""), `"admin_id"`)
	var people []map[string]any
	must(t, json.Unmarshal([]byte(admins), &people))
	admin, _ := people[0]["admin_id"].(string)
	step(call("admins.get", "", "admin_id", admin), admin)
	step(call("info.summary", ""), "user_count")
	for _, log := range []string{"authentication", "activity", "telephony", "administrator"} {
		step(call("logs."+log, "", "?since", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)), "[")
	}
	step(call("accounts.list", ""), "clinic-a")
	account := find(t, step(call("accounts.create", `{"name":"Clinic B"}`), "Clinic B"), "account_id")
	step(call("accounts.delete", "", "account_id", account, "?reason", "closed"))
	step(call("admin.call", `{"method":"GET","path":"/admin/v1/info/summary"}`), "user_count")

	// Threats T158, T160: what is told once is nowhere in the trail.
	var trail strings.Builder
	for _, e := range b.trail.Events() {
		text, err := json.Marshal(e)
		must(t, err)
		trail.Write(text)
	}
	var told struct{ Codes []string }
	must(t, json.Unmarshal([]byte(made), &told))
	if len(told.Codes) != 2 {
		t.Errorf("bypass.create = %s, want two codes", made)
	}
	for _, s := range slices.Concat(told.Codes, []string{find(t, link, "activation_url"), find(t, enrolled, "activation_url")}) {
		if strings.Contains(trail.String(), s) {
			t.Errorf("the trail holds %s", s)
		}
	}
	k := b.Credentials()
	for _, s := range []string{k.AdminSecret, k.AuthSecret, k.AccountsSecret, k.ClientSecret} {
		if strings.Contains(trail.String(), s) || strings.Contains(integrations, s) {
			t.Errorf("trail or list of applications holds a secret key")
		}
	}
	done["users.verify"] = true // see TestVerify
	for _, op := range b.ops.Known() {
		if !done[op.Name] {
			t.Errorf("no step shows %s", op.Name)
		}
	}
}

// Threat T159: what weakens a second factor needs a reason; without it nothing
// is sent and the refusal is recorded.
func TestReasons(t *testing.T) {
	t.Parallel()
	b := newBench(t, "clinic-a")
	alice, phone := b.user(t, "alice"), b.phone(t, "+17345550102")
	ids := map[string]string{"user_id": alice, "phone_id": phone, "account_id": b.Accounts()[0].ID()}
	bodies := map[string]string{
		"users.status": `{"status":"bypass"}`, "settings.update": `{"settings":{"lockout_threshold":7}}`,
	}
	for _, op := range b.ops.Known() {
		if !op.Reason {
			continue
		}
		for _, reason := range []string{"", " ", strings.Repeat("x", 201), "two\nlines"} {
			c := call(op.Name, "")
			c.ID = ids
			if len(op.Body) > 0 {
				text, err := json.Marshal(reason)
				must(t, err)
				body := strings.TrimSuffix(bodies[op.Name], "}")
				if body == "" {
					body = "{"
				} else {
					body += ","
				}
				c.Body = secret.New(body + `"reason":` + string(text) + `}`)
			} else if reason != "" {
				c.Query.Set("reason", reason)
			}
			before := len(b.trail.Find(audit.DuoRefused))
			_, err := b.try(t, c)
			if p := adminops.Explain(err); !errors.Is(err, helpdesk.ErrPolicy) || p.Kind != adminops.KindPolicy || !strings.Contains(p.Message, "reason") {
				t.Errorf("%s with the reason %.10q = %v (%+v), want a refusal that names the reason", op.Name, reason, err, p)
			}
			if len(b.trail.Find(audit.DuoRefused)) != before+1 {
				t.Errorf("%s with the reason %.10q: the refusal is not recorded", op.Name, reason)
			}
		}
	}
	if got := b.do(t, call("users.get", "", "user_id", alice)); !strings.Contains(got, `"status":"active"`) || !strings.Contains(got, phone) {
		t.Errorf("alice = %s, want her as before", got)
	}
}

// Threat T158: no value makes a code that lives for ever, works twice or is
// for oneself.
func TestBypassBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alice, helen := b.user(t, "alice"), b.user(t, "helen")
	for _, tt := range []struct{ body, user, field string }{
		{`"count":0`, alice, "count"},
		{`"count":-1`, alice, "count"},
		{`"count":6`, alice, "count"},
		{`"count":1000000000`, alice, "count"},
		{`"count":"2"`, alice, "count"},
		{`"count":1.5`, alice, "count"},
		{`"Count":1`, alice, "Count"},
		{`"valid_secs":0`, alice, "valid_secs"},
		{`"valid_secs":-1`, alice, "valid_secs"},
		{`"valid_secs":299`, alice, "valid_secs"},
		{`"valid_secs":86401`, alice, "valid_secs"},
		{`"valid_secs":1000000000`, alice, "valid_secs"},
		{`"valid_secs":9223372036854775807`, alice, "valid_secs"},
		{`"valid_secs":18446744073709551916`, alice, "valid_secs"},
		{`"valid_secs":1e9`, alice, "valid_secs"},
		{`"reuse_count":0`, alice, "reuse_count"},
		{`"reuse_count":2`, alice, "reuse_count"},
		{`"reuse_count":-1`, alice, "reuse_count"},
		{`"codes":["1"]`, alice, "codes"},
		{`"codes":["111111"]`, alice, "codes"},
		{`"codes":["482913"],"count":1`, alice, "count"},
		{`"count":1`, helen, "oneself"},
	} {
		_, err := b.try(t, call("bypass.create", `{"reason":"phone lost",`+tt.body+`}`, "user_id", tt.user))
		p := adminops.Explain(err)
		if !errors.Is(err, helpdesk.ErrPolicy) && !errors.Is(err, adminops.ErrParameter) || !strings.Contains(p.Message, tt.field) {
			t.Errorf("%s = %v (%+v), want a refusal that names %s", tt.body, err, p, tt.field)
		}
	}
	if got := b.do(t, call("users.bypass", "", "user_id", alice)) + b.do(t, call("users.bypass", "", "user_id", helen)); got != "[][]" {
		t.Errorf("codes were made: %s", got)
	}
	before := time.Now()
	var told struct {
		Codes   []string
		Expires time.Time
	}
	must(t, json.Unmarshal([]byte(b.do(t, call("bypass.create", `{"reason":"phone lost"}`, "user_id", alice))), &told))
	if len(told.Codes) != 1 || told.Expires.Before(before.Add(50*time.Minute)) || told.Expires.After(time.Now().Add(time.Hour)) {
		t.Errorf("the defaults gave %d codes until %v, want one for an hour", len(told.Codes), told.Expires)
	}
}

// Threats T158, T159, T160: the generic call is no way around the rules, and
// tells no secret.
func TestCallGoesAroundNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alice := b.user(t, "alice")
	for _, tt := range []struct{ body, field string }{
		{`"method":"POST","path":"/admin/v1/users/` + alice + `/bypass_codes","params":{"valid_secs":"0"}`, "path"},
		{`"method":"POST","path":"/admin/v1/users/` + alice + `","params":{"status":"bypass"}`, "path"},
		{`"method":"DELETE","path":"/admin/v1/users/` + alice + `"`, "path"},
		{`"method":"POST","path":"/admin/v1/bulk"`, "path"},
		{`"method":"POST","path":"/admin/v2/groups"`, "path"},
		{`"method":"PUT","path":"/admin/v1/settings"`, "path"},
		{`"method":"POST","path":"/admin/v1/phones/DP00000000000000000X/activation_url"`, "path"},
		{`"method":"POST","path":"/admin/v1/./users"`, "path"},
		{`"method":"POST","path":"/admin/v1//users"`, "path"},
		{`"method":"POST","path":"/admin/v1/integrations/../users"`, "path"},
		{`"method":"POST","path":"/admin/v1/Users"`, "path"},
		{`"method":"POST","path":"/admin/v1/%75sers"`, "path"},
		{`"method":"POST","path":"/accounts/v1/account/delete"`, "path"},
		{`"method":"GET","path":"/auth/v2/check"`, "path"},
		{`"method":"GET","path":"https://evil.example/admin/v1/users"`, "path"},
		{`"method":"PATCH","path":"/admin/v1/users"`, "method"},
		{`"method":"get","path":"/admin/v1/users"`, "method"},
	} {
		_, err := b.try(t, call("admin.call", `{"reason":"because",`+tt.body+`}`))
		if p := adminops.Explain(err); p.Kind != adminops.KindInvalid || !strings.Contains(p.Message, tt.field) {
			t.Errorf("%s = %v, want a refusal that names %s", tt.body, err, tt.field)
		}
	}
	if _, err := b.try(t, call("admin.call", `{"method":"POST","path":"/admin/v1/tokens","params":{"type":"t6"}}`)); adminops.Explain(err).Kind != adminops.KindInvalid {
		t.Errorf("a change without a reason = %v", err)
	}
	got := b.do(t, call("admin.call", `{"method":"GET","path":"/admin/v1/integrations"}`))
	k := b.Credentials()
	for _, s := range []string{k.AdminSecret, k.AuthSecret, k.AccountsSecret, k.ClientSecret} {
		if strings.Contains(got, s) {
			t.Error("the answer of a call holds a secret key")
		}
	}
}

// Threat T195: when it cannot be recorded, it does not happen.
func TestAuditFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alice := b.user(t, "alice")
	for _, c := range []adminops.Call{
		call("users.create", `{"username":"dora"}`),
		call("users.delete", "", "user_id", alice, "?reason", "left"),
		call("bypass.create", `{"reason":"phone lost"}`, "user_id", alice),
		call("settings.get", ""),
		call("users.list", ""),
		call("users.report", ""),
		call("orgs.list", ""),
	} {
		b.trail.Fail(1)
		_, err := b.try(t, c)
		if p := adminops.Explain(err); !errors.Is(err, audit.ErrUnwritten) || p.Kind != adminops.KindInternal || strings.Contains(p.Message, "audit") {
			t.Errorf("%s = %v (%+v), want nothing done and nothing told", c.Operation, err, p)
		}
	}
	if got := b.do(t, call("users.list", "")); strings.Contains(got, "dora") || !strings.Contains(got, "alice") {
		t.Errorf("users = %s, want them as before", got)
	}
}

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

// A report goes on where one organisation cannot be read.
func TestReportOfAllOrganisations(t *testing.T) {
	t.Parallel()
	b := newBench(t, "clinic-a", "clinic-b")
	got := b.do(t, call("users.report", "", "?all_orgs", "true", "?every", "true"))
	for _, want := range []string{`"organization":"default"`, `"organization":"clinic-a"`, `"organization":"clinic-b"`, `"nurse"`, `"alice"`} {
		if !strings.Contains(got, want) {
			t.Errorf("report = %s, want %s in it", got, want)
		}
	}
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/admin/v1/users": {Status: 503, Skip: 1}}})
	result, err := b.ops.Do(t.Context(), call("users.report", "", "?all_orgs", "true", "?every", "true"))
	must(t, err)
	var failed []string
	rows := 0
	for _, err := range result.Items {
		if part, ok := errors.AsType[*adminops.PartError](err); ok {
			failed = append(failed, part.Organization)
			continue
		}
		must(t, err)
		rows++
	}
	if !slices.Equal(failed, []string{"clinic-a", "clinic-b"}) || rows != 2 {
		t.Errorf("%d rows, without %v, want 2 of the default organisation", rows, failed)
	}
}

// A verification tells the code first and the verdict last; whoever stops
// listening stops the waiting.
func TestVerify(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alice := b.user(t, "alice")
	result, err := b.ops.Do(t.Context(), call("users.verify", `{"timeout_secs":1}`, "user_id", alice))
	must(t, err)
	var items []string
	for item, err := range result.Items {
		must(t, err)
		text, err := json.Marshal(item)
		must(t, err)
		items = append(items, string(text))
	}
	if len(items) != 2 || len(find(t, items[0], "confirmation_code")) < 3 || find(t, items[1], "verdict") != "timeout" {
		t.Errorf("items = %q, want the code and then a timeout", items)
	}
	result, err = b.ops.Do(t.Context(), call("users.verify", `{}`, "user_id", alice))
	must(t, err)
	for _, err := range result.Items {
		must(t, err)
		break
	}
	if _, err := b.try(t, call("users.verify", `{"timeout_secs":121}`, "user_id", alice)); !errors.Is(err, adminops.ErrParameter) {
		t.Errorf("a long timeout = %v", err)
	}
}
