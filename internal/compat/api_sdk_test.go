package compat_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"

	"mfaserver/duoclient/duotest"
)

// library is Duo's API library, with nothing changed but the CA that it trusts.
func library(s *duotest.Server, host, key, secret string) *duoapi.DuoApi {
	return duoapi.NewDuoApi(key, secret, host, "compat", duoapi.SetTransport(func(tr *http.Transport) {
		tr.TLSClientConfig.RootCAs = s.CA().Pool()
		tr.DisableKeepAlives = true
	}))
}

func libraryAuth(s *duotest.Server) *authapi.AuthApi {
	k := s.Credentials()
	return authapi.NewAuthApi(*library(s, s.APIHost, k.AuthKey, k.AuthSecret))
}

func libraryAdmin(s *duotest.Server) *admin.Client {
	k := s.Credentials()
	return admin.New(*library(s, s.APIHost, k.AdminKey, k.AdminSecret))
}

// ok holds an answer's envelope.
func ok(t *testing.T, what string, stat duoapi.StatResult, err error) {
	t.Helper()
	if err != nil || stat.Stat != "OK" {
		message := ""
		if stat.Message != nil {
			message = *stat.Message
		}
		t.Fatalf("%s: stat %q %s, %v", what, stat.Stat, message, err)
	}
}

func TestLibraryAuth(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := libraryAuth(s)
	ping, err := c.Ping()
	ok(t, "Ping", ping.StatResult, err)
	check, err := c.Check()
	ok(t, "Check", check.StatResult, err)
	if off := time.Now().Unix() - check.Response.Time; off < 0 || off > 60 {
		t.Errorf("time = %d", check.Response.Time)
	}
	if logo, err := c.Logo(); err != nil || logo.Stat != "FAIL" {
		t.Errorf("Logo without one = %+v, %v", logo, err)
	}
	enrolled, err := c.Enroll(authapi.EnrollUsername("new"), authapi.EnrollValidSeconds(600))
	ok(t, "Enroll", enrolled.StatResult, err)
	state, err := c.EnrollStatus(enrolled.Response.User_Id, enrolled.Response.Activation_Code)
	ok(t, "EnrollStatus", state.StatResult, err)
	if state.Response != "waiting" {
		t.Errorf("EnrollStatus = %+v", state.Response)
	}
	preauth, err := c.Preauth(authapi.PreauthUsername("test1"), authapi.PreauthIpAddr("203.0.113.1"))
	ok(t, "Preauth", preauth.StatResult, err)
	if r := preauth.Response; r.Result != "auth" || len(r.Devices) != 1 || r.Devices[0].Number != "XXX-XXX-0100" ||
		!slices.Contains(r.Devices[0].Capabilities, "push") {
		t.Errorf("Preauth = %+v", r)
	}
	got, err := c.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"), authapi.AuthType("Login"),
		authapi.AuthDisplayUsername("Alice"), authapi.AuthPushinfo("a=b&c=d"))
	ok(t, "Auth", got.StatResult, err)
	if r := got.Response; r.Result != "allow" || r.Status != "allow" || r.Status_Msg != "Success. Logging you in..." {
		t.Errorf("Auth = %+v", r)
	}
	unknown, err := c.Auth("push", authapi.AuthUsername("nobody"), authapi.AuthDevice("auto"))
	if err != nil || unknown.Stat != "FAIL" || unknown.Code == nil || *unknown.Code != 40002 || *unknown.Message_Detail != "username" {
		t.Errorf("Auth of nobody = %+v, %v", unknown, err)
	}
}

func TestLibraryAuthAsync(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SetAuto(duotest.Ask)
	c := libraryAuth(s)
	begun, err := c.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"), authapi.AuthAsync())
	ok(t, "Auth", begun.StatResult, err)
	first, err := c.AuthStatus(begun.Response.Txid)
	ok(t, "AuthStatus", first.StatResult, err)
	if first.Response.Result != "waiting" || first.Response.Status != "pushed" {
		t.Errorf("AuthStatus = %+v", first.Response)
	}
	if err := s.AnswerPush("test1", duotest.AnswerFraud); err != nil {
		t.Fatal(err)
	}
	last, err := c.AuthStatus(begun.Response.Txid)
	ok(t, "AuthStatus", last.StatResult, err)
	if last.Response.Result != "deny" || last.Response.Status != "fraud" {
		t.Errorf("AuthStatus = %+v", last.Response)
	}
}

func TestLibraryAdminUsers(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := libraryAdmin(s)
	name := "First Last"
	alias := "also"
	wanted := admin.User{Username: "fl", RealName: &name, Email: "fl@x.example", Alias1: &alias, Status: "active"}
	made, err := c.CreateUser(wanted.URLValues())
	ok(t, "CreateUser", made.StatResult, err)
	id := made.Response.UserID
	if u := made.Response; u.Username != "fl" || *u.RealName != name || *u.Alias1 != alias || u.IsEnrolled {
		t.Errorf("CreateUser = %+v", u)
	}
	got, err := c.GetUser(id)
	ok(t, "GetUser", got.StatResult, err)
	changed, err := c.ModifyUser(id, url.Values{"notes": {"n n"}})
	ok(t, "ModifyUser", changed.StatResult, err)
	if changed.Response.Notes != "n n" {
		t.Errorf("ModifyUser = %+v", changed.Response)
	}
	group := addGroup(t, s, "Ops")
	joined, err := c.AssociateGroupWithUser(id, group)
	ok(t, "AssociateGroupWithUser", *joined, err)
	groups, err := c.GetUserGroups(id)
	ok(t, "GetUserGroups", groups.StatResult, err)
	if len(groups.Response) != 1 || groups.Response[0].GroupID != group {
		t.Errorf("GetUserGroups = %+v", groups.Response)
	}
	left, err := c.DisassociateGroupFromUser(id, group)
	ok(t, "DisassociateGroupFromUser", *left, err)
	codes, err := c.GetUserBypassCodes(id)
	ok(t, "GetUserBypassCodes", codes.StatResult, err)
	if len(codes.Response) != 10 {
		t.Errorf("GetUserBypassCodes = %v", codes.Response)
	}
	u2f, err := c.GetUserU2FTokens(id)
	ok(t, "GetUserU2FTokens", u2f.StatResult, err)
	gone, err := c.DeleteUser(id)
	ok(t, "DeleteUser", *gone, err)
	if missing, err := c.GetUser(id); err != nil || missing.Stat != "FAIL" {
		t.Errorf("GetUser of a deleted one = %+v, %v", missing, err)
	}
}

// addGroup makes a group with the library's generic call; it has no other.
func addGroup(t *testing.T, s *duotest.Server, name string) string {
	t.Helper()
	return create(t, s, "/admin/v1/groups", url.Values{"name": {name}}, "group_id")
}

func TestLibraryAdminDevices(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := libraryAdmin(s)
	u, _ := s.User("test1")
	phones, err := c.GetUserPhones(u.ID)
	ok(t, "GetUserPhones", phones.StatResult, err)
	if len(phones.Response) != 1 || !phones.Response[0].Activated {
		t.Errorf("GetUserPhones = %+v", phones.Response)
	}
	all, err := c.GetPhones(admin.GetPhonesNumber("+17345550100"))
	ok(t, "GetPhones", all.StatResult, err)
	if len(all.Response) != 1 || len(all.Response[0].Users) != 1 || all.Response[0].Users[0].Username != "test1" {
		t.Errorf("GetPhones = %+v", all.Response)
	}
	delayed := create(t, s, "/admin/v1/phones", url.Values{"number": {"+17345550111"}, "predelay": {"1"}}, "phone_id")
	one, err := c.GetPhone(delayed)
	ok(t, "GetPhone", one.StatResult, err)
	gone, err := c.DeletePhone(delayed)
	ok(t, "DeletePhone", *gone, err)
	token := create(t, s, "/admin/v1/tokens", url.Values{"type": {"t6"}, "serial": {"7"}, "secret": {"00ff"}}, "token_id")
	given, err := c.AssociateUserToken(u.ID, token)
	ok(t, "AssociateUserToken", given.StatResult, err)
	tokens, err := c.GetTokens(admin.GetTokensTypeAndSerial("t6", "7"))
	ok(t, "GetTokens", tokens.StatResult, err)
	if len(tokens.Response) != 1 || tokens.Response[0].TokenID != token {
		t.Errorf("GetTokens = %+v", tokens.Response)
	}
	his, err := c.GetUserTokens(u.ID)
	ok(t, "GetUserTokens", his.StatResult, err)
	single, err := c.GetToken(token)
	ok(t, "GetToken", single.StatResult, err)
	group := addGroup(t, s, "Ops")
	groups, err := c.GetGroups()
	ok(t, "GetGroups", groups.StatResult, err)
	g, err := c.GetGroup(group)
	ok(t, "GetGroup", g.StatResult, err)
	if len(groups.Response) != 1 || g.Response.Name != "Ops" {
		t.Errorf("groups = %+v, %+v", groups.Response, g.Response)
	}
	u2f, err := c.GetU2FTokens()
	ok(t, "GetU2FTokens", u2f.StatResult, err)
}

// The library goes on until there is no next_offset.
func TestLibraryPaging(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.AddUsers(1049, func(i int) duotest.User { return duotest.User{Name: fmt.Sprintf("user%04d", i)} })
	c := libraryAdmin(s)
	users, err := c.GetUsers()
	ok(t, "GetUsers", users.StatResult, err)
	if len(users.Response) != 1050 {
		t.Errorf("GetUsers = %d users", len(users.Response))
	}
	some, err := c.GetUsers(admin.Limit(50), admin.Offset(1000))
	ok(t, "GetUsers", some.StatResult, err)
	if len(some.Response) != 50 {
		t.Errorf("GetUsers = %d users", len(some.Response))
	}
	named, err := c.GetUsers(admin.GetUsersUsername("user0007"))
	ok(t, "GetUsers", named.StatResult, err)
	if len(named.Response) != 1 {
		t.Errorf("GetUsers = %+v", named.Response)
	}
}

func TestLibraryLogs(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, login := libraryAdmin(s), libraryAuth(s)
	for range 5 {
		got, err := login.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"))
		ok(t, "Auth", got.StatResult, err)
	}
	from, window := time.Now().Add(-time.Hour), 2*time.Hour
	limit := func(v *url.Values) { v.Set("limit", "2") }
	next, seen := func(*url.Values) {}, 0
	for next != nil {
		page, err := c.GetAuthLogs(from, window, limit, next)
		ok(t, "GetAuthLogs", page.StatResult, err)
		seen += len(page.Response.Logs)
		next = page.Response.Metadata.GetNextOffset()
	}
	if seen != 5 {
		t.Errorf("GetAuthLogs = %d entries", seen)
	}
	addGroup(t, s, "Ops")
	changes, err := c.GetAdminLogs(from)
	ok(t, "GetAdminLogs", changes.StatResult, err)
	if len(changes.Logs) != 1 || changes.Logs[0]["action"] != "group_create" {
		t.Errorf("GetAdminLogs = %v", changes.Logs)
	}
	if at, err := changes.Logs[0].Timestamp(); err != nil || time.Since(at) > time.Hour {
		t.Errorf("Timestamp = %v, %v", at, err)
	}
	calls, err := c.GetTelephonyLogs(from)
	ok(t, "GetTelephonyLogs", calls.StatResult, err)
}

func TestLibraryRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.Credentials()
	for name, tc := range map[string]struct {
		key, secret string
		code        int32
	}{
		"wrong key":    {"DI0000000000000000XX", k.AuthSecret, 40102},
		"wrong secret": {k.AuthKey, k.AdminSecret, 40103},
		"wrong type":   {k.AdminKey, k.AdminSecret, 40301},
	} {
		got, err := authapi.NewAuthApi(*library(s, s.APIHost, tc.key, tc.secret)).Check()
		if err != nil || got.Code == nil || *got.Code != tc.code {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// Parameters of a DELETE are signed by the library and not sent.
	resp, _, err := library(s, s.APIHost, k.AdminKey, k.AdminSecret).SignedCall("DELETE", "/admin/v1/users/DUX", url.Values{"a": {"b"}})
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("DELETE with parameters: %v, %v", resp, err)
	}
	// Version 5 sends them.
	resp, _, err = library(s, s.APIHost, k.AdminKey, k.AdminSecret).JSONSignedCall("DELETE", "/admin/v1/users/DUX", duoapi.JSONParams{"a": "b"})
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("DELETE in version 5: %v, %v", resp, err)
	}
}

func TestLibraryAccounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.Credentials()
	child, err := s.AddAccount(duotest.Child{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(*duoapi.DuoApi) (*http.Response, []byte, error){
		"version 2": func(c *duoapi.DuoApi) (*http.Response, []byte, error) {
			return c.SignedCall("POST", "/admin/v1/users", url.Values{"account_id": {child.ID()}, "username": {"two"}})
		},
		"version 5": func(c *duoapi.DuoApi) (*http.Response, []byte, error) {
			return c.JSONSignedCall("POST", "/admin/v1/users", duoapi.JSONParams{"account_id": child.ID(), "username": "five"})
		},
	} {
		resp, body, err := call(library(s, child.APIHost(), k.AccountsKey, k.AccountsSecret))
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", name, body, err)
		}
	}
	if child.CountUsers() != 2 {
		t.Errorf("%d users", child.CountUsers())
	}
}
