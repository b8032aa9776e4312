package duotest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

func TestAdminUsers(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	for _, c.v2 = range []bool{false, true} {
		name := map[bool]string{false: "five", true: "two"}[c.v2]
		u := c.post("/admin/v1/users", params{
			"username": name, "realname": "Alice Ålund", "email": name + "@x.example", "aliases": "alias1=a1-" + name + "&alias6=a6-" + name,
			"status": "bypass", "notes": "n", "firstname": "Alice", "lastname": "Å", "enable_auto_prompt": "0", "custom_attributes.Site": "Oslo",
		}).fields()
		id := u["user_id"].(string)
		if u["username"] != name || u["status"] != "bypass" || u["alias1"] != "a1-"+name || u["alias2"] != nil ||
			fmt.Sprint(u["aliases"]) != fmt.Sprintf("map[alias1:a1-%s alias6:a6-%s]", name, name) || u["enable_auto_prompt"] != false ||
			u["is_enrolled"] != false || u["created"] != float64(epoch.Unix()) || u["last_login"] != nil ||
			fmt.Sprint(u["custom_attributes"]) != "map[Site:Oslo]" || len(u["phones"].([]any)) != 0 {
			t.Errorf("user = %v", u)
		}
		for _, taken := range []string{name, strings.ToUpper(name), "a6-" + name} {
			c.post("/admin/v1/users", params{"username": taken}).fails(40003, "")
		}
		for field, bad := range map[string]string{"status": "gone", "enable_auto_prompt": "maybe", "aliases": "alias9=x"} {
			c.post("/admin/v1/users", params{"username": "other", field: bad}).fails(40002, field)
		}
		c.post("/admin/v1/users", params{"username": "other", "aliases": "alias1=x", "alias2": "y"}).fails(40002, "aliases")
		c.post("/admin/v1/users/"+id, params{"username": "test1"}).fails(40003, "")
		got := c.post("/admin/v1/users/"+id, params{"username": name + "-new", "alias1": "", "email": ""}).fields()
		if got["username"] != name+"-new" || got["alias1"] != nil || got["email"] != "" || got["realname"] != "Alice Ålund" {
			t.Errorf("changed user = %v", got)
		}
		for query, n := range map[string]int{name: 0, name + "-new": 1, "A6-" + name: 1, "a1-" + name: 0} {
			if found := c.get("/admin/v1/users", params{"username": query}).list(); len(found) != n {
				t.Errorf("by %q: %d users", query, len(found))
			}
		}
		if found := c.get("/admin/v1/users", params{"user_id_list": `["` + id + `","DUX"]`}).list(); len(found) != 1 {
			t.Errorf("by ID: %v", found)
		}
		for range 2 {
			if got := c.delete("/admin/v1/users/" + id).ok(); string(got.Response) != `""` {
				t.Errorf("delete = %s", got.body)
			}
		}
		c.get("/admin/v1/users/"+id, nil).fails(40401, "")
		c.post("/admin/v1/users/"+id, params{"email": "x"}).fails(40401, "")
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *duotest.Config) { c.Users = []duotest.User{} })
	a.AddUsers(1050, func(i int) duotest.User {
		return duotest.User{Name: fmt.Sprintf("user%04d", i), Phones: []duotest.Phone{{Number: fmt.Sprintf("+1734555%04d", i)}}}
	})
	c := a.admin()
	for path, tc := range map[string]struct {
		limit string
		pages []int
	}{
		"/admin/v1/users":  {"1000", []int{300, 300, 300, 150}},
		"/admin/v1/phones": {"", []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 50}},
	} {
		seen, offset := map[string]bool{}, "0"
		for i, want := range tc.pages {
			p := params{"offset": offset}
			if tc.limit != "" {
				p["limit"] = tc.limit
			}
			got := c.get(path, p)
			for _, item := range got.list() {
				seen[fmt.Sprint(item["user_id"], item["phone_id"])] = true
			}
			if len(got.list()) != want || got.Metadata["total_objects"] != float64(1050) {
				t.Errorf("%s page %d: %d items, metadata %v", path, i, len(got.list()), got.Metadata)
			}
			next, more := got.Metadata["next_offset"].(float64)
			if more != (i+1 < len(tc.pages)) {
				t.Errorf("%s page %d: metadata %v", path, i, got.Metadata)
			}
			offset = strconv.Itoa(int(next))
		}
		if len(seen) != 1050 {
			t.Errorf("%s: %d different items", path, len(seen))
		}
	}
	if got := c.get("/admin/v1/groups", nil); fmt.Sprint(got.Metadata) != "map[total_objects:0]" || string(got.Response) != "[]" {
		t.Errorf("nothing = %s", got.body)
	}
	if got := c.get("/admin/v1/users", params{"offset": "5000"}); len(got.list()) != 0 || got.Metadata["next_offset"] != nil {
		t.Errorf("beyond the end = %s", got.body)
	}
	if got := c.get("/admin/v1/users", params{"offset": "900", "limit": "150"}); got.Metadata["next_offset"] != nil {
		t.Errorf("an exact last page = %v", got.Metadata)
	}
	for name, value := range map[string]string{"limit": "0", "offset": "-1"} {
		c.get("/admin/v1/users", params{name: value}).fails(40002, name)
		c.get("/admin/v1/users", params{name: "x"}).fails(40002, name)
	}
	c.get("/admin/v1/settings", params{"limit": "1000"}).ok()
}

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

func TestAdminBypassCodes(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, ask, now.config)
	c := a.admin()
	u, _ := a.User("test1")
	path := "/admin/v1/users/" + u.ID + "/bypass_codes"
	var codes []string
	c.post(path, nil).into(&codes)
	if len(codes) != 10 || len(codes[0]) != 9 {
		t.Errorf("codes = %v", codes)
	}
	first := codes[0]
	c.post(path, params{"codes": "111,222", "reuse_count": "2", "valid_secs": "60"}).into(&codes)
	if !slices.Equal(codes, []string{"111", "222"}) {
		t.Errorf("own codes = %v", codes)
	}
	wrong := params{"username": "test1", "factor": "passcode", "passcode": first}
	if _, status, _ := a.auth().auth(wrong); status != "deny" {
		t.Error("a code that was replaced works")
	}
	listed := c.get(path, nil)
	if got := listed.list(); len(got) != 2 || got[0]["reuse_count"] != float64(2) || got[0]["expiration"] != float64(epoch.Unix()+60) ||
		got[0]["user"].(map[string]any)["username"] != "test1" || strings.Contains(listed.body, "111") {
		t.Errorf("codes = %s", listed.body)
	}
	c.post(path, params{"count": "1", "reuse_count": "0", "preserve_existing": "true"}).into(&codes)
	forever := codes[0]
	// In the prompt and in the Auth API it is the same code.
	p := a.open("test1")
	a.wantContext(a.callback(p.press("bypass", "bypass_code", "111")), "authentication", "bypass_code", "valid_passcode")
	if got := c.get(path, nil).list(); got[0]["reuse_count"] != float64(1) || got[2]["reuse_count"] != nil {
		t.Errorf("after one use = %v", got)
	}
	use := func(code, want string) {
		t.Helper()
		if result, _, _ := a.auth().auth(params{"username": "test1", "factor": "passcode", "passcode": code}); result != want {
			t.Errorf("code %s: %s, want %s", code, result, want)
		}
	}
	use("111", "allow")
	use("111", "deny")
	now.pass(a, 59*time.Second)
	use("222", "allow")
	now.pass(a, time.Second)
	use("222", "deny")
	for range 3 {
		use(forever, "allow")
	}
	left := c.get("/admin/v1/bypass_codes", nil).list()
	if len(left) != 1 {
		t.Fatalf("left = %v", left)
	}
	id := left[0]["bypass_code_id"].(string)
	c.get("/admin/v1/bypass_codes/"+id, nil).ok()
	for range 2 {
		c.delete("/admin/v1/bypass_codes/" + id).ok()
	}
	c.get("/admin/v1/bypass_codes/"+id, nil).fails(40401, "")
	use(forever, "deny")
	for name, tc := range map[string]struct {
		p      params
		detail string
	}{
		"too many":     {params{"count": "11"}, "count"},
		"none":         {params{"count": "0"}, "count"},
		"both":         {params{"count": "1", "codes": "1"}, "codes"},
		"letters":      {params{"codes": "12a"}, "codes"},
		"long":         {params{"codes": "1234567890"}, "codes"},
		"negative":     {params{"valid_secs": "-1"}, "valid_secs"},
		"reuse":        {params{"reuse_count": "x"}, "reuse_count"},
		"preservation": {params{"preserve_existing": "2"}, "preserve_existing"},
	} {
		t.Run(name, func(t *testing.T) { c := *c; c.t = t; c.post(path, tc.p).fails(40002, tc.detail) })
	}
	for range 10 {
		c.post(path, params{"preserve_existing": "1"}).ok()
	}
	c.post(path, params{"preserve_existing": "1", "count": "1"}).fails(40002, "count")
	c.post("/admin/v1/users/DUX/bypass_codes", nil).fails(40401, "")
}

// Deleting a user ends what was made for them, and what is going on.
func TestDeletedUser(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	c := a.admin()
	u := c.newUser("alice")
	phone := c.newPhone(u, "+17345550177")
	a.ActivatePhone(c.post("/admin/v1/phones/"+phone+"/activation_url", nil).text("activation_url"))
	var codes []string
	c.post("/admin/v1/users/"+u+"/bypass_codes", params{"count": "1"}).into(&codes)
	page := a.open("alice")
	async := push("alice")
	async["async"] = "1"
	id := a.auth().post("/auth/v2/auth", async).text("txid")
	c.delete("/admin/v1/users/" + u).ok()
	page.press("bypass", "bypass_code", codes[0])
	if page.last.header.Get("Location") != "" {
		t.Error("the code of a deleted user works")
	}
	status := params{"txid": id}
	a.auth().get("/auth/v2/auth_status", status).ok()
	if got := a.auth().get("/auth/v2/auth_status", status).text("result"); got != "deny" {
		t.Errorf("her login goes on: %s", got)
	}
	a.auth().post("/auth/v2/auth", push("alice")).fails(40002, "username")
	if got := c.get("/admin/v1/phones/"+phone, nil).fields(); fmt.Sprint(got["users"]) != "[]" {
		t.Errorf("phone = %v", got)
	}
	c.newUser("alice")
	if got := a.auth().preauth(params{"username": "alice"}); got["result"] != "enroll" {
		t.Errorf("her successor has a phone: %v", got)
	}
}

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

func TestDirectorySync(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	d := a.AddDirectory(duotest.Directory{Users: []duotest.User{{Name: "dora", RealName: "Dora D.", Email: "d@x.example"}}})
	if len(d.Key) != 20 {
		t.Errorf("key = %q", d.Key)
	}
	path := "/admin/v1/users/directorysync/" + d.Key + "/syncuser"
	got := c.post(path, params{"username": "DORA"}).fields()
	if got["username"] != "dora" || got["realname"] != "Dora D." || got["last_directory_sync"] != float64(epoch.Unix()) || got["external_id"] == nil {
		t.Errorf("user = %v", got)
	}
	c.post(path, params{"username": "nobody"}).fails(40002, "username")
	c.post(path, nil).fails(40001, "username")
	c.post("/admin/v1/users/directorysync/DSX/syncuser", params{"username": "dora"}).fails(40401, "")
	a.AddDirectory(duotest.Directory{Key: d.Key})
	if got := c.post(path, params{"username": "dora"}).fields(); got["status"] != "pending deletion" {
		t.Errorf("user who left = %v", got)
	}
}

func TestUserEnrollAndBulk(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	var code string
	c.post("/admin/v1/users/enroll", params{"username": "new", "email": "n@x.example"}).into(&code)
	if u, ok := a.User("new"); !ok || u.Email != "n@x.example" || code == "" {
		t.Errorf("user = %+v, code %q", u, code)
	}
	c.post("/admin/v1/users/enroll", params{"username": "new"}).fails(40001, "email")
	c.post("/admin/v1/users/enroll", params{"username": "test1", "email": "t@x.example"}).fails(40002, "username")
	users := `[{"username":"b1","realname":"B 1"},{"username":"b2","status":"disabled"}]`
	if got := c.post("/admin/v1/users/bulk_create", params{"users": users}).list(); len(got) != 2 || got[1]["status"] != "disabled" {
		t.Errorf("bulk_create = %v", got)
	}
	c.post("/admin/v1/users/bulk_create", params{"users": `[{"username":"b3"},{"username":"b1"}]`}).fails(40003, "")
	if _, ok := a.User("b3"); ok {
		t.Error("half of a bulk_create happened")
	}
	u, _ := a.User("b1")
	out := c.post("/admin/v1/bulk", params{"operations": `[
		{"method":"POST","path":"/admin/v1/users","body":{"username":"b4"}},
		{"method":"POST","path":"/admin/v1/users/` + u.ID + `","body":{"email":"e"}},
		{"method":"POST","path":"/admin/v1/users","body":{"username":"b4"}},
		{"method":"DELETE","path":"/admin/v1/users/` + u.ID + `"},
		{"method":"POST","path":"/admin/v1/settings"}]`}).list()
	stats := []string{}
	for _, o := range out {
		stats = append(stats, fmt.Sprint(o["stat"], o["code"]))
	}
	if fmt.Sprint(stats) != "[OK<nil> OK<nil> FAIL40003 OK<nil> FAIL40002]" {
		t.Errorf("bulk = %v", stats)
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

func TestLogs(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, now.config)
	c := a.admin()
	for range 25 {
		now.pass(a, time.Second)
		a.auth().auth(push("test1"))
	}
	a.SetAuto(duotest.Deny)
	now.pass(a, time.Second)
	a.auth().auth(push("test1"))
	a.SetAuto(duotest.Approve)
	now.pass(a, time.Second)
	a.code()
	to := strconv.FormatInt(a.now.UnixMilli()+1, 10)
	for _, order := range []string{"ts:asc", "ts:desc"} {
		seen, pages := []string{}, 0
		p := params{"mintime": "0", "maxtime": to, "limit": "10", "sort": order}
		for {
			pages++
			got := c.get("/admin/v2/logs/authentication", p).fields()
			for _, e := range got["authlogs"].([]any) {
				seen = append(seen, e.(map[string]any)["txid"].(string))
			}
			metadata := got["metadata"].(map[string]any)
			if metadata["total_objects"] != float64(27) {
				t.Errorf("metadata = %v", metadata)
			}
			next, more := metadata["next_offset"].([]any)
			if !more {
				break
			}
			p["next_offset"] = fmt.Sprintf("%s,%s", next...)
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != 27 || pages != 3 {
			t.Errorf("%s: %d entries on %d pages", order, len(seen), pages)
		}
	}
	entries := func(p params) []any {
		p["mintime"], p["maxtime"] = "0", to
		return c.get("/admin/v2/logs/authentication", p).fields()["authlogs"].([]any)
	}
	last := entries(params{"applications": clientID})
	if len(last) != 1 {
		t.Fatalf("prompt's entries = %v", last)
	}
	e := last[0].(map[string]any)
	if e["result"] != "success" || e["factor"] != "duo_push" || e["auth_device"].(map[string]any)["key"] == nil ||
		e["user"].(map[string]any)["name"] != "test1" {
		t.Errorf("entry = %v", e)
	}
	if got := entries(params{"results": "denied"}); len(got) != 1 {
		t.Errorf("denied = %v", got)
	}
	for name, p := range map[string]params{
		"mintime": {"maxtime": to}, "maxtime": {"mintime": "5", "maxtime": "5"}, "next_offset": {"mintime": "0", "maxtime": to, "next_offset": "x"},
	} {
		if got := c.get("/admin/v2/logs/authentication", p); got.Detail != name || got.status != http.StatusBadRequest {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	attempts := c.get("/admin/v1/info/authentication_attempts", nil).fields()["authentication_attempts"]
	if fmt.Sprint(attempts) != "map[ERROR:0 FAILURE:1 FRAUD:0 SUCCESS:26]" {
		t.Errorf("attempts = %v", attempts)
	}
	c.newPhone(c.newUser("alice"), "+17345550177")
	admin := c.get("/admin/v1/logs/administrator", params{"mintime": strconv.FormatInt(epoch.Unix(), 10)}).list()
	actions := []string{}
	for _, e := range admin {
		actions = append(actions, e["action"].(string))
	}
	if !slices.Equal(actions, []string{"user_create", "phone_create", "phone_associate"}) || admin[0]["username"] != "API (Admin API)" {
		t.Errorf("administrator log = %v", admin)
	}
	a.auth().auth(params{"username": "test1", "factor": "sms", "device": "auto"})
	now.pass(a, time.Second)
	to = strconv.FormatInt(a.now.UnixMilli(), 10)
	items := c.get("/admin/v2/logs/telephony", params{"mintime": "0", "maxtime": to}).fields()["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["type"] != "sms" {
		t.Errorf("telephony = %v", items)
	}
	for _, path := range []string{"/admin/v1/logs/telephony", "/admin/v1/logs/authentication"} {
		c.get(path, nil).ok()
	}
	c.get("/admin/v2/logs/activity", params{"mintime": "0", "maxtime": to}).ok()
}
