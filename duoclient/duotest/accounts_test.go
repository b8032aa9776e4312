package duotest_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

// child speaks to a child's Admin API with the parent's Accounts API keys.
func (a *app) child(of *duotest.Account) *caller {
	c := a.accounts()
	c.host = of.APIHost()
	return c
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.accounts()
	for _, c.v2 = range []bool{false, true} {
		made := c.post("/accounts/v1/account/create", params{"name": "Acme"}).fields()
		id, host := made["account_id"].(string), made["api_hostname"].(string)
		if !strings.HasPrefix(id, "DA") || host == a.APIHost || made["name"] != "Acme" {
			t.Errorf("account = %v", made)
		}
		if got := c.post("/accounts/v1/account/list", nil).list(); len(got) != 1 || got[0]["account_id"] != id {
			t.Errorf("accounts = %v", got)
		}
		child, ok := a.Account("Acme")
		if !ok || child.ID() != id || child.APIHost() != host {
			t.Fatalf("Account = %v, %v", child, ok)
		}
		in := a.child(child)
		in.v2 = c.v2
		in.post("/admin/v1/users", params{"username": "alice", "account_id": id}).ok()
		if got := in.get("/admin/v1/users", params{"account_id": id}).list(); len(got) != 1 || got[0]["username"] != "alice" {
			t.Errorf("child's users = %v", got)
		}
		if _, ok := a.User("alice"); ok || child.CountUsers() != 1 {
			t.Error("a child's user shows up elsewhere")
		}
		in.get("/admin/v1/users", nil).fails(40002, "account_id")
		in.get("/admin/v1/users", params{"account_id": "DAX"}).fails(40301, "")
		in.post("/accounts/v1/account/list", nil).fails(40301, "Wrong integration type for this API.")
		in.get("/auth/v2/check", nil).fails(40301, "Wrong integration type for this API.")
		c.get("/admin/v1/users", params{"account_id": id}).fails(40301, "Wrong integration type for this API.")
		in.signedHost = a.APIHost
		in.get("/admin/v1/users", params{"account_id": id}).fails(40103, "")
		k := a.Credentials()
		stranger := a.caller(k.AdminKey, k.AdminSecret)
		stranger.host = host
		stranger.get("/admin/v1/users", nil).fails(40102, "")
		c.post("/accounts/v1/account/delete", params{"account_id": id}).ok()
		c.post("/accounts/v1/account/delete", params{"account_id": id}).fails(40002, "account_id")
		if got := c.post("/accounts/v1/account/list", nil).list(); len(got) != 0 {
			t.Errorf("accounts = %v", got)
		}
		if _, err := a.try(in.request("GET", "/admin/v1/users", params{"account_id": id})); err == nil {
			t.Error("a deleted account's host answers")
		}
	}
	c.post("/accounts/v1/account/create", nil).fails(40001, "name")
}

// A child's own keys work on its own host, for its own users.
func TestChildHasEverything(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *duotest.Config) {
		c.Children = []duotest.Child{{ID: "DA000000000000000001", Name: "North", Users: []duotest.User{{Name: "n", Phones: []duotest.Phone{duotest.Smartphone("")}}}}}
	})
	child, ok := a.Account("DA000000000000000001")
	if !ok {
		t.Fatal("no child")
	}
	k := child.Credentials()
	auth := a.caller(k.AuthKey, k.AuthSecret)
	auth.host = child.APIHost()
	auth.wantAuth(push("n"), "allow", "allow", "Success. Logging you in...")
	auth.post("/auth/v2/auth", push("test1")).fails(40002, "username")
	if got := child.Pushes("n"); len(got) != 1 || len(a.Pushes("n")) != 0 {
		t.Errorf("pushes = %+v", got)
	}
	if len(child.Logins()) != 1 || len(a.Logins()) != 0 {
		t.Error("logs are not apart")
	}
	auth.host = a.APIHost
	auth.get("/auth/v2/check", nil).fails(40102, "")
	if _, err := a.AddAccount(duotest.Child{ID: child.ID()}); !errors.Is(err, duotest.ErrAccount) {
		t.Errorf("the same child twice: %v", err)
	}
	if _, err := a.AddAccount(duotest.Child{Listen: child.APIHost()}); err == nil {
		t.Error("two children on one address")
	}
}

func TestBilling(t *testing.T) {
	t.Parallel()
	a := start(t)
	child, err := a.AddAccount(duotest.Child{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	for prefix, c := range map[string]*caller{"/accounts": a.accounts(), "/admin": a.child(child)} {
		edition, credits := prefix+"/v1/billing/edition", prefix+"/v1/billing/telephony_credits"
		id := params{"account_id": child.ID()}
		c.post(edition, params{"account_id": child.ID(), "edition": "BEYOND"}).ok()
		if got := c.get(edition, id).text("edition"); got != "BEYOND" {
			t.Errorf("edition = %s", got)
		}
		c.post(edition, params{"account_id": child.ID(), "edition": "FREE"}).fails(40002, "edition")
		c.post(credits, params{"account_id": child.ID(), "credits": "1100"}).ok()
		if got := c.get(credits, id).text("credits"); got != "1100" {
			t.Errorf("credits = %s", got)
		}
		if got := a.admin().get("/admin/v1/info/summary", nil).fields(); got["telephony_credits_remaining"] != float64(900) {
			t.Errorf("parent = %v", got)
		}
		c.post(credits, params{"account_id": child.ID(), "credits": "2001"}).fails(40002, "credits")
	}
}

// Three children with two thousand users each fit into little memory.
func TestManyUsers(t *testing.T) { // alone, to know whose memory it is
	a := start(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for n := range 3 {
		child, err := a.AddAccount(duotest.Child{Name: fmt.Sprintf("Child %d", n)})
		if err != nil {
			t.Fatal(err)
		}
		child.AddUsers(2000, func(i int) duotest.User {
			return duotest.User{Name: fmt.Sprintf("user%04d", i), Phones: []duotest.Phone{{Number: fmt.Sprintf("+1734%07d", i)}}, BypassCodes: []string{"1"}}
		})
		c, total := a.child(child), 0
		for offset := 0; offset < 2000; offset += 300 {
			total += len(c.get("/admin/v1/users", params{"account_id": child.ID(), "limit": "300", "offset": fmt.Sprint(offset)}).list())
		}
		if total != 2000 || child.CountUsers() != 2000 {
			t.Errorf("child %d: %d users listed, %d there", n, total, child.CountUsers())
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("heap grew by %d MiB", grown>>20)
	}
}
