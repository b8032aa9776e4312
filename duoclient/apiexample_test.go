package duoclient_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// demonstration is a server that gives the same answers to everybody, and the
// configuration that leads there.
func demonstration(answers map[string]string) (duoclient.APIConfig, func()) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"stat":"OK","response":%s}`, answers[r.Method+" "+r.URL.Path])
	}))
	ca, err := duoclient.CAPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if err != nil {
		panic(err)
	}
	return duoclient.APIConfig{
		IntegrationKey: "DIXXXXXXXXXXXXXXXXXX",
		SecretKey:      secret.New("deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"),
		APIHost:        strings.TrimPrefix(server.URL, "https://"),
		CA:             ca,
		Simulator:      true,
	}, server.Close
}

// administration is an Admin API client of such a server.
func administration(answers map[string]string) (*duoclient.Admin, func()) {
	config, end := demonstration(answers)
	admin, err := duoclient.NewAdmin(config)
	if err != nil {
		panic(err)
	}
	return admin, func() { admin.Close(); end() }
}

func ExampleAuth() {
	config, end := demonstration(map[string]string{
		"POST /auth/v2/preauth": `{"result":"auth","status_msg":"Account is active","devices":[{"device":"DPXXXXXXXXXXXXXXXXXX","display_name":"iOS (XXX-XXX-0100)"}]}`,
		"POST /auth/v2/auth":    `{"result":"allow","status":"allow","status_msg":"Success. Logging you in..."}`,
	})
	defer end()
	auth, err := duoclient.NewAuth(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close()
	ctx := context.Background()
	user, err := auth.Preauth(ctx, duoclient.PreauthParams{Username: "bob"})
	if err != nil || user.Result != duoclient.PreauthAuth {
		fmt.Println("not now:", err)
		return
	}
	fmt.Println(user.Devices[0].DisplayName)
	result, err := auth.Auth(ctx, duoclient.AuthParams{Username: "bob", Factor: duoclient.FactorPush})
	fmt.Println(result.Allowed(), result.StatusMsg, err)
	// Output:
	// iOS (XXX-XXX-0100)
	// true Success. Logging you in... <nil>
}

func ExampleUserService_List() {
	admin, end := administration(map[string]string{
		"GET /admin/v1/users": `[{"username":"ann","status":"active","is_enrolled":true},{"username":"bob","status":"bypass"}]`,
	})
	defer end()
	for user, err := range admin.Users.List(context.Background(), duoclient.UserFilter{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Username, user.Status, user.IsEnrolled)
	}
	// Output:
	// ann active true
	// bob bypass false
}

func ExampleUserService_CreateBypassCodes() {
	admin, end := administration(map[string]string{
		"POST /admin/v1/users/DUXXXXXXXXXXXXXXXXXX/bypass_codes": `["407176182"]`,
	})
	defer end()
	codes, err := admin.Users.CreateBypassCodes(context.Background(), "DUXXXXXXXXXXXXXXXXXX", duoclient.BypassParams{
		Count: 1, Valid: time.Hour, PreserveExisting: true,
	})
	fmt.Println(codes, err)
	fmt.Println(codes[0].Reveal())
	// Output:
	// [[REDACTED]] <nil>
	// 407176182
}

func ExamplePhoneService_ActivationURL() {
	admin, end := administration(map[string]string{
		"POST /admin/v1/phones/DPXXXXXXXXXXXXXXXXXX/activation_url": `{"activation_url":"https://m-eval.duosecurity.com/activate/4FCELXdby5","valid_secs":3600}`,
	})
	defer end()
	link, err := admin.Phones.ActivationURL(context.Background(), "DPXXXXXXXXXXXXXXXXXX", duoclient.ActivationParams{Valid: time.Hour})
	fmt.Println(link.ActivationURL, link.ValidSecs, err)
	fmt.Println(link.ActivationURL.Reveal())
	// Output:
	// [REDACTED] 3600 <nil>
	// https://m-eval.duosecurity.com/activate/4FCELXdby5
}

func ExampleBypassCodeService_List() {
	admin, end := administration(map[string]string{
		"GET /admin/v1/bypass_codes": `[{"bypass_code_id":"DBXXXXXXXXXXXXXXXXXX","expiration":null,"reuse_count":1,"user":{"username":"bob"}}]`,
	})
	defer end()
	for code, err := range admin.BypassCodes.List(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(code.BypassCodeID, code.User.Username, *code.ReuseCount, code.Expiration.IsZero())
	}
	// Output:
	// DBXXXXXXXXXXXXXXXXXX bob 1 true
}

func ExampleGroupService_List() {
	admin, end := administration(map[string]string{"GET /admin/v1/groups": `[{"group_id":"DGXXXXXXXXXXXXXXXXXX","name":"ops","status":"Active"}]`})
	defer end()
	for group, err := range admin.Groups.List(context.Background()) {
		fmt.Println(group.Name, group.Status, err)
	}
	// Output:
	// ops Active <nil>
}

func ExampleTokenService_List() {
	admin, end := administration(map[string]string{"GET /admin/v1/tokens": `[{"token_id":"DHXXXXXXXXXXXXXXXXXX","type":"h6","serial":"0123"}]`})
	defer end()
	for token, err := range admin.Tokens.List(context.Background(), duoclient.TokenFilter{}) {
		fmt.Println(token.Type, token.Serial, err)
	}
	// Output:
	// h6 0123 <nil>
}

func ExampleWebAuthnService_List() {
	admin, end := administration(map[string]string{"GET /admin/v1/webauthncredentials": `[{"webauthnkey":"WAXXXXXXXXXXXXXXXXXX","label":"Touch ID"}]`})
	defer end()
	for key, err := range admin.WebAuthn.List(context.Background()) {
		fmt.Println(key.WebAuthnKey, key.Label, err)
	}
	// Output:
	// WAXXXXXXXXXXXXXXXXXX Touch ID <nil>
}

func ExampleIntegrationService_List() {
	admin, end := administration(map[string]string{"GET /admin/v1/integrations": `[{"name":"Prompt","type":"websdk","secret_key":"deadbeef"}]`})
	defer end()
	for app, err := range admin.Integrations.List(context.Background()) {
		fmt.Println(app.Name, app.Type, app.SecretKey, err)
	}
	// Output:
	// Prompt websdk [REDACTED] <nil>
}

func ExampleAdministratorService_List() {
	admin, end := administration(map[string]string{"GET /admin/v1/admins": `[{"name":"Ann","role":"Help Desk","status":"Active"}]`})
	defer end()
	for a, err := range admin.Administrators.List(context.Background()) {
		fmt.Println(a.Name, a.Role, a.Status, err)
	}
	// Output:
	// Ann Help Desk Active <nil>
}

func ExampleSettingsService_Update() {
	admin, end := administration(map[string]string{"POST /admin/v1/settings": `{"name":"Acme","sms_batch":5}`})
	defer end()
	settings, err := admin.Settings.Update(context.Background(), duoclient.SettingsParams{"sms_batch": 5})
	fmt.Println(settings.Name, settings.SMSBatch, err)
	_, err = admin.Settings.Update(context.Background(), duoclient.SettingsParams{"sms_batch": 50})
	fmt.Println(err)
	// Output:
	// Acme 5 <nil>
	// duoclient: parameter refused: sms_batch must be 1 to 10
}

func ExampleInfoService_Summary() {
	admin, end := administration(map[string]string{"GET /admin/v1/info/summary": `{"user_count":8,"telephony_credits_remaining":960}`})
	defer end()
	summary, err := admin.Info.Summary(context.Background())
	fmt.Println(summary.UserCount, summary.TelephonyCreditsRemaining, err)
	// Output:
	// 8 960 <nil>
}

func ExampleLogService_Authentication() {
	admin, end := administration(map[string]string{
		"GET /admin/v2/logs/authentication": `{"authlogs":[{"timestamp":1793534400,"user":{"name":"bob"},"factor":"duo_push","result":"success"}],"metadata":{"total_objects":1}}`,
	})
	defer end()
	for entry, err := range admin.Logs.Authentication(context.Background(), duoclient.AuthLogFilter{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(entry.Timestamp.Format(time.RFC3339), entry.User.Name, entry.Factor, entry.Result)
	}
	// Output:
	// 2026-11-01T12:00:00Z bob duo_push success
}

func ExampleAdmin_Call() {
	admin, end := administration(map[string]string{"GET /admin/v2/policies": `[{"policy_name":"Global"}]`})
	defer end()
	raw, err := admin.Call(context.Background(), http.MethodGet, "/admin/v2/policies", url.Values{"limit": {"1"}})
	fmt.Println(string(raw.Response), err)
	// Output:
	// [{"policy_name":"Global"}] <nil>
}

func ExampleAccounts() {
	config, end := demonstration(map[string]string{
		"POST /accounts/v1/account/list": `[{"account_id":"DAXXXXXXXXXXXXXXXXXX","name":"Clinic A","api_hostname":"api-clinica.duosecurity.com"}]`,
	})
	defer end()
	accounts, err := duoclient.NewAccounts(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer accounts.Close()
	children, err := accounts.List(context.Background())
	fmt.Println(len(children), err)
	admin, err := accounts.Admin(children[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	defer admin.Close()
	fmt.Println(children[0].Name, admin.APIHost(), admin.AccountID())
	// Output:
	// 1 <nil>
	// Clinic A api-clinica.duosecurity.com DAXXXXXXXXXXXXXXXXXX
}
