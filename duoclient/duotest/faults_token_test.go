package duotest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

func (a *app) tokenWith(f duotest.IDTokenFaults) string {
	a.t.Helper()
	a.SetFaults(duotest.Faults{IDToken: f})
	return a.idToken()
}

// Each knob on claims changes them, under a good signature.
func TestClaimFaults(t *testing.T) {
	t.Parallel()
	a := start(t)
	set := func(name string, v any) duotest.IDTokenFaults {
		return duotest.IDTokenFaults{Claims: duotest.JSONFaults{Set: map[string]any{name: v}}}
	}
	remove := func(name string) duotest.IDTokenFaults {
		return duotest.IDTokenFaults{Claims: duotest.JSONFaults{Remove: []string{name}}}
	}
	repeat := func(name string, v any) duotest.IDTokenFaults {
		return duotest.IDTokenFaults{Claims: duotest.JSONFaults{Repeat: map[string]any{name: v}}}
	}
	for _, tc := range []struct {
		name   string
		faults duotest.IDTokenFaults
		has    string
		lacks  string
	}{
		// Threat T084: audience.
		{"aud of two", set("aud", []string{clientID, "x"}), `"aud":["DIXXXXXXXXXXXXXXXXXX","x"]`, `"aud":"`},
		{"no aud", remove("aud"), `"iss":`, `"aud"`},
		// Threat T085: issuer.
		{"iss of another host", set("iss", "https://evil.example/oauth/v1/token"), `"iss":"https://evil.example/oauth/v1/token"`, a.APIHost},
		// Threat T086: nonce.
		{"other nonce", set("nonce", "other"), `"nonce":"other"`, nonce},
		{"no nonce", remove("nonce"), `"iss":`, `"nonce"`},
		// Threat T087: user name, duplicate keys and case variants.
		{"other user", set("preferred_username", "Test1"), `"preferred_username":"Test1"`, `"preferred_username":"test1"`},
		{"two users", repeat("preferred_username", "mallory"), `,"preferred_username":"mallory"}`, "\x00"},
		{"two users, first", duotest.IDTokenFaults{Claims: duotest.JSONFaults{Repeat: map[string]any{"preferred_username": "mallory"}, RepeatFirst: true}}, `{"preferred_username":"mallory",`, "\x00"},
		{"case variant", set("PREFERRED_USERNAME", "mallory"), `"PREFERRED_USERNAME":"mallory"`, "\x00"},
		// Threat T088: time claims.
		{"exp as a float", set("exp", 1700003600.5), `"exp":1700003600.5`, `"exp":1700003600,`},
		{"exp beyond all time", set("exp", json.RawMessage("1e308")), `"exp":1e308`, "\x00"},
		{"no exp", remove("exp"), `"iss":`, `"exp"`},
		{"iat moved", duotest.IDTokenFaults{IssuedAt: -2 * time.Minute}, `"iat":1699999880,"exp":1700003600`, "\x00"},
		{"exp moved", duotest.IDTokenFaults{Expires: -2 * time.Hour}, `"iat":1700000000,"exp":1699996400`, "\x00"},
		// Threat T089: result.
		{"denied", set("auth_result.result", "deny"), `"auth_result":{"result":"deny","status":"allow"`, "\x00"},
		{"no result", remove("auth_result"), `"iss":`, `"auth_result"`},
		// Threat T090: the same jti again.
		{"jti", set("jti", "again"), `"jti":"again"`, "\x00"},
		// Threat T043: ways in that prove nothing.
		{"Reason", duotest.IDTokenFaults{Reason: "trusted_network"}, `"reason":"trusted_network"`, "user_approved"},
		{"Factor", duotest.IDTokenFaults{Factor: "remembered_device"}, `"factor":"remembered_device"`, "duo_push"},
		{"EventType", duotest.IDTokenFaults{EventType: "enrollment"}, `"event_type":"enrollment"`, `"event_type":"authentication"`},
		{"Result", duotest.IDTokenFaults{Result: "fraud"}, `"reason":"user_approved","result":"fraud"`, "\x00"},
		// Threat T041: another address at the prompt.
		{"access device", set("auth_context.access_device.ip", "198.51.100.9"), `"ip":"198.51.100.9"`, `"ip":"127.0.0.1"`},
		// Threat T091: abuse of the parser.
		{"trailing data", duotest.IDTokenFaults{Claims: duotest.JSONFaults{Trailing: "{}"}}, `"}{}`, "\x00"},
		{"no object", duotest.IDTokenFaults{Claims: duotest.JSONFaults{Replace: strings.Repeat("[", 10_000)}}, strings.Repeat("[", 10_000), "]"},
	} {
		token := a.tokenWith(tc.faults)
		payload := a.segment(token, 1)
		if !strings.Contains(payload, tc.has) || strings.Contains(payload, tc.lacks) || !verified(token, clientSecret) {
			t.Errorf("%s: %s", tc.name, payload)
		}
	}
}

// Each knob on header and signature changes them and leaves the claims alone.
func TestSignatureFaults(t *testing.T) {
	t.Parallel()
	a := start(t)
	const plain = `{"alg":"HS512","typ":"JWT"}`
	for _, tc := range []struct {
		name   string
		faults duotest.IDTokenFaults
		header string
		hash   func() hash.Hash // nil: no signature
		secret string
		good   bool
	}{
		{"none of it", duotest.IDTokenFaults{}, plain, sha512.New, clientSecret, true},
		// Threat T082: algorithm confusion.
		{"none", duotest.IDTokenFaults{Algorithm: "none"}, `{"alg":"none","typ":"JWT"}`, nil, "", true},
		{"None", duotest.IDTokenFaults{Algorithm: "None"}, `{"alg":"None","typ":"JWT"}`, nil, "", true},
		{"HS256", duotest.IDTokenFaults{Algorithm: "HS256"}, `{"alg":"HS256","typ":"JWT"}`, sha256.New, clientSecret, true},
		{"HS384", duotest.IDTokenFaults{Algorithm: "HS384"}, `{"alg":"HS384","typ":"JWT"}`, sha512.New384, clientSecret, true},
		{"RS256", duotest.IDTokenFaults{Algorithm: "RS256"}, `{"alg":"RS256","typ":"JWT"}`, sha512.New, clientSecret, true},
		{"two alg keys", duotest.IDTokenFaults{Header: duotest.JSONFaults{Repeat: map[string]any{"alg": "none"}}}, `{"alg":"HS512","typ":"JWT","alg":"none"}`, sha512.New, clientSecret, true},
		{"jku", duotest.IDTokenFaults{Header: duotest.JSONFaults{Set: map[string]any{"jku": "https://evil.example/"}}}, `{"alg":"HS512","typ":"JWT","jku":"https://evil.example/"}`, sha512.New, clientSecret, true},
		{"no alg", duotest.IDTokenFaults{Header: duotest.JSONFaults{Remove: []string{"alg"}}}, `{"typ":"JWT"}`, sha512.New, clientSecret, true},
		{"EmptySignature", duotest.IDTokenFaults{EmptySignature: true}, plain, nil, "", true},
		// Threat T083: a signature that does not verify, a wrong key.
		{"BreakSignature", duotest.IDTokenFaults{BreakSignature: true}, plain, sha512.New, clientSecret, false},
		{"Secret", duotest.IDTokenFaults{Secret: "another"}, plain, sha512.New, "another", true},
	} {
		token := a.tokenWith(tc.faults)
		i := strings.LastIndex(token, ".")
		want := ""
		if tc.hash != nil {
			mac := hmac.New(tc.hash, []byte(tc.secret))
			mac.Write([]byte(token[:i]))
			want = base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		}
		if a.segment(token, 0) != tc.header || (token[i+1:] == want) != tc.good || a.object(a.segment(token, 1))["nonce"] != nonce {
			t.Errorf("%s: header %s, signature %q", tc.name, a.segment(token, 0), token[i+1:])
		}
	}
	token := a.tokenWith(duotest.IDTokenFaults{Rewrite: func(s string) string { return s + "==" }})
	if !strings.HasSuffix(token, "==") || !verified(strings.TrimSuffix(token, "=="), clientSecret) {
		t.Errorf("Rewrite: %s", token)
	}
}

// Threat T090: one ID token for two exchanges.
func TestFaultRepeatToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{RepeatToken: true})
	first, second := a.idToken(), a.idToken()
	a.SetFaults(duotest.Faults{})
	if third := a.idToken(); first != second || second == third {
		t.Errorf("tokens: %v, %v", first == second, second == third)
	}
}

func TestFaultReplays(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{AllowCodeReuse: true, AllowAssertionReplay: true})
	form := a.tokenForm(a.code())
	for i := range 3 {
		if got := a.post(duotest.EndpointToken, form); got.status != http.StatusOK {
			t.Errorf("exchange %d = %d %s", i, got.status, got.body)
		}
	}
	a.SetFaults(duotest.Faults{AllowCodeReuse: true})
	if got := a.post(duotest.EndpointToken, form); got.body != tokenRefusal {
		t.Errorf("assertion replayed: %d %s", got.status, got.body)
	}
}

func TestFaultCodeLifetime(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{CodeLifetime: -1})
	if got := a.exchange(a.code()); got.body != grantRefusal {
		t.Errorf("token = %d %s", got.status, got.body)
	}
}

// Threat T099: Duo's clock and ours differ.
func TestFaultClockOffset(t *testing.T) {
	t.Parallel()
	a := start(t)
	code := a.code()
	a.SetFaults(duotest.Faults{ClockOffset: 2 * time.Minute})
	got := a.post(duotest.EndpointHealthCheck, a.healthForm())
	if got.body != `{"response":{"timestamp":1700000120},"stat":"OK"}` || got.header.Get("Date") != "Tue, 14 Nov 2023 22:15:20 GMT" {
		t.Errorf("health check = %s %s", got.body, got.header.Get("Date"))
	}
	token, _ := a.object(a.exchange(code).body)["id_token"].(string)
	if iat := a.object(a.segment(token, 1))["iat"]; iat != json.Number("1700000120") {
		t.Errorf("iat = %v", iat)
	}
	a.SetFaults(duotest.Faults{ClockOffset: 10 * time.Minute})
	if got := a.post(duotest.EndpointHealthCheck, a.healthForm()); got.status != http.StatusBadRequest {
		t.Errorf("with an assertion of ten minutes ago: %d %s", got.status, got.body)
	}
}

func TestFaultCallback(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, tc := range []struct {
		name   string
		faults duotest.CallbackFaults
		want   string // after the redirect URI, CODE for the code
	}{
		{"none", duotest.CallbackFaults{}, "?state=" + state + "&duo_code=CODE"},
		// Threat T047: bad parameters.
		{"other state", duotest.CallbackFaults{Set: map[string]string{"state": "other state"}}, "?state=other+state&duo_code=CODE"},
		{"one more", duotest.CallbackFaults{Set: map[string]string{"extra": "<b>"}}, "?state=" + state + "&duo_code=CODE&extra=%3Cb%3E"},
		{"no code", duotest.CallbackFaults{Remove: []string{"duo_code"}}, "?state=" + state},
		{"two states", duotest.CallbackFaults{Repeat: map[string]string{"state": "b"}}, "?state=" + state + "&duo_code=CODE&state=b"},
	} {
		a.SetFaults(duotest.Faults{Callback: tc.faults})
		got := a.authorize(a.requestClaims()).header.Get("Location")
		if code := a.Calls()[a.CountCalls("authorize")-1].Code; code != "" {
			got = strings.Replace(got, code, "CODE", 1)
		}
		if got != callbackURI+tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, callbackURI+tc.want)
		}
	}
}

func TestFaultsAtThePrompt(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	a.SetFaults(duotest.Faults{FailedPush: true})
	p := a.open("test1")
	p.shows("The push could not be delivered.")
	p.lacks(`id="approve"`)
	p.press("push")
	p.shows("The push could not be delivered.")
	a.SetFaults(duotest.Faults{DenyRedirects: true})
	p.press("push")
	a.wantDenied(a.callback(p.press("deny")), "Login request denied.")
}
