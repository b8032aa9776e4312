package duoclient_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// TestOddTypes: the service is not strict about types, and neither are we.
func TestOddTypes(t *testing.T) {
	t.Parallel()
	var p duoclient.Phone
	read(t, `{"phone_id":"DP","predelay":5,"postdelay":null,"activated":"1","capabilities":null,"last_seen":"2022-02-17T16:42:38",
		"sms_passcodes_sent":0,"type":"Hologram","users":[{"username":"bob","status":"frozen","created":"1384275337"}],"antenna":{"length":3}}`, &p)
	if p.Predelay != "5" || p.Postdelay != "" || !p.Activated || p.SMSPasscodesSent || p.Type != "Hologram" || len(p.Users) != 1 {
		t.Errorf("phone %+v", p)
	}
	if want := time.Date(2022, 2, 17, 16, 42, 38, 0, time.UTC); !p.LastSeen.Equal(want) {
		t.Errorf("last seen %v, want %v", p.LastSeen, want)
	}
	if u := p.Users[0]; u.Status != "frozen" || u.Created.Unix() != 1384275337 {
		t.Errorf("user %+v", u)
	}
	if p.Extra["antenna"].Reveal() != `{"length":3}` || len(p.Extra) != 1 {
		t.Errorf("extra %v", p.Extra)
	}

	var s duoclient.Settings
	read(t, `{"sms_batch":"3","sms_refresh":1,"instant_restore_enabled":0,"lockout_expire_duration":30,"log_retention_days":null,
		"user_telephony_cost_max":"20","fraud_email_enabled":"false","minimum_password_length":12.0,"lockout_threshold":{"odd":1}}`, &s)
	if s.SMSBatch != 3 || !s.SMSRefresh || s.InstantRestoreEnabled || *s.LockoutExpireDuration != 30 || s.LogRetentionDays != nil ||
		s.UserTelephonyCostMax != 20 || s.FraudEmailEnabled || s.MinimumPasswordLength != 12 {
		t.Errorf("settings %+v", s)
	}
	if s.LockoutThreshold != 0 || s.Extra["lockout_threshold"].Reveal() != `{"odd":1}` {
		t.Errorf("what does not fit is in extra: %v", s.Extra)
	}

	var b duoclient.BypassCode
	read(t, `{"bypass_code_id":"DB","reuse_count":0,"expiration":1793534400,"created":"","user":null}`, &b)
	if b.ReuseCount == nil || *b.ReuseCount != 0 || !b.Expiration.Equal(noon) || !b.Created.IsZero() || b.User != nil {
		t.Errorf("bypass code %+v", b)
	}

	var u duoclient.User
	read(t, `{"USERNAME":"eve","username":"bob","aliases":{"alias1":"b"},"custom_attributes":{"Ward":3,"ward":"4"},"phones":[{"phone_id":"DP"},7]}`, &u)
	if u.Username != "bob" || u.Aliases["alias1"] != "b" || u.CustomAttributes["Ward"] != "3" || u.CustomAttributes["ward"] != "4" {
		t.Errorf("user %+v", u)
	}
	if u.Phones != nil || u.Extra["phones"].IsZero() || u.Extra["USERNAME"].IsZero() {
		t.Errorf("a list that does not fit is in extra: %+v", u)
	}
}

// What fits no field is kept as it came, and the field stays empty.
func TestWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][]string{
		"phones":                  {`{"a":1}`, `"x"`, `1`},
		"aliases":                 {`[1]`, `"x"`},
		"custom_attributes":       {`{"a":{}}`},
		"created":                 {`{"a":1}`, `[1]`, `"noon"`},
		"minimum_password_length": {`12.5`, `1e17`, `-1e17`, `"x"`, `1e999`},
		"user_telephony_cost_max": {`"NaN"`, `"Inf"`, `"-Inf"`, `"x"`, `[]`},
		"is_enrolled":             {`2`, `"maybe"`},
	} {
		for _, text := range texts {
			var u duoclient.User
			var s duoclient.Settings
			read(t, `{"`+name+`":`+text+`}`, &u)
			read(t, `{"`+name+`":`+text+`}`, &s)
			if u.Extra[name].Reveal() != text || s.Extra[name].Reveal() != text {
				t.Errorf("%s: %s is not in extra: %+v", name, text, u)
			}
			if !u.Created.IsZero() || s.MinimumPasswordLength != 0 || s.UserTelephonyCostMax != 0 {
				t.Errorf("%s: %s has left something: %+v, %+v", name, text, u, s)
			}
		}
	}
}

func read(tb testing.TB, text string, to any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		tb.Fatal(err)
	}
}

// TestUnknownMembersSurvive: what we do not know is written as it was read.
func TestUnknownMembersSurvive(t *testing.T) {
	t.Parallel()
	var u duoclient.User
	read(t, `{"user_id":"DU","hobbies":["chess",1.50],"nested":{"deep":null}}`, &u)
	text := toJSON(t, u)
	for _, want := range []string{`"hobbies":["chess",1.50]`, `"nested":{"deep":null}`, `"user_id":"DU"`, `"last_login":null`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not hold %s", text, want)
		}
	}
}

// TestExtraPrintsNames: values that we do not know may be secrets.
func TestExtraPrintsNames(t *testing.T) {
	t.Parallel()
	var u duoclient.User
	read(t, `{"user_id":"DU","zone":"hunter2","alpha":"hunter2"}`, &u)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, u); strings.Contains(text, "hunter2") || strings.Contains(text, "104 117 110") || !strings.Contains(text, "[alpha zone]") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

// TestObjectsAreObjects: every object refuses what is none, and takes the
// empty one.
func TestObjectsAreObjects(t *testing.T) {
	t.Parallel()
	for _, o := range objects() {
		for _, text := range []string{`[]`, `"x"`, `1`, `true`, `{"a":1,"a":2}`} {
			if err := json.Unmarshal([]byte(text), o); err == nil {
				t.Errorf("%T takes %s", o, text)
			}
		}
		read(t, `{}`, o)
		if text := toJSON(t, o); !strings.HasPrefix(text, "{") {
			t.Errorf("%T writes %s", o, text)
		}
	}
}

// objects is one of each object of Duo's.
func objects() []any {
	return []any{
		new(duoclient.Enrollment), new(duoclient.Preauth), new(duoclient.AuthDevice), new(duoclient.AuthResult), new(duoclient.User),
		new(duoclient.BypassCode), new(duoclient.Phone), new(duoclient.Activation), new(duoclient.SMSActivation), new(duoclient.Group),
		new(duoclient.GroupMember), new(duoclient.Token), new(duoclient.TokenAdmin), new(duoclient.WebAuthn), new(duoclient.Integration),
		new(duoclient.Administrator), new(duoclient.Settings), new(duoclient.Summary), new(duoclient.TelephonyCredits),
		new(duoclient.AuthenticationAttempts), new(duoclient.AuthLog), new(duoclient.LogUser), new(duoclient.LogApplication),
		new(duoclient.LogLocation), new(duoclient.LogAuthDevice), new(duoclient.LogAccessDevice), new(duoclient.AdminLog),
		new(duoclient.TelephonyLog), new(duoclient.ActivityLog), new(duoclient.VerificationPush), new(duoclient.VerificationResult),
		new(duoclient.Account),
	}
}
