package compat_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"
	"github.com/google/go-cmp/cmp"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/secret"
)

// both are the two libraries, at the same tap.
type both struct {
	*tap

	s         *duotest.Server
	auth      *authapi.AuthApi
	admin     *admin.Client
	ourAuth   *duoclient.Auth
	ourAdmin  *duoclient.Admin
	ours      *duoclient.Accounts
	theirs    *duoapi.DuoApi
	signature duoclient.SignatureVersion
}

func bothAt(t *testing.T, v duoclient.SignatureVersion) *both {
	t.Helper()
	s := start(t)
	k := s.Credentials()
	p := listen(t, s, map[string]string{k.AuthKey: k.AuthSecret, k.AdminKey: k.AdminSecret, k.AccountsKey: k.AccountsSecret})
	ca, err := duoclient.CAPEM(s.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	config := func(key, skey string) duoclient.APIConfig {
		return duoclient.APIConfig{
			IntegrationKey: key, SecretKey: secret.New(skey), APIHost: p.host, CA: ca, Simulator: true, Signature: v,
		}
	}
	b := &both{tap: p, s: s, signature: v}
	b.auth = authapi.NewAuthApi(*library(s, p.host, k.AuthKey, k.AuthSecret))
	b.admin = admin.New(*library(s, p.host, k.AdminKey, k.AdminSecret))
	b.theirs = library(s, p.host, k.AccountsKey, k.AccountsSecret)
	if b.ourAuth, err = duoclient.NewAuth(config(k.AuthKey, k.AuthSecret)); err != nil {
		t.Fatal(err)
	}
	if b.ourAdmin, err = duoclient.NewAdmin(config(k.AdminKey, k.AdminSecret)); err != nil {
		t.Fatal(err)
	}
	if b.ours, err = duoclient.NewAccounts(config(k.AccountsKey, k.AccountsSecret)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.ourAuth.Close)
	t.Cleanup(b.ourAdmin.Close)
	t.Cleanup(b.ours.Close)
	return b
}

// call is the library's generic call of the Accounts API.
func (b *both) call(path string, v url.Values) error {
	if b.signature == duoclient.SignatureV2 {
		_, _, err := b.theirs.SignedCall(http.MethodPost, path, v)
		return err
	}
	members := duoapi.JSONParams{}
	for name := range v {
		members[name] = v.Get(name)
	}
	_, _, err := b.theirs.JSONSignedCall(http.MethodPost, path, members)
	return err
}

// transport is an error that is no answer of the simulator.
func transport(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "tls") || strings.Contains(err.Error(), "connect"))
}

// Both libraries say the same, byte for byte of what is signed, when they sign
// with version 2 as theirs does for its typed calls.
func TestSameRequestsOfEveryCall(t *testing.T) {
	t.Parallel()
	b := bothAt(t, duoclient.SignatureV2)
	u, _ := b.s.User("test1")
	for name, p := range pairs(u) {
		if err := p.theirs(b); transport(err) {
			t.Fatalf("%s: theirs: %v", name, err)
		}
		theirs := b.take(t)
		if err := p.ours(t.Context(), b); transport(err) {
			t.Fatalf("%s: ours: %v", name, err)
		}
		if ours := b.take(t); len(theirs) != 1 || !cmp.Equal(theirs, ours) {
			t.Errorf("%s: (-theirs +ours)\n%s", name, cmp.Diff(theirs, ours))
		}
	}
}

// In version 5 theirs has the generic call alone.
func TestSameRequestsInVersion5(t *testing.T) {
	t.Parallel()
	b := bothAt(t, duoclient.SignatureV5)
	k := b.s.Credentials()
	theirs := library(b.s, b.host, k.AdminKey, k.AdminSecret)
	for name, tc := range map[string]struct {
		method, path string
		params       url.Values
	}{
		"get":        {"GET", "/admin/v1/users", url.Values{"username": {"a+b c~d*e@x.example"}, "email": {"é"}}},
		"get bare":   {"GET", "/admin/v1/info/summary", nil},
		"delete":     {"DELETE", "/admin/v1/users/DUAAAAAAAAAAAAAAAAAA", url.Values{"a": {"b"}}},
		"post":       {"POST", "/admin/v1/users", url.Values{"username": {"zoë <&>"}, "realname": {"First Last"}}},
		"post empty": {"POST", "/admin/v1/phones", nil},
	} {
		members := duoapi.JSONParams{}
		for name := range tc.params {
			members[name] = tc.params.Get(name)
		}
		if _, _, err := theirs.JSONSignedCall(tc.method, tc.path, members); err != nil {
			t.Fatalf("%s: theirs: %v", name, err)
		}
		want := b.take(t)
		if _, err := b.ourAdmin.Call(t.Context(), tc.method, tc.path, tc.params); transport(err) {
			t.Fatalf("%s: ours: %v", name, err)
		}
		got := b.take(t)
		for _, one := range append(slices.Clone(want), got...) {
			if one.Canonical == "" {
				t.Errorf("%s: %s %s is not signed in version 5", name, one.Method, one.Path)
			}
		}
		if len(want) != 1 || !cmp.Equal(want, got) {
			t.Errorf("%s: (-theirs +ours)\n%s", name, cmp.Diff(want, got))
		}
	}
}
