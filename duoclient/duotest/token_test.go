package duotest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

const (
	grantRefusal = `{"error":"invalid_grant","error_description":"The provided authorization grant (e.g., authorization code) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."}`
	tokenRefusal = `{"error":"invalid_client","error_description":"The provided client_assertion was invalid."}`
)

func TestToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	got := a.exchange(a.code())
	body := a.object(got.body)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("token = %d %s %s", got.status, got.header.Get("Content-Type"), got.body)
	}
	if len(body) != 4 || body["expires_in"] != json.Number("3600") || body["token_type"] != "Bearer" || body["access_token"] == "" {
		t.Errorf("members = %v", body)
	}
	token, _ := body["id_token"].(string)
	if !verified(token, clientSecret) || a.segment(token, 0) != `{"alg":"HS512","typ":"JWT"}` {
		t.Errorf("header or signature of %s", token)
	}
	user, _ := a.User("test1")
	var c struct {
		AuthContext struct {
			Txid string `json:"txid"`
		} `json:"auth_context"`
	}
	payload := a.segment(token, 1)
	if err := json.Unmarshal([]byte(payload), &c); err != nil {
		t.Fatal(err)
	}
	want := `{"iss":"https://` + a.APIHost + `/oauth/v1/token","sub":"test1","preferred_username":"test1","aud":"` + clientID + `",` +
		`"iat":1700000000,"exp":1700003600,"auth_time":1700000000,` +
		`"auth_result":{"result":"allow","status":"allow","status_msg":"Login Successful"},` +
		`"auth_context":{"txid":"` + c.AuthContext.Txid + `","timestamp":1700000000,"isotimestamp":"2023-11-14T22:13:20.000000+00:00",` +
		`"event_type":"authentication","factor":"duo_push","reason":"user_approved","result":"success",` +
		`"alias":"","email":"","ood_software":null,"trusted_endpoint_status":"unknown",` +
		`"user":{"key":"` + user.ID + `","name":"test1","groups":[]},"application":{"key":"` + clientID + `","name":"Web SDK"},` +
		`"auth_device":{"ip":"192.0.2.10","name":"My iPhone (734-555-0100)","location":{"city":"Ann Arbor","state":"Michigan","country":"United States"}},` +
		`"access_device":{"browser":"Unknown","browser_version":"","flash_version":"uninstalled","java_version":"uninstalled",` +
		`"hostname":null,"epkey":null,"ip":"127.0.0.1","is_encryption_enabled":"unknown","is_firewall_enabled":"unknown","is_password_set":"unknown",` +
		`"location":{"city":"Ann Arbor","state":"Michigan","country":"United States"},"os":"Unknown","os_version":"Unknown","security_agents":"unknown"}},` +
		`"nonce":"` + nonce + `"}`
	if payload != want {
		t.Errorf("claims = %s\nwant     %s", payload, want)
	}
	if len(c.AuthContext.Txid) != 36 {
		t.Errorf("txid = %q", c.AuthContext.Txid)
	}
}

// iss and the assertion's aud go by the name that the client uses.
func TestTokenHost(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, host := range []string{strings.Replace(a.APIHost, "127.0.0.1", "localhost", 1), "api-test0001.duosecurity.com"} {
		code := a.code()
		wrong := a.request(http.MethodPost, duotest.EndpointToken, nil, a.tokenForm(code))
		wrong.Host = host
		if got := a.do(wrong); got.body != tokenRefusal {
			t.Errorf("%s with an assertion for another name: %d %s", host, got.status, got.body)
		}
		named := &app{Server: a.Server, t: t, now: a.now, host: host}
		r := named.request(http.MethodPost, duotest.EndpointToken, nil, named.tokenForm(code))
		r.Host = host
		token, _ := a.object(a.do(r).body)["id_token"].(string)
		if got := a.object(a.segment(token, 1))["iss"]; got != "https://"+host+"/oauth/v1/token" {
			t.Errorf("%s: iss = %v", host, got)
		}
	}
}

func TestTokenAssertions(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, tc := range assertionCases() {
		form := a.tokenForm(a.code())
		form.Set("client_assertion", tc.token(a, duotest.EndpointToken))
		got := a.post(duotest.EndpointToken, form)
		if tc.ok {
			if got.status != http.StatusOK {
				t.Errorf("%s: %d %s", tc.name, got.status, got.body)
			}
			continue
		}
		want := tokenRefusal
		if tc.detail != "" {
			want = strings.Replace(want, "The provided client_assertion was invalid.", tc.detail, 1)
		}
		if got.status != http.StatusBadRequest || got.body != want {
			t.Errorf("%s: %d %s, want %s", tc.name, got.status, got.body, want)
		}
	}
}

// An assertion made elsewhere.
func TestTokenVector(t *testing.T) {
	t.Parallel()
	a := start(t)
	const token = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJESVhYWFhYWFhYWFhYWFhYWFhYWCIsInN1YiI6IkRJWFhYWFhYWFhYWFhYWFhYWFhYIiwiYXVkIjoiaHR0cHM6Ly9hcGktdGVzdDAwMDEuZHVvc2VjdXJpdHkuY29tL29hdXRoL3YxL3Rva2VuIiwiZXhwIjoxNzAwMDAwMzAwLCJqdGkiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUEifQ.9YYMYyLj41ba0YyTqIfiQzQ93K-8mjJK29Td7Dv-u_4vHzwVO8FFhXianrRZCSs4xvI6-FVjrySlH7QhwigTCw"
	form := a.tokenForm(a.code())
	form.Set("client_assertion", token)
	r := a.request(http.MethodPost, duotest.EndpointToken, nil, form)
	r.Host = "api-test0001.duosecurity.com"
	if got := a.do(r); got.status != http.StatusOK {
		t.Errorf("token = %d %s", got.status, got.body)
	}
}

func TestTokenEncodings(t *testing.T) {
	t.Parallel()
	a := start(t)
	if got := a.do(a.request(http.MethodPost, duotest.EndpointToken, a.tokenForm(a.code()), nil)); got.status != http.StatusOK {
		t.Errorf("query: %d %s", got.status, got.body)
	}
	if got := a.do(multipartRequest(t, a, duotest.EndpointToken, a.tokenForm(a.code()))); got.status != http.StatusOK {
		t.Errorf("multipart: %d %s", got.status, got.body)
	}
	form := a.tokenForm(a.code())
	form.Del("client_id")
	if got := a.post(duotest.EndpointToken, form); got.status != http.StatusOK {
		t.Errorf("without client_id: %d %s", got.status, got.body)
	}
}

func TestTokenForm(t *testing.T) {
	t.Parallel()
	a := start(t)
	other := a.AddIntegration(duotest.Integration{Name: "Other"})
	for _, tc := range []struct{ name, field, value, want string }{
		{"unknown code", "code", "unknown", grantRefusal},
		{"no code", "code", "", `{"error":"invalid_request","error_description":"Missing required parameter: code"}`},
		{"other redirect URI", "redirect_uri", callbackURI + "/", grantRefusal},
		{"no redirect URI", "redirect_uri", "", `{"error":"invalid_request","error_description":"Missing required parameter: redirect_uri"}`},
		{"other grant type", "grant_type", "client_credentials", `{"error":"unsupported_grant_type","error_description":"The grant_type must be authorization_code"}`},
		{"no grant type", "grant_type", "", `{"error":"invalid_request","error_description":"Missing required parameter: grant_type"}`},
		{"other assertion type", "client_assertion_type", "jwt", `{"error":"invalid_request","error_description":"The client_assertion_type must be ` + assertion + `"}`},
		{"no assertion type", "client_assertion_type", "", `{"error":"invalid_request","error_description":"Missing required parameter: client_assertion_type"}`},
		{"unknown client", "client_id", "DIYYYYYYYYYYYYYYYYYY", tokenRefusal},
		{"known client, assertion of another", "client_id", other.Key, tokenRefusal},
	} {
		code := a.code()
		form := a.tokenForm(code)
		form.Set(tc.field, tc.value)
		if got := a.post(duotest.EndpointToken, form); got.status != http.StatusBadRequest || got.body != tc.want {
			t.Errorf("%s: %d %s, want %s", tc.name, got.status, got.body, tc.want)
		}
		if got := a.exchange(code); got.status != http.StatusOK {
			t.Errorf("%s spent the code: %d %s", tc.name, got.status, got.body)
		}
	}
}

func TestTokenOtherClient(t *testing.T) {
	t.Parallel()
	a := start(t)
	other := a.AddIntegration(duotest.Integration{})
	c := a.assertionClaims(duotest.EndpointToken).with("iss", other.Key).with("sub", other.Key)
	form := a.tokenForm(a.code())
	form.Set("client_id", other.Key)
	form.Set("client_assertion", sign(c, other.Secret))
	if got := a.post(duotest.EndpointToken, form); got.body != grantRefusal {
		t.Errorf("code of another client: %d %s", got.status, got.body)
	}
}

func TestTokenReplay(t *testing.T) {
	t.Parallel()
	a := start(t)
	form := a.tokenForm(a.code())
	if got := a.post(duotest.EndpointToken, form); got.status != http.StatusOK {
		t.Fatalf("first: %d %s", got.status, got.body)
	}
	if got := a.post(duotest.EndpointToken, form); got.body != tokenRefusal {
		t.Errorf("same assertion: %d %s", got.status, got.body)
	}
	if got := a.exchange(form.Get("code")); got.body != grantRefusal {
		t.Errorf("same code: %d %s", got.status, got.body)
	}
}

// Of many exchanges of one code at once, one succeeds.
func TestTokenRace(t *testing.T) {
	t.Parallel()
	a := start(t)
	code := a.code()
	var wg sync.WaitGroup
	var good atomic.Int32
	for range 50 {
		form := a.tokenForm(code)
		wg.Go(func() {
			got, err := a.try(a.request(http.MethodPost, duotest.EndpointToken, nil, form))
			switch {
			case err != nil:
				t.Error(err)
			case got.status == http.StatusOK:
				good.Add(1)
			case got.body != grantRefusal:
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("%d exchanges succeeded, want 1", good.Load())
	}
	if n := a.CountTokenCalls(code); n != 50 {
		t.Errorf("CountTokenCalls(code) = %d, want 50", n)
	}
	if n := a.CountTokenCalls(state); n != 50 {
		t.Errorf("CountTokenCalls(state) = %d, want 50", n)
	}
	if n := a.CountCalls("token"); n != 50 {
		t.Errorf("CountCalls(token) = %d, want 50", n)
	}
}

func TestCodeLifetime(t *testing.T) {
	t.Parallel()
	var offset atomic.Int64
	a := start(t, func(c *duotest.Config) {
		c.Now = func() time.Time { return epoch.Add(time.Duration(offset.Load())) }
	})
	early, late := a.code(), a.code()
	offset.Store(int64(5*time.Minute - time.Second))
	a.now = epoch.Add(5 * time.Minute)
	if got := a.exchange(early); got.status != http.StatusOK {
		t.Errorf("after 4:59: %d %s", got.status, got.body)
	}
	offset.Store(int64(5 * time.Minute))
	if got := a.exchange(late); got.body != grantRefusal {
		t.Errorf("after 5:00: %d %s", got.status, got.body)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	a := start(t)
	code := a.code()
	a.exchange(code)
	a.exchange(code)
	calls := a.Calls()
	if len(calls) != 3 || a.CountCalls(duotest.EndpointToken) != 2 || a.CountCalls("authorize") != 1 || a.CountCalls("nothing") != 0 {
		t.Fatalf("calls = %+v", calls)
	}
	for i, c := range calls {
		if c.State != state || c.Code != code || c.Username != "test1" || c.Nonce != nonce || c.ClientID != clientID ||
			c.RedirectURI != callbackURI || c.Host != a.APIHost || !c.Time.Equal(epoch) {
			t.Errorf("call %d = %+v", i, c)
		}
	}
	statuses := []int{calls[0].Status, calls[1].Status, calls[2].Status}
	if !slices.Equal(statuses, []int{302, 200, 400}) || calls[2].Error != "invalid_grant" {
		t.Errorf("statuses = %v, error = %q", statuses, calls[2].Error)
	}
	if calls[1].JTI == "" || calls[1].JTI == calls[2].JTI {
		t.Errorf("jti = %q and %q", calls[1].JTI, calls[2].JTI)
	}
	if n := a.CountTokenCalls(""); n != 0 {
		t.Errorf("CountTokenCalls of nothing = %d", n)
	}
}
