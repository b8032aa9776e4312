package duoclient_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
	"mfaserver/internal/secret/secrettest"
)

const proxyPassword = "proxyPassw0rdproxyPassw0rd"

// TestNothingPrintsSecrets covers every exported struct: each is printed with a
// secret wherever it has room for one. Threats T103, T168.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	config := fake.config(t)
	config.HTTPProxy = secret.New("http://user:" + proxyPassword + "@127.0.0.1:3128")
	universal := duoclient.UniversalConfig{
		ClientID: clientID, ClientSecret: secret.New(secretKey), APIHost: fake.host(), CA: config.CA, Simulator: true, HTTPProxy: config.HTTPProxy,
	}
	broken := config
	broken.HTTPProxy = secret.New("http://user:" + proxyPassword + "@pro xy")
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
	kept := struct {
		config    duoclient.APIConfig
		universal duoclient.UniversalConfig
		admin     *duoclient.Admin
	}{config, universal, child}
	secrettest.Table{
		Secrets: []string{secretKey, proxyPassword},
		Values: append(parametersAndResults(),
			config, &config, broken, universal, &universal, kept, &kept, config.CA,
			c.auth, *c.auth, c.admin, *c.admin, c.accounts, *c.accounts, child, u, *u,
			c.admin.Users, *c.admin.Users, c.admin.Phones, c.admin.BypassCodes, c.admin.Groups, c.admin.Tokens, c.admin.WebAuthn,
			c.admin.Integrations, c.admin.Administrators, c.admin.Settings, *c.admin.Settings, c.admin.Info, c.admin.Logs,
		),
		Exempt: map[string]string{
			"Raw":             "whoever makes a call of his own wants all of the answer",
			"AuthRequest":     "what it holds goes through the browser",
			"ExchangeRequest": "the code came through the browser, is good for one call, and only with the client's secret",
		},
	}.Check(t)
	if text := fmt.Sprintf("%+v", config); !strings.Contains(text, integrationKey) || !strings.Contains(text, "http://127.0.0.1:3128") {
		t.Errorf("configuration prints %s, want what helps to find a fault", text)
	}
}

// filled is a value with a secret wherever there is room for one.
func filled[T any]() any { return secrettest.Fill(new(T), secretKey) }

// parametersAndResults are what callers hand in and get.
func parametersAndResults() []any {
	return []any{
		filled[duoclient.AuthParams](), filled[duoclient.PreauthParams](), filled[duoclient.EnrollParams](), filled[duoclient.PushDetail](),
		filled[duoclient.BypassParams](), filled[duoclient.TokenParams](), filled[duoclient.UserParams](), filled[duoclient.PhoneParams](),
		filled[duoclient.ActivationParams](), filled[duoclient.GroupParams](), filled[duoclient.IntegrationParams](),
		filled[duoclient.AdministratorParams](), filled[duoclient.UserFilter](), filled[duoclient.PhoneFilter](),
		filled[duoclient.TokenFilter](), filled[duoclient.AuthLogFilter](),
		filled[duoclient.AuthResult](), filled[duoclient.Preauth](), filled[duoclient.AuthDevice](), filled[duoclient.Enrollment](),
		filled[duoclient.Account](), filled[duoclient.Administrator](), filled[duoclient.BypassCode](), filled[duoclient.Group](),
		filled[duoclient.GroupMember](), filled[duoclient.Summary](), filled[duoclient.TelephonyCredits](),
		filled[duoclient.AuthenticationAttempts](), filled[duoclient.Integration](), filled[duoclient.Phone](),
		filled[duoclient.Activation](), filled[duoclient.SMSActivation](), filled[duoclient.Settings](), filled[duoclient.Token](),
		filled[duoclient.TokenAdmin](), filled[duoclient.User](), filled[duoclient.VerificationPush](),
		filled[duoclient.VerificationResult](), filled[duoclient.WebAuthn](),
		filled[duoclient.AuthLog](), filled[duoclient.LogUser](), filled[duoclient.LogApplication](), filled[duoclient.LogLocation](),
		filled[duoclient.LogAuthDevice](), filled[duoclient.LogAccessDevice](), filled[duoclient.AdminLog](),
		filled[duoclient.TelephonyLog](), filled[duoclient.ActivityLog](),
		filled[duoclient.Health](), filled[duoclient.Identity](), filled[duoclient.AuthContext](), filled[duoclient.CA](), filled[duoclient.Root](),
		filled[duoclient.APIError](), filled[duoclient.ParameterError](), filled[duoclient.Observation](),
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
		secrettest.Hides(t, v, hidden)
		if out := revealed(t, v); strings.Count(out, hidden) != strings.Count(text, hidden) {
			t.Errorf("%T reveals %s, want all of %s", v, out, text)
		}
	}
	r := new(duoclient.AuthResult)
	read(t, `{"result":"allow","trusted_device_token":"`+hidden+`"}`, r)
	secrettest.Hides(t, r, hidden)
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
		secrettest.Hides(t, api, "86420975", secretKey)
		secrettest.Hides(t, api.Advice(), "86420975", secretKey)
	}
}
