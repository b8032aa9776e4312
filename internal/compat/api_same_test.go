package compat_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"
	"github.com/google/go-cmp/cmp"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/secret"
)

// request is what a signed call is about.
type request struct {
	Method, Path string
	Params       url.Values
	// Canonical is the text that was signed, without the date.
	Canonical string
	// Media is of the body.
	Media string
}

// tap stands in front of the simulator and notes what it is asked.
type tap struct {
	host string
	mu   sync.Mutex
	seen []request
	bad  []string
}

// listen starts a tap. Keys are those whose signatures it holds against the
// canonical texts, which it makes by itself.
func listen(t *testing.T, s *duotest.Server, keys map[string]string) *tap {
	t.Helper()
	out := &tap{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		out.note(r, body, keys)
		s.Handler().ServeHTTP(w, r)
	}))
	cert, err := s.CA().Issue([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	out.host = server.Listener.Addr().String()
	return out
}

func signedParams(v url.Values) string {
	var pairs []string
	for name, values := range v {
		for _, value := range values {
			pairs = append(pairs, strings.ReplaceAll(url.QueryEscape(name)+"="+url.QueryEscape(value), "+", "%20"))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func sum(data []byte) string {
	h := sha512.Sum512(data)
	return hex.EncodeToString(h[:])
}

// note keeps a request with the canonical text that its signature is of.
func (p *tap) note(r *http.Request, body []byte, keys map[string]string) {
	query := r.URL.Query()
	got := request{Method: r.Method, Path: r.URL.Path, Params: query}
	if len(body) > 0 {
		got.Media = r.Header.Get("Content-Type")
	}
	head := strings.Join([]string{r.Method, r.Host, r.URL.EscapedPath()}, "\n")
	signed := query
	if got.Media == "application/x-www-form-urlencoded" {
		signed, _ = url.ParseQuery(string(body)) // checked by its signature
		got.Params = signed
	} else if len(body) > 0 {
		var members map[string]any
		_ = json.Unmarshal(body, &members) // checked by its signature
		for name, value := range members {
			got.Params.Set(name, fmt.Sprint(value))
		}
	}
	key, signature := "", ""
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ")) // likewise
	key, signature, _ = strings.Cut(string(raw), ":")
	for _, text := range []string{
		head + "\n" + signedParams(signed),
		head + "\n" + signedParams(r.URL.Query()) + "\n" + sum(body) + "\n" + sum(nil),
	} {
		mac := hmac.New(sha512.New, []byte(keys[key]))
		mac.Write([]byte(r.Header.Get("Date") + "\n" + text))
		if hex.EncodeToString(mac.Sum(nil)) == signature {
			got.Canonical = text
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if got.Canonical == "" && key != "" {
		p.bad = append(p.bad, r.Method+" "+r.URL.Path)
	}
	p.seen = append(p.seen, got)
}

// take returns what was noted since the last time.
func (p *tap) take(t *testing.T) []request {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.bad) > 0 {
		t.Errorf("signed otherwise: %v", p.bad)
	}
	out := p.seen
	p.seen, p.bad = nil, nil
	return out
}

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

// first asks a sequence for one item, so that one page is fetched.
func first[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		return err
	}
	return nil
}

// pair is the same call in both libraries. Refusals are answers, too: only the
// request counts.
type pair struct {
	theirs func(b *both) error
	ours   func(ctx context.Context, b *both) error
}

// synchronous is what ours, and the Python library, say outright.
func synchronous(v *url.Values) { v.Set("async", "0") }

func pairs(u duotest.User) map[string]pair {
	phone, hourAgo := u.Phones[0].ID, time.Now().Add(-time.Hour).Truncate(time.Second)
	return map[string]pair{
		"auth ping": {
			func(b *both) error { _, err := b.auth.Ping(); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAuth.Ping(ctx); return err },
		},
		"auth check": {
			func(b *both) error { _, err := b.auth.Check(); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAuth.Check(ctx); return err },
		},
		"auth logo": {
			func(b *both) error { _, err := b.auth.Logo(); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAuth.Logo(ctx); return err },
		},
		"auth enroll": {
			func(b *both) error {
				_, err := b.auth.Enroll(authapi.EnrollUsername("né w"), authapi.EnrollValidSeconds(600))
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Enroll(ctx, duoclient.EnrollParams{Username: "né w", Valid: 10 * time.Minute})
				return err
			},
		},
		"auth enroll_status": {
			func(b *both) error { _, err := b.auth.EnrollStatus(u.ID, "duo://x1bTAIQGWXppdi2ctPVn-eA"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.EnrollStatus(ctx, u.ID, "duo://x1bTAIQGWXppdi2ctPVn-eA")
				return err
			},
		},
		"auth preauth": {
			func(b *both) error {
				_, err := b.auth.Preauth(authapi.PreauthUsername("a+b c~d*e@x.example"))
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Preauth(ctx, duoclient.PreauthParams{Username: "a+b c~d*e@x.example"})
				return err
			},
		},
		"auth passcode": {
			func(b *both) error {
				_, err := b.auth.Auth("passcode", authapi.AuthUserId(u.ID), authapi.AuthPasscode("123456"), synchronous)
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Auth(ctx, duoclient.AuthParams{UserID: u.ID, Factor: "passcode", Passcode: secret.New("123456")})
				return err
			},
		},
		"auth push": {
			func(b *both) error {
				_, err := b.auth.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice(phone), authapi.AuthType("Über"),
					authapi.AuthDisplayUsername("A & B"), synchronous)
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Auth(ctx, duoclient.AuthParams{
					Username: "test1", Factor: "push", Device: phone, Type: "Über", DisplayUsername: "A & B",
				})
				return err
			},
		},
		"auth push async": {
			func(b *both) error {
				_, err := b.auth.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"), authapi.AuthAsync())
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.AuthAsync(ctx, duoclient.AuthParams{Username: "test1", Factor: "push", Device: "auto"})
				return err
			},
		},
		"auth auth_status": {
			func(b *both) error { _, err := b.auth.AuthStatus("13eb97f2-9008-42f4-b59b-afc7a5edf6a6"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.AuthStatus(ctx, "13eb97f2-9008-42f4-b59b-afc7a5edf6a6")
				return err
			},
		},
		"users list": {
			func(b *both) error { _, err := b.admin.GetUsers(admin.Limit(300)); return err },
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Users.List(ctx, duoclient.UserFilter{}))
			},
		},
		"users create": {
			func(b *both) error {
				name := "Ä ö"
				u := admin.User{Username: "new", RealName: &name, Email: "n@x.example", Status: "bypass", Notes: "a\nb"}
				_, err := b.admin.CreateUser(u.URLValues())
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Users.Create(ctx, duoclient.UserParams{
					Username: "new", Realname: "Ä ö", Email: "n@x.example", Status: "bypass", Notes: "a\nb",
				})
				return err
			},
		},
		"users get": {
			func(b *both) error { _, err := b.admin.GetUser(u.ID); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAdmin.Users.Get(ctx, u.ID); return err },
		},
		"users update": {
			func(b *both) error { _, err := b.admin.ModifyUser(u.ID, url.Values{"firstname": {"F"}}); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Users.Update(ctx, u.ID, duoclient.UserParams{Firstname: "F"})
				return err
			},
		},
		"users delete": {
			func(b *both) error { _, err := b.admin.DeleteUser("DUAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error { return b.ourAdmin.Users.Delete(ctx, "DUAAAAAAAAAAAAAAAAAA") },
		},
		"users phones": {
			func(b *both) error { _, err := b.admin.GetUserPhones(u.ID, admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Users.Phones(ctx, u.ID)) },
		},
		"users groups": {
			func(b *both) error { _, err := b.admin.GetUserGroups(u.ID, admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Users.Groups(ctx, u.ID)) },
		},
		"users group add": {
			func(b *both) error {
				_, err := b.admin.AssociateGroupWithUser(u.ID, "DGAAAAAAAAAAAAAAAAAA")
				return err
			},
			func(ctx context.Context, b *both) error {
				return b.ourAdmin.Users.AddGroup(ctx, u.ID, "DGAAAAAAAAAAAAAAAAAA")
			},
		},
		"users group remove": {
			func(b *both) error {
				_, err := b.admin.DisassociateGroupFromUser(u.ID, "DGAAAAAAAAAAAAAAAAAA")
				return err
			},
			func(ctx context.Context, b *both) error {
				return b.ourAdmin.Users.RemoveGroup(ctx, u.ID, "DGAAAAAAAAAAAAAAAAAA")
			},
		},
		"users tokens": {
			func(b *both) error { _, err := b.admin.GetUserTokens(u.ID, admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Users.Tokens(ctx, u.ID)) },
		},
		"users token add": {
			func(b *both) error { _, err := b.admin.AssociateUserToken(u.ID, "DHAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error {
				return b.ourAdmin.Users.AddToken(ctx, u.ID, "DHAAAAAAAAAAAAAAAAAA")
			},
		},
		"bypass create": {
			func(b *both) error {
				_, err := b.admin.GetUserBypassCodes(u.ID, func(v *url.Values) {
					v.Set("count", "2")
					v.Set("valid_secs", "3600")
					v.Set("preserve_existing", "true")
				})
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Users.CreateBypassCodes(ctx, u.ID, duoclient.BypassParams{
					Count: 2, Valid: time.Hour, PreserveExisting: true,
				})
				return err
			},
		},
		"groups list": {
			func(b *both) error { _, err := b.admin.GetGroups(admin.Limit(100)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Groups.List(ctx)) },
		},
		"groups get": {
			func(b *both) error { _, err := b.admin.GetGroup("DGAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Groups.Get(ctx, "DGAAAAAAAAAAAAAAAAAA")
				return err
			},
		},
		"phones list": {
			func(b *both) error {
				_, err := b.admin.GetPhones(admin.Limit(500), admin.GetPhonesNumber("+17345550100"))
				return err
			},
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Phones.List(ctx, duoclient.PhoneFilter{Number: "+17345550100"}))
			},
		},
		"phones get": {
			func(b *both) error { _, err := b.admin.GetPhone(phone); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAdmin.Phones.Get(ctx, phone); return err },
		},
		"phones delete": {
			func(b *both) error { _, err := b.admin.DeletePhone("DPAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error { return b.ourAdmin.Phones.Delete(ctx, "DPAAAAAAAAAAAAAAAAAA") },
		},
		"tokens list": {
			func(b *both) error { _, err := b.admin.GetTokens(admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Tokens.List(ctx, duoclient.TokenFilter{}))
			},
		},
		"tokens get": {
			func(b *both) error { _, err := b.admin.GetToken("DHAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Tokens.Get(ctx, "DHAAAAAAAAAAAAAAAAAA")
				return err
			},
		},
		"logs authentication": {
			func(b *both) error {
				_, err := b.admin.GetAuthLogs(hourAgo, time.Hour, func(v *url.Values) {
					v.Set("limit", "1000")
					v.Set("sort", "ts:desc")
				})
				return err
			},
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Logs.Authentication(ctx, duoclient.AuthLogFilter{
					From: hourAgo, To: hourAgo.Add(time.Hour),
				}))
			},
		},
		"logs administrator": {
			func(b *both) error { _, err := b.admin.GetAdminLogs(hourAgo); return err },
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Logs.Administrator(ctx, hourAgo))
			},
		},
		"accounts list": {
			func(b *both) error { return b.call("/accounts/v1/account/list", nil) },
			func(ctx context.Context, b *both) error { _, err := b.ours.List(ctx); return err },
		},
		"accounts create": {
			func(b *both) error { return b.call("/accounts/v1/account/create", url.Values{"name": {"A & Ö"}}) },
			func(ctx context.Context, b *both) error { _, err := b.ours.Create(ctx, "A & Ö"); return err },
		},
	}
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
