package duotest_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// The checks come in the service's order: each row spoils one thing and all
// that is checked after it.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*app, *caller)
		code   int
		detail string
	}{
		"no credentials": {func(_ *app, c *caller) {
			c.change = func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Del("Date") }
		}, 40101, ""},
		"not Basic": {func(_ *app, c *caller) {
			c.change = func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }
		}, 40101, ""},
		"not base64": {func(_ *app, c *caller) {
			c.change = func(r *http.Request) { r.Header.Set("Authorization", "Basic !") }
		}, 40101, ""},
		"no colon": {func(_ *app, c *caller) {
			c.change = func(r *http.Request) {
				r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("x")))
			}
		}, 40101, ""},
		"unknown key": {func(_ *app, c *caller) {
			c.key = "DI00000000000000000X"
			c.change = func(r *http.Request) { r.Header.Del("Date") }
		}, 40102, ""},
		"no date": {func(_ *app, c *caller) {
			c.secret = "x"
			c.change = func(r *http.Request) { r.Header["Date"] = nil }
		}, 40104, ""},
		"no such date": {func(_ *app, c *caller) {
			c.secret = "x"
			c.change = func(r *http.Request) { r.Header.Set("Date", "yesterday") }
		}, 40105, ""},
		"an old date": {func(a *app, c *caller) {
			c.secret, c.now = "x", func() time.Time { return a.now.Add(-301 * time.Second) }
		}, 40105, ""},
		"an early date": {func(a *app, c *caller) {
			c.secret, c.now = "x", func() time.Time { return a.now.Add(301 * time.Second) }
		}, 40105, ""},
		"wrong secret": {func(a *app, c *caller) {
			c.key, c.secret = a.Credentials().AuthKey, strings.Repeat("x", 40)
		}, 40103, ""},
		"another API's keys": {func(a *app, c *caller) {
			c.key, c.secret = a.Credentials().AuthKey, a.Credentials().AuthSecret
		}, 40301, "Wrong integration type for this API."},
		"the prompt's keys": {func(a *app, c *caller) {
			c.key, c.secret = a.Credentials().ClientID, a.Credentials().ClientSecret
		}, 40301, "Wrong integration type for this API."},
		"from the wrong network": {func(a *app, c *caller) {
			i := a.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Networks: []string{"192.0.2.0/24", "192.0.2.1"}})
			c.key, c.secret = i.Key, i.Secret
		}, 40301, ""},
		"without permission": {func(a *app, c *caller) {
			i := a.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{duotest.GrantReadLog}})
			c.key, c.secret = i.Key, i.Secret
		}, 40301, ""},
		"missing parameter": {func(*app, *caller) {}, 40001, "username"},
	} {
		for _, v2 := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := start(t)
				c := a.admin()
				c.v2 = v2
				tc.change(a, c)
				c.post("/admin/v1/users", nil).fails(tc.code, tc.detail)
			})
		}
	}
}

func TestSkewThatIsAllowed(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, skew := range []time.Duration{-300 * time.Second, 0, 300 * time.Second} {
		c := a.auth()
		c.now = func() time.Time { return a.now.Add(skew) }
		c.get("/auth/v2/check", nil).ok()
	}
	a.SetFaults(duotest.Faults{ClockOffset: 6 * time.Minute})
	a.auth().get("/auth/v2/check", nil).fails(40105, "")
}

func TestNoSuchCall(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	c.get("/admin/v1/nothing", nil).fails(40401, "")
	c.get("/admin/v1/users/", nil).fails(40401, "")
	c.get("/admin/v1/users/DUNOBODY", nil).fails(40401, "")
	got := c.call(http.MethodPut, "/admin/v1/users", nil)
	got.fails(40501, "")
	if allow := got.header.Values("Allow"); len(allow) != 2 {
		t.Errorf("Allow = %v", allow)
	}
	c.secret = "wrong"
	c.get("/admin/v1/nothing", nil).fails(40103, "")
}

func TestAnswersLookRight(t *testing.T) {
	t.Parallel()
	a := start(t)
	good := a.admin().get("/admin/v1/info/summary", nil)
	want := `{"response":{"admin_count":1,"integration_count":4,"telephony_credits_remaining":1000,"user_count":1},"stat":"OK"}`
	if good.body != want {
		t.Errorf("body = %s", good.body)
	}
	for name, value := range map[string]string{
		"Server": "Duo/1.0", "Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache",
		"Strict-Transport-Security": "max-age=31536000",
	} {
		if got := good.header.Get(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
	if tag := good.header.Get("ETag"); !strings.HasPrefix(tag, `W/"`) || len(tag) != 44 {
		t.Errorf("ETag = %q", tag)
	}
	c := a.admin()
	c.secret = "x"
	bad := c.get("/admin/v1/info/summary", nil)
	if want := `{"code": 40103, "message": "Invalid signature in request credentials", "stat": "FAIL"}`; bad.body != want {
		t.Errorf("body = %s", bad.body)
	}
	for _, name := range []string{"Cache-Control", "ETag", "Strict-Transport-Security"} {
		if got := bad.header.Get(name); got != "" {
			t.Errorf("an error carries %s: %s", name, got)
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	a := start(t)
	for path, grant := range map[string]duotest.Permission{
		"/admin/v1/users": duotest.GrantReadResource, "/admin/v1/settings": duotest.GrantSettings,
		"/admin/v1/admins": duotest.GrantAdminsRead, "/admin/v1/info/summary": duotest.GrantInfo,
		"/admin/v1/logs/administrator": duotest.GrantReadLog, "/admin/v1/integrations": duotest.GrantIntegrations,
	} {
		for _, granted := range []duotest.Permission{grant, duotest.GrantWriteResource, duotest.GrantAdmins} {
			i := a.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{granted}})
			got := a.caller(i.Key, i.Secret).get(path, nil)
			implied := granted == grant || (granted == duotest.GrantWriteResource && grant == duotest.GrantReadResource) ||
				(granted == duotest.GrantAdmins && grant == duotest.GrantAdminsRead)
			if implied != (got.status == http.StatusOK) {
				t.Errorf("%s with %s: %s", path, granted, got.body)
			}
		}
	}
}

func TestAPIFaults(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	a.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{
		"POST /admin/v1/users":        duotest.RateLimited(2, "3"),
		"/admin/v1/users":             duotest.Outage(1, http.StatusServiceUnavailable),
		"/admin/v1/phones/{phone_id}": duotest.RateLimited(0, ""),
		"*":                           {JSON: duotest.JSONFaults{Set: map[string]any{"response.extra": 1}}},
	}})
	for i := range 2 {
		got := c.post("/admin/v1/users", params{"username": "late"})
		got.fails(42901, "")
		if got.header.Get("Retry-After") != "3" {
			t.Errorf("try %d: Retry-After = %q", i, got.header.Get("Retry-After"))
		}
	}
	if _, ok := a.User("late"); ok {
		t.Error("a call that was turned away did something")
	}
	id := c.newUser("late")
	c.get("/admin/v1/users", nil).fails(50300, "")
	c.get("/admin/v1/users", nil).ok()
	for range 3 {
		got := c.get("/admin/v1/phones/DPX", nil)
		got.fails(42901, "")
		if got.header.Get("Retry-After") != "" {
			t.Error("a Retry-After that nobody asked for")
		}
	}
	if got := c.get("/admin/v1/users/"+id, nil).fields(); got["extra"] != float64(1) {
		t.Errorf("user = %v", got)
	}
	// Whoever is not let in learns that first.
	c.secret = "x"
	c.get("/admin/v1/phones/DPX", nil).fails(40103, "")
	a.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/auth/v2/check": {Truncate: true}}})
	if _, err := a.try(a.auth().request(http.MethodGet, "/auth/v2/check", nil)); err == nil {
		t.Error("a body that was cut came whole")
	}
}

func TestUnreadableBodies(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	body := strings.Repeat("x", 2<<20)
	c.post("/admin/v1/users", params{"username": body}).fails(40002, "body")
	c.change = func(r *http.Request) {
		text := "[1]"
		date := r.Header.Get("Date")
		lines := []string{date, "POST", a.APIHost, "/admin/v1/users", "", hexHash(text), hexHash("")}
		r.Body = http.NoBody
		*r = *c.withBody(r, text)
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.key+":"+sha512MAC(c.secret, strings.Join(lines, "\n")))))
	}
	c.post("/admin/v1/users", nil).fails(40002, "body")
}
