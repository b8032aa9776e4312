package duoclient_test

import (
	"errors"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// refusedSettings are values that break the rule of their setting in one way
// each.
func refusedSettings() map[string][]any {
	return map[string][]any{
		"caller_id":                {"17345550100", "+x", "+123"},
		"duo_mobile_otp_type":      {strings.Repeat("x", 65), "a\x00b", "\xff"},
		"fraud_email":              {"ann"},
		"helpdesk_message":         {strings.Repeat("x", 201), "a\x00b", "\xff"},
		"inactive_user_expiration": {"x", 29, 366, -1},
		"keypress_confirm":         {"12", "x"},
		"language":                 {"EN1", "E", "E1", "É"},
		"lockout_threshold":        {0, "x", "1.5"},
		"log_retention_days":       {"x", -1, 366, ""},
		"name":                     {"", strings.Repeat("x", 257), "\xff"},
		"sms_refresh":              {"", "maybe", 2},
		"timezone":                 {"", "Europe/Zürich", strings.Repeat("x", 65), "a b"},
		"user_telephony_cost_max":  {"x", -1, "Inf", "NaN", ""},
		"helpdesk_bypass":          {"", "perhaps"},
	}
}

// A setting is refused here before Duo is asked, whatever is wrong with it.
func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	for name, all := range refusedSettings() {
		for _, value := range all {
			_, err := c.admin.Settings.Update(t.Context(), duoclient.SettingsParams{name: value})
			if fault, ok := errors.AsType[*duoclient.ParameterError](err); !ok || fault.Field != name {
				t.Errorf("%s = %q: %v, want a parameter error", name, value, err)
			}
		}
	}
	if n := len(fake.seen()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// Values at the ends of what a setting takes are sent.
func TestSettingsTaken(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(`{}`))
	c := newAPIClients(t, fake.config(t))
	for name, value := range map[string]any{
		"caller_id": "", "duo_mobile_otp_type": strings.Repeat("é", 64), "helpdesk_message": "", "inactive_user_expiration": "", "keypress_confirm": "#",
		"language": "en", "lockout_threshold": 1, "log_retention_days": 365, "name": strings.Repeat("é", 256), "sms_refresh": "1",
		"timezone": "America/Argentina/Buenos_Aires", "user_telephony_cost_max": 0, "helpdesk_bypass": "LIMIT", "reactivation_integration_key": "",
	} {
		if _, err := c.admin.Settings.Update(t.Context(), duoclient.SettingsParams{name: value}); err != nil {
			t.Errorf("%s = %q: %v", name, value, err)
		}
	}
}

// Digits that Duo would refuse, or cut, are refused here.
func TestDigitsRefused(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	s := secret.New
	for name, tt := range map[string]struct {
		err   error
		field string
	}{
		"odd seed":     {second(c.admin.Tokens.Create(t.Context(), duoclient.TokenParams{Type: "h6", Serial: "1", Secret: s("abc")})), "secret"},
		"long seed":    {second(c.admin.Tokens.Create(t.Context(), duoclient.TokenParams{Type: "h6", Serial: "1", Secret: s(strings.Repeat("ab", 129))})), "secret"},
		"no digits":    {second(c.admin.Tokens.Create(t.Context(), duoclient.TokenParams{Type: "h6", Serial: "1", Secret: s("wxyz")})), "secret"},
		"no own code":  {second(c.admin.Users.CreateBypassCodes(t.Context(), userID, duoclient.BypassParams{Codes: []secret.Secret{s("")}})), "codes[0]"},
		"33 digits":    {second(c.admin.Phones.Create(t.Context(), duoclient.PhoneParams{Number: "+17345550100", Extension: strings.Repeat("1", 33)})), "extension"},
		"no extension": {second(c.admin.Phones.Create(t.Context(), duoclient.PhoneParams{Number: "+17345550100", Extension: "12x3"})), "extension"},
		"NUL":          {second(c.admin.Users.Create(t.Context(), duoclient.UserParams{Username: "b", Notes: "a\x00b"})), "notes"},
		"long push ID": {second(c.admin.Users.VerificationPushResponse(t.Context(), userID, strings.Repeat("a", 65))), "push_id"},
		"long name in a list": {
			second(gather(c.admin.Users.List(t.Context(), duoclient.UserFilter{Usernames: []string{strings.Repeat("x", 257)}}))), "username_list[0]",
		},
		"no text in a list": {second(gather(c.admin.Users.List(t.Context(), duoclient.UserFilter{Usernames: []string{"\xff"}}))), "username_list[0]"},
	} {
		if fault, ok := errors.AsType[*duoclient.ParameterError](tt.err); !ok || fault.Field != tt.field {
			t.Errorf("%s: %v, want %s refused", name, tt.err, tt.field)
		}
	}
	if n := len(fake.seen()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// The device that Duo chooses may be named, and is no key.
func TestAutomaticDevice(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(`{"result":"allow","status":"allow","status_msg":"Success"}`))
	c := newAPIClients(t, fake.config(t))
	for _, device := range []string{"", "auto"} {
		if _, err := c.auth.Auth(t.Context(), duoclient.AuthParams{Username: "b", Factor: duoclient.FactorPush, Device: device}); err != nil {
			t.Errorf("device %q: %v", device, err)
		}
	}
	for _, r := range fake.seen() {
		if r.Params.Get("device") != "auto" {
			t.Errorf("device %q was sent", r.Params.Get("device"))
		}
	}
}
