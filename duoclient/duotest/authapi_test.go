package duotest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

func TestPingAndCheck(t *testing.T) {
	t.Parallel()
	a := start(t)
	now := params{"time": "1700000000"}["time"]
	for name, change := range map[string]func(*http.Request){
		"unsigned": func(r *http.Request) { r.Header.Del("Authorization") },
		"signed":   nil,
		"wrongly":  func(r *http.Request) { r.Header.Set("Authorization", "Basic eDp5") },
		"duo_unix": func(r *http.Request) {
			r.Header = http.Header{"X-Duo-Date": {"nonsense"}}
			r.URL.ForceQuery = true
		},
	} {
		c := a.auth()
		c.change = change
		got := c.get("/auth/v2/ping", nil)
		if got.body != `{"response":{"time":`+now+`},"stat":"OK"}` {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	a.auth().get("/auth/v2/check", nil).ok()
	a.auth().get("/auth/v2/logo", nil).fails(40401, "")
}

// preauth calls preauth and returns its answer.
func (c *caller) preauth(p params) map[string]any {
	c.t.Helper()
	return c.post("/auth/v2/preauth", p).fields()
}

func TestPreauth(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	a.AddUser(duotest.User{Name: "bypassed", Status: duotest.StatusBypass})
	a.AddUser(duotest.User{Name: "disabled", Status: duotest.StatusDisabled, Phones: []duotest.Phone{duotest.Smartphone("+17345550111")}})
	a.AddUser(duotest.User{Name: "locked", Status: duotest.StatusLocked})
	a.AddUser(duotest.User{Name: "bare"})
	a.AddUser(duotest.User{Name: "numberless", Phones: []duotest.Phone{{}}})
	a.AddUser(duotest.User{Name: "sms", Aliases: []string{"texter"}, Phones: []duotest.Phone{{Number: "+17345550122"}}})
	c := a.auth()
	for name, want := range map[string]string{
		"test1": "auth", "TEST1": "auth", "sms": "auth", "texter": "auth", "bypassed": "allow", "disabled": "deny", "locked": "deny",
		"bare": "enroll", "numberless": "enroll", "nobody": "enroll",
	} {
		got := c.preauth(params{"username": name})
		if got["result"] != want || got["status_msg"] == "" {
			t.Errorf("%s: %v, want %s", name, got, want)
		}
		if url, _ := got["enroll_portal_url"].(string); (want == "enroll") != strings.HasPrefix(url, a.URL+"/portal?code=") {
			t.Errorf("%s: enroll_portal_url = %q", name, url)
		}
	}
	u, _ := a.User("test1")
	device := c.preauth(params{"user_id": u.ID})["devices"].([]any)[0].(map[string]any)
	if device["device"] != u.Phones[0].ID || device["type"] != "phone" || device["number"] != "XXX-XXX-0100" ||
		device["display_name"] != "My iPhone (XXX-XXX-0100)" || len(device["capabilities"].([]any)) != 5 || device["sms_nextcode"] != nil {
		t.Errorf("device = %v", device)
	}
	c.post("/auth/v2/preauth", nil).fails(40002, "username")
	c.post("/auth/v2/preauth", params{"username": "test1", "user_id": u.ID}).fails(40002, "username")
	c.post("/auth/v2/preauth", params{"user_id": "DUNOBODY"}).fails(40002, "user_id")
	prompt := c.preauth(params{"username": "test1", "text_prompt": "1"})["prompt"].(map[string]any)
	if prompt["factors"].(map[string]any)["default"] != "push1" || !strings.Contains(prompt["text"].(string), "(1-3)") {
		t.Errorf("prompt = %v", prompt)
	}
}

// auth runs a synchronous auth.
func (c *caller) auth(p params) (result, status, message string) {
	c.t.Helper()
	got := c.post("/auth/v2/auth", p).fields()
	result, _ = got["result"].(string)
	status, _ = got["status"].(string)
	message, _ = got["status_msg"].(string)
	return result, status, message
}

func (c *caller) wantAuth(p params, result, status, message string) {
	c.t.Helper()
	if r, s, m := c.auth(p); r != result || s != status || m != message {
		c.t.Errorf("auth(%v) = %s / %s / %s, want %s / %s / %s", p, r, s, m, result, status, message)
	}
}

func push(user string) params { return params{"username": user, "factor": "push", "device": "auto"} }

func TestAuthPushByPerson(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	c := a.auth()
	for answer, want := range map[duotest.Answer][3]string{
		duotest.AnswerApprove: {"allow", "allow", "Success. Logging you in..."},
		duotest.AnswerDeny:    {"deny", "deny", "Login request denied."},
		duotest.AnswerFraud:   {"deny", "fraud", "Login request reported as fraud."},
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			p := push("test1")
			p["type"], p["display_username"], p["ipaddr"] = "Transaction", "Alice A.", "203.0.113.9"
			p["pushinfo"] = "Server%20name=db1&Command="
			c.wantAuth(p, want[0], want[1], want[2])
		}()
		got, err := a.WaitForPush(t.Context(), "test1")
		if err != nil {
			t.Fatal(err)
		}
		if got.Username != "Alice A." || got.Type != "Transaction" || got.IP != "203.0.113.9" || got.Application != "Auth API" ||
			!slices.Equal(got.Info, [][2]string{{"Server name", "db1"}, {"Command", ""}}) {
			t.Errorf("push = %+v", got)
		}
		if err := a.AnswerPush("test1", answer); err != nil {
			t.Fatal(err)
		}
		<-done
		if err := a.AnswerPush("test1", answer); !errors.Is(err, duotest.ErrPush) {
			t.Errorf("second answer: %v", err)
		}
	}
	logins := a.Logins()
	results := []string{}
	for _, l := range logins {
		results = append(results, l.Result+" "+l.Reason)
		if l.Factor != "duo_push" || l.Username != "test1" {
			t.Errorf("login = %+v", l)
		}
	}
	slices.Sort(results)
	if !slices.Equal(results, []string{"denied user_cancelled", "fraud user_marked_fraud", "success user_approved"}) {
		t.Errorf("log = %v", results)
	}
}

func TestAuthAutomatic(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *duotest.Config) {
		c.AutoTimeout = time.Millisecond
	})
	c := a.auth()
	c.wantAuth(push("test1"), "allow", "allow", "Success. Logging you in...")
	c.wantAuth(params{"username": "test1", "factor": "auto", "device": "auto"}, "allow", "allow", "Success. Logging you in...")
	c.wantAuth(params{"username": "test1", "factor": "phone", "device": "auto"}, "allow", "allow", "Success. Logging you in...")
	c.wantAuth(params{"username": "test1", "factor": "sms", "device": "auto"}, "deny", "sent", "New SMS passcodes sent.")
	a.SetAuto(duotest.Deny)
	c.wantAuth(push("test1"), "deny", "deny", "Login request denied.")
	c.wantAuth(params{"username": "test1", "factor": "phone", "device": "auto"}, "deny", "deny", "No keypress detected. Please try again.")
	a.SetAuto(duotest.Timeout)
	c.wantAuth(push("test1"), "deny", "timeout", "Login timed out.")
	a.SetAuto(duotest.Approve)
	a.SetFaults(duotest.Faults{FailedPush: true})
	id := c.post("/auth/v2/auth", params{"username": "test1", "factor": "push", "device": "auto", "async": "1"}).text("txid")
	if got := c.get("/auth/v2/auth_status", params{"txid": id}).fields(); got["status"] != "push_failed" || got["result"] != "waiting" {
		t.Errorf("status = %v", got)
	}
	if got := a.Pushes("test1"); len(got) != 6 || got[2].Call != true || got[5].Answer != duotest.AnswerTimeout {
		t.Errorf("pushes = %+v", got)
	}
}

func TestAuthStatus(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	c := a.auth()
	p := push("test1")
	p["async"] = "1"
	id := c.post("/auth/v2/auth", p).text("txid")
	status := func() map[string]any { return c.get("/auth/v2/auth_status", params{"txid": id}).fields() }
	if got := status(); got["result"] != "waiting" || got["status"] != "pushed" || got["auth_delayed"] != false ||
		got["status_msg"] != "Pushed a login request to your device..." {
		t.Errorf("first status = %v", got)
	}
	polled := make(chan map[string]any)
	go func() { polled <- status() }()
	select {
	case got := <-polled:
		t.Errorf("second status came at once: %v", got)
	case <-time.After(20 * time.Millisecond):
	}
	if err := a.AnswerPush("test1", duotest.AnswerApprove); err != nil {
		t.Fatal(err)
	}
	if got := <-polled; got["result"] != "allow" || got["status"] != "allow" {
		t.Errorf("last status = %v", got)
	}
	c.get("/auth/v2/auth_status", params{"txid": id}).fails(40002, "txid")
	c.get("/auth/v2/auth_status", params{"txid": "unknown"}).fails(40002, "txid")
	c.get("/auth/v2/auth_status", nil).fails(40001, "txid")
	// Another application's transaction is none of this one's business.
	other := a.AddIntegration(duotest.Integration{Type: duotest.TypeAuth})
	id = c.post("/auth/v2/auth", p).text("txid")
	a.caller(other.Key, other.Secret).get("/auth/v2/auth_status", params{"txid": id}).fails(40002, "txid")
}

func TestAuthParameters(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.AddUser(duotest.User{Name: "bare"})
	a.AddUser(duotest.User{Name: "landline", Phones: []duotest.Phone{{Number: "+17345550133", Type: "Landline"}}})
	u, _ := a.User("landline")
	c := a.auth()
	for name, tc := range map[string]struct {
		p      params
		code   int
		detail string
	}{
		"no user":            {params{"factor": "push", "device": "auto"}, 40002, "username"},
		"unknown user":       {push("nobody"), 40002, "username"},
		"no factor":          {params{"username": "test1"}, 40001, "factor"},
		"unknown factor":     {params{"username": "test1", "factor": "smoke"}, 40002, "factor"},
		"no device":          {params{"username": "test1", "factor": "push"}, 40001, "device"},
		"another's device":   {params{"username": "test1", "factor": "push", "device": u.Phones[0].ID}, 40002, "device"},
		"no capable device":  {params{"username": "bare", "factor": "sms", "device": "auto"}, 40002, "no capable device"},
		"an incapable one":   {params{"username": "landline", "factor": "push", "device": u.Phones[0].ID}, 40002, "no capable device"},
		"no passcode":        {params{"username": "test1", "factor": "passcode"}, 40001, "passcode"},
		"a long pushinfo":    {params{"username": "test1", "factor": "push", "device": "auto", "pushinfo": "a=" + strings.Repeat("x", 20_000)}, 40002, "pushinfo"},
		"async maybe":        {params{"username": "test1", "factor": "push", "device": "auto", "async": "maybe"}, 40002, "async"},
		"an unknown offer":   {params{"username": "test1", "factor": "push", "device": "auto", "txid": "x"}, 40002, "txid"},
		"status, no user_id": {nil, 40001, "user_id"},
	} {
		path := "/auth/v2/auth"
		if tc.p == nil {
			path = "/auth/v2/enroll_status"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := *c
			c.t = t
			c.post(path, tc.p).fails(tc.code, tc.detail)
		})
	}
}

func TestAuthPasscode(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	c, admin := a.auth(), a.admin()
	code := func(text string) params { return params{"username": "test1", "factor": "passcode", "passcode": text} }
	u, _ := a.User("test1")
	c.wantAuth(code(u.Phones[0].Passcode), "allow", "allow", "Success. Logging you in...")
	c.wantAuth(code(u.Phones[0].Passcode), "deny", "deny", "Incorrect passcode. Please try again.")
	var codes []string
	admin.post("/admin/v1/users/"+u.ID+"/bypass_codes", params{"count": "2"}).into(&codes)
	c.wantAuth(code(codes[0]), "allow", "allow", "Success. Logging you in...")
	c.wantAuth(code(codes[0]), "deny", "deny", "Incorrect passcode. Please try again.")
	// The ten thousandth of RFC 4226's own values, on a token.
	token := admin.post("/admin/v1/tokens", params{
		"type": "h6", "serial": "000001", "secret": "3132333435363738393031323334353637383930",
	}).text("token_id")
	admin.post("/admin/v1/users/"+u.ID+"/tokens", params{"token_id": token}).ok()
	c.wantAuth(code("755224"), "allow", "allow", "Success. Logging you in...")
	c.wantAuth(code("969429"), "allow", "allow", "Success. Logging you in...")
	c.wantAuth(code("287082"), "deny", "deny", "Incorrect passcode. Please try again.")
	c.wantAuth(params{"username": "test1", "factor": "prompt", "prompt": codes[1]}, "allow", "allow", "Success. Logging you in...")
}
