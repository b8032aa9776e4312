package adminops_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/adminops"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

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

// Threat T159: a bypass is for a time, with a reason, for somebody else.
func TestStatusBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	alice, helen := b.user(t, "alice"), b.user(t, "helen")
	for _, tt := range []struct{ body, user, names string }{
		{`"status":"bypass"`, alice, "reason"},
		{`"status":"bypass","reason":"lost phone"`, helen, "oneself"},
		{`"status":"bypass","reason":"lost phone","valid_secs":0`, alice, "valid_secs"},
		{`"status":"bypass","reason":"lost phone","valid_secs":299`, alice, "valid_secs"},
		{`"status":"bypass","reason":"lost phone","valid_secs":604801`, alice, "valid_secs"},
		{`"status":"disabled","reason":"left","valid_secs":3600`, alice, "valid_secs"},
	} {
		_, err := b.try(t, call("users.status", "{"+tt.body+"}", "user_id", tt.user))
		p := adminops.Explain(err)
		if !errors.Is(err, helpdesk.ErrPolicy) && !errors.Is(err, adminops.ErrParameter) || !strings.Contains(p.Message, tt.names) {
			t.Errorf("%s = %v (%+v), want a refusal that names %s", tt.body, err, p, tt.names)
		}
	}
	if all, err := b.lapses.All(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("kept %+v, %v after refusals alone", all, err)
	}
	for body, want := range map[string]time.Duration{`"valid_secs":600`: 10 * time.Minute, `"ticket":"4711"`: 8 * time.Hour} {
		b.do(t, call("users.status", `{"status":"bypass","reason":"lost phone",`+body+"}", "user_id", alice))
		all, err := b.lapses.All(t.Context())
		if err != nil || len(all) != 1 || time.Until(all[0].Due).Round(time.Minute) != want {
			t.Errorf("%s keeps %+v, %v, want an end in %s", body, all, err, want)
		}
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
