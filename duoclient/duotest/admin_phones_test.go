package duotest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAdminPhones(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	u := c.newUser("alice")
	p := c.post("/admin/v1/phones", params{
		"number": "734 555-0177", "extension": "12", "name": "Desk", "type": "mobile", "platform": "Google Android", "predelay": "2",
	}).fields()
	id := p["phone_id"].(string)
	if p["number"] != "+17345550177" || p["type"] != "Mobile" || p["platform"] != "Google Android" || p["predelay"] != "2" ||
		p["activated"] != false || fmt.Sprint(p["capabilities"]) != "[auto sms phone]" || fmt.Sprint(p["users"]) != "[]" || p["last_seen"] != nil {
		t.Errorf("phone = %v", p)
	}
	c.post("/admin/v1/phones", params{"number": "+17345550177", "extension": "12"}).fails(40003, "")
	c.post("/admin/v1/phones", params{"number": "+17345550177"}).ok()
	for field, bad := range map[string]string{"number": "call me", "type": "brick", "platform": "dos", "predelay": "soon"} {
		c.post("/admin/v1/phones", params{field: bad}).fails(40002, field)
	}
	c.post("/admin/v1/users/"+u+"/phones", params{"phone_id": id}).ok()
	c.post("/admin/v1/users/"+u+"/phones", params{"phone_id": id}).ok()
	c.post("/admin/v1/users/"+u+"/phones", params{"phone_id": "DPX"}).fails(40002, "phone_id")
	c.post("/admin/v1/users/"+u+"/phones", nil).fails(40001, "phone_id")
	if mine := c.get("/admin/v1/users/"+u+"/phones", nil).list(); len(mine) != 1 || mine[0]["users"] != nil {
		t.Errorf("her phones = %v", mine)
	}
	owners := c.get("/admin/v1/phones/"+id, nil).fields()["users"].([]any)
	if len(owners) != 1 || owners[0].(map[string]any)["username"] != "alice" || owners[0].(map[string]any)["is_enrolled"] != true {
		t.Errorf("owners = %v", owners)
	}
	if got := a.auth().preauth(params{"username": "alice"}); got["result"] != "auth" {
		t.Errorf("preauth with a phone that has a number = %v", got)
	}
	if got := c.post("/admin/v1/phones/"+id, params{"name": "Other"}).fields(); got["name"] != "Other" || got["extension"] != "12" {
		t.Errorf("changed phone = %v", got)
	}
	if got := c.get("/admin/v1/phones", params{"number": "(734) 555 0177", "extension": "12"}).list(); len(got) != 1 {
		t.Errorf("by number = %v", got)
	}
	for range 2 {
		c.delete("/admin/v1/users/" + u + "/phones/" + id).ok()
	}
	if got := a.auth().preauth(params{"username": "alice"}); got["result"] != "enroll" {
		t.Errorf("preauth without it = %v", got)
	}
	for range 2 {
		c.delete("/admin/v1/phones/" + id).ok()
	}
	c.get("/admin/v1/phones/"+id, nil).fails(40401, "")
}

func TestAdminPhoneMessages(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	id := c.newPhone(c.newUser("alice"), "+17345550177")
	path := "/admin/v1/phones/" + id
	got := c.post(path+"/activation_url", params{"valid_secs": "3600", "install": "1"}).fields()
	if !strings.HasPrefix(got["activation_url"].(string), a.URL+"/activate/") || got["valid_secs"] != float64(3600) ||
		got["installation_url"] == nil || !strings.HasPrefix(got["activation_barcode"].(string), a.URL+"/frame/qr?value=duo%3A%2F%2F") {
		t.Errorf("activation = %v", got)
	}
	again := c.post(path+"/activation_url", nil).fields()
	if again["installation_url"] != nil || again["valid_secs"] != float64(86400) {
		t.Errorf("activation = %v", again)
	}
	if a.ActivatePhone(got["activation_url"].(string)) {
		t.Error("an activation that was replaced works")
	}
	text := c.post(path+"/send_sms_activation", params{"install": "true", "activation_msg": "Go <acturl>!"}).fields()
	if !strings.HasPrefix(text["activation_msg"].(string), "Go "+a.URL+"/activate/") ||
		!strings.HasPrefix(text["installation_msg"].(string), "Welcome to Duo! To install the Duo Mobile app, click this link: "+a.URL) {
		t.Errorf("messages = %v", text)
	}
	c.post(path+"/send_sms_activation", params{"activation_msg": "Go!"}).fails(40002, "activation_msg")
	c.post(path+"/send_sms_installation", params{"installation_msg": "Go!"}).fails(40002, "installation_msg")
	c.post(path+"/send_sms_installation", nil).ok()
	c.post(path+"/send_sms_passcodes", nil).ok()
	if c.get(path, nil).fields()["sms_passcodes_sent"] != true {
		t.Error("no passcodes sent")
	}
	bare := c.post("/admin/v1/phones", nil).text("phone_id")
	for _, action := range []string{"activation_url", "send_sms_activation", "send_sms_installation", "send_sms_passcodes"} {
		c.post("/admin/v1/phones/"+bare+"/"+action, nil).fails(40002, "phone_id")
		c.post("/admin/v1/phones/DPX/"+action, nil).fails(40401, "")
	}
	if used := c.get("/admin/v1/info/telephony_credits_used", nil).fields(); used["telephony_credits_used"] != float64(4) {
		t.Errorf("credits used = %v", used)
	}
}

func TestVerificationPush(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, ask, now.config)
	c := a.admin()
	u, _ := a.User("test1")
	path := "/admin/v1/users/" + u.ID
	c.post(path+"/send_verification_push", params{"phone_id": "DPX"}).fails(40002, "phone_id")
	got := c.post(path+"/send_verification_push", params{"phone_id": u.Phones[0].ID}).fields()
	query := params{"push_id": got["push_id"].(string)}
	result := func() string { return c.get(path+"/verification_push_response", query).text("result") }
	if r := result(); r != "waiting" {
		t.Errorf("result = %s", r)
	}
	h := a.phone("test1")
	h.shows(got["confirmation_code"].(string))
	h.press("approve", "")
	if r := result(); r != "approve" {
		t.Errorf("result = %s", r)
	}
	now.pass(a, 2*time.Minute)
	c.get(path+"/verification_push_response", query).fails(40401, "")
	if len(a.Logins()) != 0 {
		t.Error("a verification push is no login")
	}
}
