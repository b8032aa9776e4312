package duoclient_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// wrong is a call with a parameter that breaks a rule.
type wrong struct {
	name  string
	field string
	rule  string // a part of it
	call  func(ctx context.Context, c apiClients) error
}

func createUser(u duoclient.UserParams) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error { return second(c.admin.Users.Create(ctx, u)) }
}

func createPhone(p duoclient.PhoneParams) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error { return second(c.admin.Phones.Create(ctx, p)) }
}

func createCodes(b duoclient.BypassParams) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error {
		return second(c.admin.Users.CreateBypassCodes(ctx, userID, b))
	}
}

func authenticate(p duoclient.AuthParams) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error { return second(c.auth.Auth(ctx, p)) }
}

func set(name string, value any) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error {
		return second(c.admin.Settings.Update(ctx, duoclient.SettingsParams{name: value}))
	}
}

func activate(a duoclient.ActivationParams) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error {
		return second(c.admin.Phones.SMSActivation(ctx, phoneID, a))
	}
}

func generic(method, path string) func(context.Context, apiClients) error {
	return func(ctx context.Context, c apiClients) error { return second(c.admin.Call(ctx, method, path, nil)) }
}

func second[T any](_ T, err error) error { return err }

func wrongs() []wrong {
	long, many := strings.Repeat("x", 257), make([]string, 101)
	for i := range many {
		many[i] = "x"
	}
	return append([]wrong{
		{"no username", "username", "is missing", createUser(duoclient.UserParams{})},
		{"long username", "username", "at most 256 bytes", createUser(duoclient.UserParams{Username: long})},
		{"username no UTF-8", "username", "UTF-8", createUser(duoclient.UserParams{Username: "b\xffb"})},
		{"username of two lines", "username", "control characters", createUser(duoclient.UserParams{Username: "a\nb"})},
		{"no address", "email", "e-mail address", createUser(duoclient.UserParams{Username: "b", Email: "bob"})},
		{"two addresses", "email", "e-mail address", createUser(duoclient.UserParams{Username: "b", Email: "a@b.c,d@e.f"})},
		{"unknown status", "status", "active, bypass, disabled", createUser(duoclient.UserParams{Username: "b", Status: "asleep"})},
		{"locked out from the start", "status", "active, bypass, disabled", createUser(duoclient.UserParams{Username: "b", Status: duoclient.UserLockedOut})},
		{"nine aliases", "aliases", "at most 8", createUser(duoclient.UserParams{Username: "b", Aliases: many[:9]})},
		{"aliases alike", "aliases", "differ", createUser(duoclient.UserParams{Username: "b", Aliases: many[:2]})},
		{"long alias", "alias1", "at most 256 bytes", createUser(duoclient.UserParams{Username: "b", Aliases: []string{long}})},
		{"clears what cannot be", "username", "cannot be cleared", createUser(duoclient.UserParams{Username: "b", Clear: []string{"username"}})},
		{"sets and clears", "email", "both set and cleared", createUser(duoclient.UserParams{Username: "b", Email: "a@b.c", Clear: []string{"email"}})},
		{"attribute without name", "custom_attributes", "1 to 256", createUser(duoclient.UserParams{Username: "b", CustomAttributes: map[string]string{"": "x"}})},
		{"long notes", "notes", "at most 1024", createUser(duoclient.UserParams{Username: "b", Notes: strings.Repeat("x", 1025)})},
		{"nothing to update", "username", "nothing to change", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.Update(ctx, userID, duoclient.UserParams{}))
		}},
		{"malformed user id", "user_id", "20 letters and digits", func(ctx context.Context, c apiClients) error { return second(c.admin.Users.Get(ctx, "../../settings")) }},
		{"no user id", "user_id", "20 letters and digits", func(ctx context.Context, c apiClients) error { return c.admin.Users.Delete(ctx, "") }},
		{"malformed phone id", "phone_id", "20 letters and digits", func(ctx context.Context, c apiClients) error { return c.admin.Users.RemovePhone(ctx, userID, "x") }},
		{"malformed directory key", "directory_key", "20 letters", func(ctx context.Context, c apiClients) error { return second(c.admin.Users.SyncOne(ctx, "x", "bob")) }},
		{"enrol without address", "email", "is missing", func(ctx context.Context, c apiClients) error { return second(c.admin.Users.Enroll(ctx, "bob", "", 0)) }},
		{"half a second", "valid_secs", "whole seconds", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.Enroll(ctx, "bob", "b@c.d", time.Second/2))
		}},
		{"a century", "valid_secs", "1 to 315360000", func(ctx context.Context, c apiClients) error {
			return second(c.auth.Enroll(ctx, duoclient.EnrollParams{Valid: 876_000 * time.Hour}))
		}},
		{"before now", "valid_secs", "1 to", createCodes(duoclient.BypassParams{Valid: -2})},
		{"two filters", "username", "exclude each other", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Users.List(ctx, duoclient.UserFilter{Username: "b", Email: "a@b.c"})))
		}},
		{"101 names", "username_list", "at most 100 elements, it has 101", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Users.List(ctx, duoclient.UserFilter{Usernames: many})))
		}},
		{"an empty name", "user_id_list[1]", "1 to 256", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Users.List(ctx, duoclient.UserFilter{UserIDs: []string{userID, ""}})))
		}},
		{"101 users", "users", "1 to 100, there are 101", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.BulkCreate(ctx, make([]duoclient.UserParams, 101)))
		}},
		{"no users", "users", "1 to 100", func(ctx context.Context, c apiClients) error { return second(c.admin.Users.BulkCreate(ctx, nil)) }},
		{"a bad row", "users[1].email", "e-mail address", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.BulkCreate(ctx, []duoclient.UserParams{{Username: "a"}, {Username: "b", Email: "x"}}))
		}},
		{"a row twice", "users[1].username", "comes twice", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.BulkCreate(ctx, []duoclient.UserParams{{Username: "a"}, {Username: "a"}}))
		}},
		{"aliases in bulk", "users[0].aliases", "cannot be sent in bulk", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.BulkCreate(ctx, []duoclient.UserParams{{Username: "a", Aliases: []string{"b"}}}))
		}},
		{"malformed push id", "push_id", "letters, digits and hyphens", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Users.VerificationPushResponse(ctx, userID, "a b"))
		}},
	}, append(wrongsOfDevices(), append(wrongsOfAuth(), wrongsOfTheRest(many)...)...)...)
}

func wrongsOfDevices() []wrong {
	code := secret.New
	return []wrong{
		{"eleven codes", "count", "1 to 10", createCodes(duoclient.BypassParams{Count: 11})},
		{"less than no codes", "count", "1 to 10", createCodes(duoclient.BypassParams{Count: -1})},
		{"count and codes", "count", "exclude each other", createCodes(duoclient.BypassParams{Count: 1, Codes: []secret.Secret{code("12345")}})},
		{"eleven own codes", "codes", "at most 10", createCodes(duoclient.BypassParams{Codes: make([]secret.Secret, 11)})},
		{"ten digits", "codes[0]", "1 to 9 digits", createCodes(duoclient.BypassParams{Codes: []secret.Secret{code("1234567890")}})},
		{"letters", "codes[1]", "1 to 9 digits", createCodes(duoclient.BypassParams{Codes: []secret.Secret{code("1"), code("abc")}})},
		{"the same code", "codes[1]", "comes twice", createCodes(duoclient.BypassParams{Codes: []secret.Secret{code("1"), code("1")}})},
		{"negative reuse", "reuse_count", "0 to", createCodes(duoclient.BypassParams{ReuseCount: new(-1)})},
		{"short number", "number", "5 to 15 digits", createPhone(duoclient.PhoneParams{Number: "123"})},
		{"long number", "number", "5 to 15 digits", createPhone(duoclient.PhoneParams{Number: "+1234567890123456"})},
		{"letters in a number", "number", "5 to 15 digits", createPhone(duoclient.PhoneParams{Number: "1-800-FLOWERS"})},
		{"extension", "extension", "at most 32", createPhone(duoclient.PhoneParams{Extension: "x12"})},
		{"type", "type", "unknown, mobile, landline", createPhone(duoclient.PhoneParams{Type: "pager"})},
		{"platform", "platform", "google android", createPhone(duoclient.PhoneParams{Platform: "abacus"})},
		{"predelay", "predelay", "0 to 999", createPhone(duoclient.PhoneParams{Predelay: "1000"})},
		{"postdelay", "postdelay", "0 to 999", createPhone(duoclient.PhoneParams{Postdelay: "-1"})},
		{"extension alone", "number", "is missing beside extension", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Phones.List(ctx, duoclient.PhoneFilter{Extension: "1"})))
		}},
		{"nothing to update on a phone", "number", "nothing to change", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Phones.Update(ctx, phoneID, duoclient.PhoneParams{}))
		}},
		{"activation without link", "activation_msg", "<acturl>", activate(duoclient.ActivationParams{ActivationMessage: "hello"})},
		{"installation without link", "installation_msg", "<insturl>", activate(duoclient.ActivationParams{Install: true, InstallationMessage: "hello"})},
		{"installation not asked for", "installation_msg", "needs install", activate(duoclient.ActivationParams{InstallationMessage: "<insturl>"})},
		{"long message", "activation_msg", "at most 1600", activate(duoclient.ActivationParams{ActivationMessage: "<acturl>" + strings.Repeat("x", 1600)})},
		{"message without SMS", "activation_msg", "for an SMS only", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Phones.ActivationURL(ctx, phoneID, duoclient.ActivationParams{ActivationMessage: "<acturl>"}))
		}},
		{"installation SMS without link", "installation_msg", "<insturl>", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Phones.SMSInstallation(ctx, phoneID, "x"))
		}},
	}
}

func wrongsOfAuth() []wrong {
	push := duoclient.FactorPush
	return []wrong{
		{"nobody", "username", "or user_id is missing", authenticate(duoclient.AuthParams{Factor: push})},
		{"both names", "username", "exclude each other", authenticate(duoclient.AuthParams{Username: "b", UserID: userID, Factor: push})},
		{"no factor", "factor", "is missing", authenticate(duoclient.AuthParams{Username: "b"})},
		{"unknown factor", "factor", "auto, push, passcode, sms, phone", authenticate(duoclient.AuthParams{Username: "b", Factor: "smoke"})},
		{"no passcode", "passcode", "is missing", authenticate(duoclient.AuthParams{Username: "b", Factor: duoclient.FactorPasscode})},
		{"passcode and push", "passcode", "must be empty", authenticate(duoclient.AuthParams{Username: "b", Factor: push, Passcode: secret.New("123456")})},
		{"passcode and device", "device", "must be empty", authenticate(duoclient.AuthParams{
			Username: "b", Factor: duoclient.FactorPasscode, Passcode: secret.New("123456"), Device: phoneID,
		})},
		{"device", "device", "20 letters and digits", authenticate(duoclient.AuthParams{Username: "b", Factor: push, Device: "my phone"})},
		{"details of a call", "type", "push and auto only", authenticate(duoclient.AuthParams{Username: "b", Factor: duoclient.FactorPhone, Type: "x"})},
		{"20,000 bytes of details", "pushinfo", "at most 19999 bytes encoded, it has 20002", authenticate(duoclient.AuthParams{
			Username: "b", Factor: push, PushInfo: []duoclient.PushDetail{{"a", strings.Repeat("x", 20_000)}},
		})},
		{"malformed txid", "txid", "letters, digits and hyphens", func(ctx context.Context, c apiClients) error { return second(c.auth.AuthStatus(ctx, "")) }},
		{"preauth of nobody", "username", "is missing", func(ctx context.Context, c apiClients) error {
			return second(c.auth.Preauth(ctx, duoclient.PreauthParams{}))
		}},
		{"no activation code", "activation_code", "is missing", func(ctx context.Context, c apiClients) error { return second(c.auth.EnrollStatus(ctx, userID, "")) }},
	}
}

func wrongsOfTheRest(many []string) []wrong {
	return append([]wrong{
		{"group without name", "name", "is missing", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Groups.Create(ctx, duoclient.GroupParams{}))
		}},
		{"group status", "status", "active, bypass, disabled", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Groups.Update(ctx, groupID, duoclient.GroupParams{Status: "x"}))
		}},
		{"token type", "type", "h6, h8, t6, t8, yk", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Tokens.Create(ctx, duoclient.TokenParams{Type: "d1", Serial: "1"}))
		}},
		{"token secret", "secret", "hexadecimal", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Tokens.Create(ctx, duoclient.TokenParams{Type: "h6", Serial: "1", Secret: secret.New("xyz")}))
		}},
		{"YubiKey", "aes_key", "32 to 32", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Tokens.Create(ctx, duoclient.TokenParams{Type: "yk", Serial: "1", PrivateID: secret.New("aabbccddeeff")}))
		}},
		{"TOTP step", "totp_step", "30 or 60", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Tokens.Create(ctx, duoclient.TokenParams{Type: "t6", Serial: "1", Secret: secret.New("00"), TOTPStep: 45}))
		}},
		{"half a token filter", "type", "go together", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Tokens.List(ctx, duoclient.TokenFilter{Type: "h6"})))
		}},
		{"resync", "code2", "6 to 8 digits", func(ctx context.Context, c apiClients) error {
			return c.admin.Tokens.Resync(ctx, tokenID, [3]secret.Secret{secret.New("123456"), secret.New("x"), secret.New("123456")})
		}},
		{"application without type", "type", "is missing", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Integrations.Create(ctx, duoclient.IntegrationParams{Name: "x"}))
		}},
		{"permission", "adminapi_everything", "no", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Integrations.Update(ctx, integrationKey, duoclient.IntegrationParams{AdminAPI: map[string]bool{"adminapi_everything": true}}))
		}},
		{"role", "role", "Help Desk", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Administrators.Update(ctx, adminID, duoclient.AdministratorParams{Role: "King"}))
		}},
		{"administrator without address", "email", "is missing", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Administrators.Create(ctx, duoclient.AdministratorParams{Name: "x"}))
		}},
		{"log of last year", "mintime", "180 days", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Logs.Telephony(ctx, noon.AddDate(-1, 0, 0), noon)))
		}},
		{"log backwards", "maxtime", "after mintime", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Logs.Activity(ctx, noon, noon)))
		}},
		{"101 users in a log", "users", "at most 100", func(ctx context.Context, c apiClients) error {
			return second(gather(c.admin.Logs.Authentication(ctx, duoclient.AuthLogFilter{Users: many})))
		}},
		{"credits backwards", "maxtime", "after mintime", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Info.TelephonyCreditsUsed(ctx, noon, noon))
		}},
		{"account without name", "name", "is missing", func(ctx context.Context, c apiClients) error { return second(c.accounts.Create(ctx, "")) }},
		{"account id", "account_id", "20 letters", func(ctx context.Context, c apiClients) error { return c.accounts.Delete(ctx, "x") }},
		{"method", "method", "GET, POST", generic("TRACE", "/admin/v1/users")},
		{"JSON of a GET", "method", "POST, PUT or PATCH", func(ctx context.Context, c apiClients) error {
			return second(c.admin.CallJSON(ctx, http.MethodGet, "/admin/v2/policies", nil))
		}},
		{"path elsewhere", "path", "below /admin/", generic(http.MethodGet, "/auth/v2/check")},
		{"path with query", "path", "below /admin/", generic(http.MethodGet, "/admin/v1/users?username=b")},
		{"path upwards", "path", "below /admin/", generic(http.MethodGet, "/admin/../auth/v2/check")},
		{"path encoded", "path", "below /admin/", generic(http.MethodGet, "/admin/v1/%2e%2e/x")},
		{"path of blanks", "path", "below /admin/", generic(http.MethodGet, "/admin/v1/a b")},
	}, wrongSettings()...)
}

func wrongSettings() []wrong {
	row := func(name string, value any, rule string) wrong {
		return wrong{"setting " + name, name, rule, set(name, value)}
	}
	return []wrong{
		{"no settings", "settings", "nothing to change", func(ctx context.Context, c apiClients) error { return second(c.admin.Settings.Update(ctx, nil)) }},
		row("sms_batch", 11, "1 to 10"), row("sms_batch", "many", "1 to 10"), row("minimum_password_length", 11, "12 to 100"),
		row("lockout_expire_duration", 4, "0 (never) or 5 to 30000"), row("inactive_user_expiration", 29, "0 (never) or 30 to 365"),
		row("inactive_admin_expiration", 366, "0 (never) or 30 to 365"), row("lockout_threshold", 0, "1 or more"),
		row("log_retention_days", 366, "0 to 365"), row("pending_deletion_days", 31, "1 to 30"),
		row("helpdesk_message", strings.Repeat("ü", 201), "at most 200 characters"), row("helpdesk_bypass", "maybe", "allow, limit, deny"),
		row("fraud_email", "x", "e-mail"), row("caller_id", "0123456", "with +"), row("keypress_confirm", "12", "one key"),
		row("language", "deu", "two letters"), row("timezone", "Ann Arbor", "time zone"), row("reactivation_integration_key", "x", "20 letters"),
		row("user_telephony_cost_max", -1, "0 or more"), row("user_telephony_cost_max", "Inf", "0 or more"), row("name", "", "1 to 256"),
		row("sms_refresh", "maybe", "true or false"), row("fraud_email_enabled", "", "true or false"), row("push_enabled", true, "ignored by Duo"),
		row("sms_bach", 1, "no setting"), row("sms_expiration", []int{1}, "a text, a boolean or a number"),
		{"keys alike", "keypress_fraud", "two keys", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Settings.Update(ctx, duoclient.SettingsParams{"keypress_confirm": "1", "keypress_fraud": "1"}))
		}},
		{"one key", "keypress_fraud", "two keys", func(ctx context.Context, c apiClients) error {
			return second(c.admin.Settings.Update(ctx, duoclient.SettingsParams{"keypress_confirm": "1", "keypress_fraud": ""}))
		}},
	}
}

// TestWrongParameters: what breaks a rule is told by field and limit, and
// nothing is sent.
func TestWrongParameters(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(`{}`))
	c := newAPIClients(t, fake.config(t))
	for _, row := range wrongs() {
		t.Run(row.name, func(t *testing.T) {
			err := row.call(t.Context(), c)
			fault, ok := errors.AsType[*duoclient.ParameterError](err)
			if !ok || fault.Field != row.field || !strings.Contains(fault.Rule, row.rule) {
				t.Fatalf("%v, want field %s and rule %q", err, row.field, row.rule)
			}
			for _, kind := range []error{duoclient.ErrInvalid, duoclient.ErrArgument, duoclient.ErrNotSent} {
				if !errors.Is(err, kind) {
					t.Errorf("%v does not match %v", err, kind)
				}
			}
			if duoclient.Classify(err) != duoclient.ClassRefusal {
				t.Errorf("class %v", duoclient.Classify(err))
			}
			if !strings.Contains(err.Error(), row.field) {
				t.Errorf("text %q does not name the field", err)
			}
		})
	}
	if n := len(fake.seen()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestAllFaultsAtOnce: a caller hears of everything that is wrong.
func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	c := newAPIClients(t, newAPIFake(t).config(t))
	_, err := c.admin.Users.Create(t.Context(), duoclient.UserParams{Email: "x", Status: "y"})
	const want = "duoclient: parameter refused: username is missing\n" +
		"duoclient: parameter refused: email must be one e-mail address\n" +
		"duoclient: parameter refused: status must be one of: active, bypass, disabled"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
}

// TestForeignAccount: a child's client speaks for the child alone.
func TestForeignAccount(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(`[]`))
	config := fake.config(t)
	config.AccountID = accountID
	admin, err := duoclient.NewAdmin(config)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	_, err = admin.Call(t.Context(), http.MethodGet, "/admin/v1/users", url.Values{"account_id": {"DABBBBBBBBBBBBBBBBBB"}})
	if fault, ok := errors.AsType[*duoclient.ParameterError](err); !ok || fault.Field != "account_id" || len(fake.seen()) != 0 {
		t.Errorf("%v, want account_id refused", err)
	}
	if _, err := admin.Call(t.Context(), http.MethodGet, "/admin/v1/users", url.Values{"account_id": {accountID}}); err != nil {
		t.Error(err)
	}
}

func TestSettingNames(t *testing.T) {
	t.Parallel()
	names := duoclient.SettingNames()
	if len(names) < 40 || names["sms_batch"] != "must be 1 to 10" || names["sms_refresh"] != "must be true or false" {
		t.Errorf("settings %v", names)
	}
}
