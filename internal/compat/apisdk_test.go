package compat_test

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"testing"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"

	"mfaserver/duoclient/duotest"
)

// officialAPI is Duo's own API client, told to trust the simulator.
func officialAPI(t *testing.T, s *duotest.Server, key, secret string) duoapi.DuoApi {
	t.Helper()
	var used *http.Transport
	api := duoapi.NewDuoApi(key, secret, s.APIHost, "compat", duoapi.SetTransport(func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: s.CA().Pool(), MinVersion: tls.VersionTLS12}
		used = tr
	}))
	t.Cleanup(func() { used.CloseIdleConnections() })
	return *api
}

func simulator(t *testing.T) *duotest.Server {
	t.Helper()
	s, err := duotest.NewServer(duotest.Config{Auto: duotest.Approve})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Duo's client drives the simulator's Auth API unchanged.
func TestOfficialAuthAPI(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	k := s.Credentials()
	api := authapi.NewAuthApi(officialAPI(t, s, k.AuthKey, k.AuthSecret))
	if r, err := api.Ping(); err != nil || r.Stat != "OK" {
		t.Errorf("Ping = %+v, %v", r, err)
	}
	if r, err := api.Check(); err != nil || r.Stat != "OK" {
		t.Errorf("Check = %+v, %v", r, err)
	}
	pre, err := api.Preauth(authapi.PreauthUsername("test1"))
	if err != nil || pre.Response.Result != "auth" || len(pre.Response.Devices) != 1 {
		t.Fatalf("Preauth = %+v, %v", pre, err)
	}
	push, err := api.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"))
	if err != nil || push.Response.Result != "allow" {
		t.Errorf("Auth push = %+v, %v", push, err)
	}
	later, err := api.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"), authapi.AuthAsync())
	if err != nil || later.Response.Txid == "" {
		t.Fatalf("Auth async = %+v, %v", later, err)
	}
	result := "waiting"
	for range 10 {
		st, err := api.AuthStatus(later.Response.Txid)
		if err != nil {
			t.Fatal(err)
		}
		if result = st.Response.Result; result != "waiting" {
			break
		}
	}
	if result != "allow" {
		t.Errorf("AuthStatus ended with %q, want allow", result)
	}
	enrolled, err := api.Enroll(authapi.EnrollUsername("newcomer"))
	if err != nil || enrolled.Stat != "OK" {
		t.Fatalf("Enroll = %+v, %v", enrolled, err)
	}
	if st, err := api.EnrollStatus(enrolled.Response.User_Id, enrolled.Response.Activation_Code); err != nil || st.Response != "waiting" {
		t.Errorf("EnrollStatus = %+v, %v", st, err)
	}
	wrong := authapi.NewAuthApi(officialAPI(t, s, k.AuthKey, k.AdminSecret))
	if r, err := wrong.Check(); err != nil || r.Code == nil || *r.Code != 40103 {
		t.Errorf("Check with a wrong secret = %+v, %v, want 40103", r, err)
	}
}

// And its Admin API.
func TestOfficialAdminAPI(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	k := s.Credentials()
	api := admin.New(officialAPI(t, s, k.AdminKey, k.AdminSecret))
	made, err := api.CreateUser(url.Values{"username": {"alice"}, "email": {"alice@example.org"}})
	if err != nil || made.Response.Username != "alice" {
		t.Fatalf("CreateUser = %+v, %v", made, err)
	}
	id := made.Response.UserID
	if r, err := api.GetUser(id); err != nil || r.Response.Email != "alice@example.org" {
		t.Errorf("GetUser = %+v, %v", r, err)
	}
	if r, err := api.ModifyUser(id, url.Values{"realname": {"Alice Example"}}); err != nil || r.Stat != "OK" {
		t.Errorf("ModifyUser = %+v, %v", r, err)
	}
	if r, err := api.GetUsers(); err != nil || len(r.Response) != 2 {
		t.Errorf("GetUsers = %+v, %v", r, err)
	}
	if r, err := api.GetUserBypassCodes(id); err != nil || len(r.Response) != 10 {
		t.Errorf("GetUserBypassCodes = %+v, %v; it creates ten", r, err)
	}
	phones, err := api.GetPhones()
	if err != nil || len(phones.Response) != 1 {
		t.Fatalf("GetPhones = %+v, %v", phones, err)
	}
	if r, err := api.GetPhone(phones.Response[0].PhoneID); err != nil || r.Stat != "OK" {
		t.Errorf("GetPhone = %+v, %v", r, err)
	}
	if r, err := api.GetGroups(); err != nil || r.Stat != "OK" {
		t.Errorf("GetGroups = %+v, %v", r, err)
	}
	if r, err := api.DeletePhone(phones.Response[0].PhoneID); err != nil || r.Stat != "OK" {
		t.Errorf("DeletePhone = %+v, %v", r, err)
	}
	if r, err := api.DeleteUser(id); err != nil || r.Stat != "OK" {
		t.Errorf("DeleteUser = %+v, %v", r, err)
	}
	if r, err := api.GetUser(id); err != nil || r.Message == nil || *r.Message != "Resource not found" {
		t.Errorf("GetUser of nobody = %+v, %v, want that it is not found", r, err)
	}
}
