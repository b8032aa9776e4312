package duotest_test

import (
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// Too many wrong passcodes lock a user out everywhere, until an administrator or
// the time says otherwise.
func TestAuthLockout(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, ask, now.config, func(c *duotest.Config) { c.LockoutThreshold = 3 })
	c, admin := a.auth(), a.admin()
	u, _ := a.User("test1")
	lock := func() {
		for range 3 {
			c.auth(params{"username": "test1", "factor": "passcode", "passcode": "1"})
		}
	}
	lock()
	c.wantAuth(push("test1"), "deny", "locked_out",
		"Your account has been locked out due to excessive authentication failures. Please contact your administrator.")
	if got := c.preauth(params{"username": "test1"}); got["result"] != "deny" {
		t.Errorf("preauth = %v", got)
	}
	got := admin.get("/admin/v1/users/"+u.ID, nil).fields()
	if got["status"] != "locked out" || got["lockout_reason"] != "Failed Attempts" {
		t.Errorf("user = %v", got)
	}
	admin.post("/admin/v1/users/"+u.ID, params{"status": "active"}).ok()
	if got := c.preauth(params{"username": "test1"}); got["result"] != "auth" {
		t.Errorf("preauth after unlocking = %v", got)
	}
	admin.post("/admin/v1/settings", params{"lockout_expire_duration": "5"}).ok()
	lock()
	now.pass(a, 5*time.Minute-time.Second)
	if got := c.preauth(params{"username": "test1"}); got["result"] != "deny" {
		t.Errorf("preauth before the time = %v", got)
	}
	now.pass(a, time.Second)
	if got := c.preauth(params{"username": "test1"}); got["result"] != "auth" {
		t.Errorf("preauth after the time = %v", got)
	}
}

func TestVerifiedPush(t *testing.T) {
	t.Parallel()
	a := start(t, ask, func(c *duotest.Config) { c.VerifiedPush = 4 })
	c := a.auth()
	if got := c.preauth(params{"username": "test1"}); got["txid"] != nil {
		t.Errorf("an offer that nobody asked for: %v", got)
	}
	got := c.preauth(params{"username": "test1", "client_supports_verified_push": "1"})
	code, id := got["verification_code"].(string), got["txid"].(string)
	if len(code) != 4 || got["expiration"] != float64(epoch.Unix()+60) {
		t.Errorf("offer = %v", got)
	}
	p := push("test1")
	p["txid"], p["async"] = id, "1"
	if got := c.post("/auth/v2/auth", p).text("txid"); got != id {
		t.Errorf("txid = %s, want %s", got, id)
	}
	phone := a.phone("test1")
	phone.shows(`name="code"`)
	phone.press("approve", "0000x")
	phone.shows("not the code")
	phone.press("approve", code)
	c.get("/auth/v2/auth_status", params{"txid": id}).ok()
	if got := c.get("/auth/v2/auth_status", params{"txid": id}).text("result"); got != "allow" {
		t.Errorf("result = %s", got)
	}
	if l := a.Logins(); len(l) != 1 || l[0].Factor != "verified_duo_push" || l[0].TxID != id {
		t.Errorf("log = %+v", l)
	}
}

func TestAuthEnroll(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, ask, now.config)
	c := a.auth()
	got := c.post("/auth/v2/enroll", params{"username": "new", "valid_secs": "600", "bypass_codes": "2"}).fields()
	if got["expiration"] != float64(epoch.Unix()+600) || len(got["bypass_codes"].([]any)) != 2 || got["username"] != "new" {
		t.Errorf("enroll = %v", got)
	}
	status := func() string {
		t.Helper()
		var word string
		c.post("/auth/v2/enroll_status", params{
			"user_id": got["user_id"].(string), "activation_code": got["activation_code"].(string),
		}).into(&word)
		return word
	}
	if s := status(); s != "waiting" {
		t.Errorf("status = %s", s)
	}
	if got := c.preauth(params{"username": "new"}); got["result"] != "enroll" {
		t.Errorf("preauth = %v", got)
	}
	now.pass(a, 600*time.Second)
	if s := status(); s != "invalid" {
		t.Errorf("status when too old = %s", s)
	}
	if a.ActivatePhone(got["activation_url"].(string)) {
		t.Error("an old activation worked")
	}
	now.pass(a, -600*time.Second)
	if !a.ActivatePhone(got["activation_url"].(string)) || a.ActivatePhone(got["activation_url"].(string)) {
		t.Error("an activation works once")
	}
	if s := status(); s != "success" {
		t.Errorf("status = %s", s)
	}
	if got := c.preauth(params{"username": "new"}); got["result"] != "auth" {
		t.Errorf("preauth = %v", got)
	}
	c.post("/auth/v2/enroll", params{"username": "New"}).fails(40002, "username already exists")
	if name := c.post("/auth/v2/enroll", nil).text("username"); len(name) != 32 {
		t.Errorf("made-up name = %q", name)
	}
}

func TestTrustedDevice(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.auth()
	a.admin().post("/admin/v1/integrations/"+a.Credentials().AuthKey, params{"trusted_device_days": "7"}).ok()
	token := c.post("/auth/v2/auth", push("test1")).text("trusted_device_token")
	if got := c.preauth(params{"username": "test1", "trusted_device_token": token}); got["result"] != "allow" {
		t.Errorf("preauth = %v", got)
	}
	if got := c.preauth(params{"username": "test1", "trusted_device_token": "x" + token}); got["result"] != "auth" {
		t.Errorf("preauth with another token = %v", got)
	}
}
