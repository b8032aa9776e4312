package duotest_test

import (
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

func TestAdminGroups(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	u, _ := a.User("test1")
	id := c.post("/admin/v1/groups", params{"name": "Ops", "desc": "d"}).text("group_id")
	c.post("/admin/v1/groups", params{"name": "ops"}).fails(40003, "")
	c.post("/admin/v1/groups", nil).fails(40001, "name")
	c.post("/admin/v1/groups/"+id, params{"status": "odd"}).fails(40002, "status")
	path := "/admin/v1/users/" + u.ID + "/groups"
	c.post(path, params{"group_id": id}).ok()
	c.post(path, params{"group_id": "DGX"}).fails(40002, "group_id")
	if got := c.get(path, nil).list(); len(got) != 1 || got[0]["name"] != "Ops" || got[0]["status"] != "Active" {
		t.Errorf("groups = %v", got)
	}
	for status, want := range map[string]string{"bypass": "allow", "disabled": "deny", "active": "auth"} {
		c.post("/admin/v1/groups/"+id, params{"status": status}).ok()
		if got := a.auth().preauth(params{"username": "test1"}); got["result"] != want {
			t.Errorf("group %s: %v", status, got)
		}
	}
	if got := c.get("/admin/v2/groups/"+id+"/users", nil).list(); len(got) != 1 || got[0]["username"] != "test1" {
		t.Errorf("members = %v", got)
	}
	if got := c.get("/admin/v1/groups/"+id, nil).fields(); len(got["users"].([]any)) != 1 {
		t.Errorf("group = %v", got)
	}
	if got := c.get("/admin/v2/groups/"+id, nil).fields(); got["users"] != nil {
		t.Errorf("group = %v", got)
	}
	for range 2 {
		c.delete(path + "/" + id).ok()
	}
	if got, _ := a.User("test1"); len(got.Groups) != 0 {
		t.Errorf("user = %+v", got)
	}
	for range 2 {
		c.delete("/admin/v1/groups/" + id).ok()
	}
	c.get("/admin/v2/groups/"+id, nil).fails(40401, "")
}

func TestAdminTokens(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	u, _ := a.User("test1")
	hotp := params{"type": "h6", "serial": "1", "secret": "3132333435363738393031323334353637383930"}
	id := c.post("/admin/v1/tokens", hotp).text("token_id")
	c.post("/admin/v1/tokens", hotp).fails(40003, "")
	c.post("/admin/v1/tokens", params{"type": "d1", "serial": "2"}).fails(40002, "type")
	c.post("/admin/v1/tokens", params{"type": "yk", "serial": "2", "private_id": "12", "aes_key": strings.Repeat("0", 32)}).fails(40002, "private_id")
	c.post("/admin/v1/tokens", params{"type": "t6", "serial": "2", "secret": "no"}).fails(40002, "secret")
	if got := c.get("/admin/v1/tokens", params{"type": "h6", "serial": "1"}).list(); len(got) != 1 {
		t.Errorf("by serial = %v", got)
	}
	c.get("/admin/v1/tokens", params{"type": "h6"}).fails(40002, "serial")
	c.post("/admin/v1/users/"+u.ID+"/tokens", params{"token_id": id}).ok()
	if got := c.get("/admin/v1/tokens/"+id, nil).fields(); len(got["users"].([]any)) != 1 || got["totp_step"] != nil {
		t.Errorf("token = %v", got)
	}
	c.post("/admin/v1/tokens/"+id+"/resync", params{"code1": "755224", "code2": "287082", "code3": "1"}).fails(40002, "code1")
	c.post("/admin/v1/tokens/"+id+"/resync", params{"code1": "755224", "code2": "287082", "code3": "359152"}).ok()
	a.auth().wantAuth(params{"username": "test1", "factor": "passcode", "passcode": "969429"}, "allow", "allow", "Success. Logging you in...")
	for range 2 {
		c.delete("/admin/v1/users/" + u.ID + "/tokens/" + id).ok()
	}
	if got := c.get("/admin/v1/users/"+u.ID+"/tokens", nil).list(); len(got) != 0 {
		t.Errorf("tokens = %v", got)
	}
	for range 2 {
		c.delete("/admin/v1/tokens/" + id).ok()
	}
	c.get("/admin/v1/tokens/"+id, nil).fails(40401, "")
}

func TestAdminWebAuthn(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	u := a.AddUser(duotest.User{Name: "key", WebAuthn: []duotest.WebAuthnCredential{{Name: "Blue key"}}})
	if got := a.auth().preauth(params{"username": "key"}); got["result"] != "auth" {
		t.Errorf("preauth = %v", got)
	}
	got := c.get("/admin/v1/users/"+u.ID+"/webauthncredentials", nil).list()
	if len(got) != 1 || got[0]["credential_name"] != "Blue key" || got[0]["webauthnkey"] != u.WebAuthn[0].Key {
		t.Errorf("credentials = %v", got)
	}
	path := "/admin/v1/webauthncredentials"
	if got := c.get(path, nil).list(); len(got) != 1 || got[0]["user"].(map[string]any)["username"] != "key" {
		t.Errorf("all credentials = %v", got)
	}
	for range 2 {
		c.delete(path + "/" + u.WebAuthn[0].Key).ok()
	}
	c.get(path+"/"+u.WebAuthn[0].Key, nil).fails(40401, "")
}
