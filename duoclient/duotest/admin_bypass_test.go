package duotest_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

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
		got[0]["user"].(map[string]any)["username"] != "test1" || strings.Contains(listed.body, `"111"`) {
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
