package duoclient_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

const proxyPassword = "proxyPassw0rdproxyPassw0rd"

// shows reports whether text holds s in any spelling that a verb has.
func shows(text, s string) bool {
	for _, form := range []string{s, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s), strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]")} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// printed is v in every way that values get into logs and output.
func printed(tb testing.TB, v any) []string {
	tb.Helper()
	var all []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		all = append(all, fmt.Sprintf(verb, v))
	}
	if text, err := json.Marshal(v); err == nil {
		all = append(all, string(text))
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("message", "value", v)
	}
	return append(all, out.String())
}

// TestNothingPrintsSecrets covers every configuration and client.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	config := fake.config(t)
	config.HTTPProxy = "http://user:" + proxyPassword + "@127.0.0.1:3128"
	universal := duoclient.UniversalConfig{
		ClientID: clientID, ClientSecret: secret.New(secretKey), APIHost: fake.host(), CA: config.CA, Simulator: true, HTTPProxy: config.HTTPProxy,
	}
	c := newAPIClients(t, config)
	u, err := duoclient.NewUniversal(universal)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	child, err := c.accounts.Admin(duoclient.Account{AccountID: accountID, APIHost: fake.host()})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	holder := struct {
		Config duoclient.APIConfig
		Any    any
		List   []duoclient.APIConfig
	}{config, config, []duoclient.APIConfig{config}}
	for name, v := range map[string]any{
		"APIConfig": config, "*APIConfig": &config, "UniversalConfig": universal, "holder": holder,
		"Auth": c.auth, "Auth value": *c.auth, "Admin": c.admin, "Admin value": *c.admin, "Accounts": c.accounts, "Accounts value": *c.accounts,
		"child": child, "Universal": u, "UserService": c.admin.Users, "UserService value": *c.admin.Users, "SettingsService": *c.admin.Settings,
	} {
		for _, text := range printed(t, v) {
			if shows(text, secretKey) || shows(text, proxyPassword) {
				t.Errorf("%s shows a secret: %s", name, text)
			}
		}
	}
	if text := fmt.Sprintf("%+v", config); !strings.Contains(text, integrationKey) || !strings.Contains(text, "http://127.0.0.1:3128") {
		t.Errorf("configuration prints %s, want what helps to find a fault", text)
	}
}

// TestParametersPrintNoSecrets covers what callers hand in.
func TestParametersPrintNoSecrets(t *testing.T) {
	t.Parallel()
	hidden := secret.New("hunter2hunter2")
	for _, v := range []any{
		duoclient.AuthParams{Passcode: hidden},
		duoclient.PreauthParams{TrustedDeviceToken: hidden},
		duoclient.BypassParams{Codes: []secret.Secret{hidden}},
		duoclient.TokenParams{Secret: hidden, PrivateID: hidden, AESKey: hidden},
	} {
		for _, text := range printed(t, v) {
			if shows(text, "hunter2hunter2") {
				t.Errorf("%T shows a secret: %s", v, text)
			}
		}
	}
}

// TestResultsRevealOnPurpose: results print redacted, and reveal when asked.
func TestResultsRevealOnPurpose(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2hunter2"
	for text, v := range map[string]any{
		`{"user_id":"DU","activation_code":"` + hidden + `","activation_url":"` + hidden + `","activation_barcode":"` + hidden + `","bypass_codes":["` + hidden + `"]}`: new(duoclient.Enrollment),
		`{"result":"enroll","enroll_portal_url":"` + hidden + `","verification_code":"` + hidden + `"}`:                                                                 new(duoclient.Preauth),
		`{"activation_url":"` + hidden + `","activation_barcode":"` + hidden + `"}`:                                                                                     new(duoclient.Activation),
		`{"activation_msg":"` + hidden + `","activation_barcode":"` + hidden + `"}`:                                                                                     new(duoclient.SMSActivation),
		`{"secret_key":"` + hidden + `","sso":{"client_secret":"` + hidden + `","list":[{"skey":"` + hidden + `"}]},"other_secret":"` + hidden + `"}`:                   new(duoclient.Integration),
		`{"push_id":"p","confirmation_code":"` + hidden + `"}`:                                                                                                          new(duoclient.VerificationPush),
	} {
		read(t, text, v)
		for _, out := range printed(t, v) {
			if shows(out, hidden) {
				t.Errorf("%T shows a secret: %s", v, out)
			}
		}
		if out := revealed(t, v); strings.Count(out, hidden) != strings.Count(text, hidden) {
			t.Errorf("%T reveals %s, want all of %s", v, out, text)
		}
	}
	r := new(duoclient.AuthResult)
	read(t, `{"result":"allow","trusted_device_token":"`+hidden+`"}`, r)
	if out := fmt.Sprintf("%+v %s", r, toJSON(t, r)); strings.Contains(out, hidden) {
		t.Errorf("AuthResult shows a secret: %s", out)
	}
}

// TestAPIErrorsHideSecrets: a server that sends our own secrets back does not get
// them into an error.
func TestAPIErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	fake.set(func(_ int, r apiRequest, w http.ResponseWriter) {
		say(w, http.StatusBadRequest, toText(map[string]any{
			"stat": "FAIL", "code": 40002, "message": "passcode " + r.Params.Get("passcode") + r.Params.Get("codes") + r.Params.Get("activation_code"),
			"message_detail": "signed with " + secretKey,
		}))
	})
	ctx := t.Context()
	for name, err := range map[string]error{
		"passcode": second(c.auth.Auth(ctx, duoclient.AuthParams{Username: "b", Factor: duoclient.FactorPasscode, Passcode: secret.New("86420975")})),
		"bypass code": second(c.admin.Users.CreateBypassCodes(ctx, userID, duoclient.BypassParams{
			Codes: []secret.Secret{secret.New("86420975")},
		})),
		"activation": second(c.auth.EnrollStatus(ctx, userID, "86420975")),
	} {
		api, ok := errors.AsType[*duoclient.APIError](err)
		if !ok {
			t.Fatalf("%s: %v", name, err)
		}
		for _, text := range append(printed(t, api), api.Error(), api.Advice()) {
			if strings.Contains(text, "86420975") || strings.Contains(text, secretKey) {
				t.Errorf("%s: error shows a secret: %s", name, text)
			}
		}
	}
}
