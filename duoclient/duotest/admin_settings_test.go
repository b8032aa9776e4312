package duotest_test

import (
	"strings"
	"testing"
)

func TestAdminSettings(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	got := c.get("/admin/v1/settings", nil).fields()
	if got["lockout_threshold"] != float64(10) || got["timezone"] != "UTC" || got["lockout_expire_duration"] != nil || got["sms_refresh"] != float64(0) {
		t.Errorf("settings = %v", got)
	}
	for _, c.v2 = range []bool{false, true} {
		got = c.post("/admin/v1/settings", params{
			"lockout_threshold": "5", "fraud_email_enabled": "1", "fraud_email": "f@x.example", "sms_refresh": "1", "push_enabled": "1", "unknown": "x",
		}).fields()
		if got["lockout_threshold"] != float64(5) || got["fraud_email_enabled"] != true || got["fraud_email"] != "f@x.example" ||
			got["sms_refresh"] != float64(1) || got["push_enabled"] != false || got["unknown"] != nil {
			t.Errorf("settings = %v", got)
		}
		for name, bad := range map[string]string{
			"lockout_expire_duration": "4", "minimum_password_length": "11", "helpdesk_bypass": "perhaps", "inactive_user_expiration": "29",
			"sms_batch": "11", "helpdesk_message": strings.Repeat("x", 201), "keypress_confirm": "", "timezone": "no where", "name": "",
		} {
			c.post("/admin/v1/settings", params{"lockout_threshold": "7", name: bad}).fails(40002, name)
		}
		if got = c.post("/admin/v1/settings", params{"fraud_email_enabled": "false"}).fields(); got["fraud_email"] != "" || got["lockout_threshold"] != float64(5) {
			t.Errorf("settings = %v", got)
		}
	}
}

func TestAdminLogo(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	const logo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
	c.post("/admin/v1/logo", params{"logo": "x"}).fails(40002, "logo")
	c.post("/admin/v1/logo", params{"logo": logo}).ok()
	got := a.auth().get("/auth/v2/logo", nil)
	if got.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(got.body, "\x89PNG") {
		t.Errorf("logo = %v %q", got.header, got.body)
	}
	c.delete("/admin/v1/logo").ok()
	a.auth().get("/auth/v2/logo", nil).fails(40401, "")
}

func TestAdminIntegrations(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	made := c.post("/admin/v3/integrations", params{
		"name": "Read only", "type": "adminapi", "adminapi_read_resource": "1", "networks_for_api_access": "127.0.0.0/8",
	}).fields()
	if made["adminapi_read_resource"] != float64(1) || made["adminapi_settings"] != float64(0) || made["user_access"] != "NO_USERS" {
		t.Errorf("integration = %v", made)
	}
	key, secret := made["integration_key"].(string), made["secret_key"].(string)
	reader := a.caller(key, secret)
	reader.get("/admin/v1/users", nil).ok()
	reader.post("/admin/v1/users", params{"username": "x"}).fails(40301, "")
	if got := c.get("/admin/v1/integrations/"+key+"/skey", nil).text("secret_key"); got != secret {
		t.Errorf("secret = %s", got)
	}
	c.post("/admin/v2/integrations/"+key, params{"reset_secret_key": "1"}).ok()
	reader.get("/admin/v1/users", nil).fails(40103, "")
	c.post("/admin/v1/integrations", params{"name": "x"}).fails(40001, "type")
	c.post("/admin/v1/integrations", params{"name": "x", "type": "authapi", "adminapi_info": "1"}).fails(40002, "adminapi_info")
	c.post("/admin/v1/integrations/"+key, params{"trusted_device_days": "61"}).fails(40002, "trusted_device_days")
	if got := c.get("/admin/v1/integrations", nil).list(); len(got) != 5 || got[0]["user_access"] != nil {
		t.Errorf("integrations = %v", got)
	}
	for range 2 {
		c.delete("/admin/v1/integrations/" + key).ok()
	}
	reader.get("/admin/v1/users", nil).fails(40102, "")
	// A policy of its own for the Auth API.
	c.post("/admin/v1/integrations/"+a.Credentials().AuthKey, params{"enroll_policy": "deny"}).ok()
	if got := a.auth().preauth(params{"username": "nobody"}); got["result"] != "deny" {
		t.Errorf("preauth = %v", got)
	}
}

func TestAdminAdministrators(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	id := c.post("/admin/v1/admins", params{"email": "h@x.example", "name": "Helper", "role": "help desk"}).text("admin_id")
	c.post("/admin/v1/admins", params{"email": "h@x.example", "name": "Helper"}).fails(40003, "")
	c.post("/admin/v1/admins", params{"email": "i@x.example", "name": "Helper", "role": "King"}).fails(40002, "role")
	if got := c.post("/admin/v1/admins/"+id, params{"status": "Disabled", "phone": "+1"}).fields(); got["status"] != "Disabled" || got["role"] != "Help Desk" {
		t.Errorf("admin = %v", got)
	}
	if got := c.get("/admin/v1/admins", nil).list(); len(got) != 2 {
		t.Errorf("admins = %v", got)
	}
	c.post("/admin/v1/admins/"+id+"/reset", nil).ok()
	for range 2 {
		c.delete("/admin/v1/admins/" + id).ok()
	}
	c.get("/admin/v1/admins/"+id, nil).fails(40401, "")
}
