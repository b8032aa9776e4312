package duotest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

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
