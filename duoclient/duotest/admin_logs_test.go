package duotest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

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
